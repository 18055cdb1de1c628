"""Rows of ``trends``: hashtags, statuses and links that many use now, ranked anew every few seconds.

Only public statuses of accounts that are neither suspended nor silenced count, and of those who want to be discovered
where a status itself trends. There are two rankings. That of visitors is made of what has reach public alone, so that
not even a number tells of what stays inside; members see the other one. What is read of the last days is bounded.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Column, Connection

from fedorg.domain.statuses import TagView
from fedorg.domain.trends import LinkView, Trend, TrendKind
from fedorg.domain.visibility import Reach, Visibility
from fedorg.ids import AccountId, CardId, StatusId, at, moment_of
from fedorg.store import cards, domain_blocks, narrowing, reviews, usage
from fedorg.store import tags as tag_rows
from fedorg.store.tables import (
    accounts,
    favourites,
    link_publishers,
    preview_cards,
    status_cards,
    status_reviews,
    status_tags,
    statuses,
    tags,
    trends,
)

ACCOUNTS_MIN: Final = 2
RANKED_MAX: Final = 100
_READ_MAX: Final = 10_000
_WINDOW: Final = timedelta(days=3)
_HALF_LIFE: Final = timedelta(hours=8)
_SUBJECT: Final[dict[TrendKind, Column[int]]] = {
    TrendKind.TAG: tags.c.id,
    TrendKind.STATUS: statuses.c.id,
    TrendKind.LINK: preview_cards.c.id,
}
_IS_OPEN: Final = statuses.c.reach == Reach.PUBLIC.value


def latest(conn: Connection) -> tuple[int, int]:
    """Ids of the latest status and favourite: while they stay the same, little changes in the rankings."""
    newest = [sa.select(sa.func.max(table.c.id)).scalar_subquery() for table in (statuses, favourites)]
    row = conn.execute(sa.select(*newest)).one()
    return row[0] or 0, row[1] or 0


def rank(conn: Connection, now: datetime) -> list[Trend]:
    """The rankings as they are now."""
    return [
        *_rank_used(conn, now, TrendKind.TAG, status_tags.c.tag_id, status_tags.c.status_id),
        *_rank_used(conn, now, TrendKind.LINK, status_cards.c.card_id, status_cards.c.status_id),
        *_rank_statuses(conn, now),
    ]


def replace_all(conn: Connection, ranked: Sequence[Trend]) -> None:
    """Let these be the rankings."""
    conn.execute(sa.delete(trends))
    rows = [
        {
            "kind": one.kind.value,
            "subject_id": one.subject_id,
            "is_open": one.is_open,
            "score": one.score,
            "publisher_id": one.publisher_id,
        }
        for one in ranked
    ]
    if rows:
        conn.execute(sa.insert(trends), rows)


def list_tags(conn: Connection, viewer: AccountId | None, now: datetime, *, limit: int, offset: int) -> list[TagView]:
    """Hashtags that trend for ``viewer``, the strongest first."""
    statement = _ranked(TrendKind.TAG, viewer, tags.c.id, limit=limit, offset=offset).where(reviews.TAG_MAY)
    return tag_rows.views(conn, now, viewer, list(conn.execute(statement).scalars()))


def list_statuses(
    conn: Connection, viewer: AccountId | None, now: datetime, *, limit: int, offset: int
) -> list[StatusId]:
    """Statuses that trend and that ``viewer`` sees and did not shut out, the strongest first."""
    statement = (
        _ranked(TrendKind.STATUS, viewer, statuses.c.id, limit=limit, offset=offset)
        .outerjoin(status_reviews, status_reviews.c.status_id == statuses.c.id)
        .where(narrowing.visible_to(viewer), narrowing.is_author_listed(), reviews.STATUS_MAY)
    )
    if viewer is not None:
        statement = statement.where(
            ~narrowing.is_muted_by(viewer, statuses.c.account_id, now),
            ~domain_blocks.is_shut_out(viewer, statuses.c.account_id),
        )
    return [StatusId(one) for one in conn.execute(statement).scalars()]


def list_links(conn: Connection, viewer: AccountId | None, now: datetime, *, limit: int, offset: int) -> list[LinkView]:
    """Pages that trend for ``viewer``, the strongest first."""
    statement = (
        _ranked(TrendKind.LINK, viewer, preview_cards.c.id, limit=limit, offset=offset)
        .outerjoin(link_publishers, link_publishers.c.id == trends.c.publisher_id)
        .where(preview_cards.c.title != "", reviews.LINK_MAY)
    )
    return link_views(conn, viewer, [CardId(one) for one in conn.execute(statement).scalars()], now)


def is_link_trending(conn: Connection, viewer: AccountId | None, card_id: CardId) -> bool:
    """Whether a link trends for ``viewer``."""
    statement = (
        _ranked(TrendKind.LINK, viewer, preview_cards.c.id, limit=1, offset=0)
        .outerjoin(link_publishers, link_publishers.c.id == trends.c.publisher_id)
        .where(preview_cards.c.id == card_id, reviews.LINK_MAY)
    )
    return conn.execute(statement).first() is not None


def was_link_ranked(conn: Connection, card_id: CardId) -> bool:
    """Whether a link stands in a ranking now, or was reviewed when it did."""
    is_ranked = sa.exists().where(trends.c.kind == TrendKind.LINK.value, trends.c.subject_id == card_id)
    is_reviewed = sa.exists().where(preview_cards.c.id == card_id, preview_cards.c.trendable.is_not(None))
    return bool(conn.execute(sa.select(sa.or_(is_ranked, is_reviewed))).scalar())


def list_ranked(conn: Connection, viewer: AccountId, kind: TrendKind, *, limit: int, offset: int) -> list[int]:
    """What stands in the members' ranking and that ``viewer`` sees, whether or not it may be shown in trends."""
    statement = _ranked(kind, viewer, _SUBJECT[kind], limit=limit, offset=offset)
    match kind:
        case TrendKind.STATUS:
            statement = statement.where(narrowing.visible_to(viewer), narrowing.is_author_listed())
        case TrendKind.LINK:
            statement = statement.where(preview_cards.c.title != "")
        case TrendKind.TAG:
            pass
    return list(conn.execute(statement).scalars())


def link_views(conn: Connection, viewer: AccountId | None, ids: Sequence[CardId], now: datetime) -> list[LinkView]:
    """Pages that were read, in the order of ``ids``, with their use as ``viewer`` may know it."""
    found = cards.list_by_ids(conn, ids)
    history = usage.history(conn, status_cards.c.card_id, status_cards.c.status_id, ids, now, viewer)
    return [LinkView(card=found[one], history=history[one]) for one in ids if one in found]


def _ranked(
    kind: TrendKind, viewer: AccountId | None, subject: Column[int], *, limit: int, offset: int
) -> sa.Select[Any]:
    return (
        sa.select(subject)
        .join(trends, trends.c.subject_id == subject)
        .where(trends.c.kind == kind.value, trends.c.is_open.is_(viewer is None))
        .order_by(trends.c.score.desc(), trends.c.subject_id.desc())
        .limit(limit)
        .offset(offset)
    )


def _rank_used(
    conn: Connection, now: datetime, kind: TrendKind, subject: Column[int], status_id: Column[int]
) -> list[Trend]:
    """What is used in statuses: each account counts once, by its latest use, and less with every hour."""
    latest_use = sa.func.max(statuses.c.id)
    statement = (
        sa.select(
            subject.label("subject_id"),
            statuses.c.account_id,
            _IS_OPEN.label("is_open"),
            latest_use.label("latest"),
        )
        .join(statuses, statuses.c.id == status_id)
        .where(
            status_id >= at(now - _WINDOW),
            statuses.c.id >= at(now - _WINDOW),
            statuses.c.visibility == Visibility.PUBLIC.value,
            narrowing.is_author_listed(),
        )
        .group_by(subject, statuses.c.account_id, _IS_OPEN)
        .order_by(latest_use.desc())
        .limit(_READ_MAX)
    )
    uses: dict[bool, defaultdict[int, dict[int, int]]] = {True: defaultdict(dict), False: defaultdict(dict)}
    for row in conn.execute(statement):
        # The latest comes first.
        uses[False][row.subject_id].setdefault(row.account_id, row.latest)
        if row.is_open:
            uses[True][row.subject_id].setdefault(row.account_id, row.latest)
    ranked: list[Trend] = []
    for is_open, by_subject in uses.items():
        scored = [
            Trend(kind=kind, subject_id=one, is_open=is_open, score=sum(_weight(use, now) for use in by.values()))
            for one, by in by_subject.items()
            if len(by) >= ACCOUNTS_MIN
        ]
        ranked += _best(scored)
    return ranked


def _rank_statuses(conn: Connection, now: datetime) -> list[Trend]:
    """First statuses of threads that many favourited or boosted; one of each author."""
    liked = statuses.c.favourites_count + statuses.c.reblogs_count
    statement = (
        sa.select(statuses.c.id, statuses.c.account_id, _IS_OPEN.label("is_open"), liked.label("liked"))
        .join(accounts, accounts.c.id == statuses.c.account_id)
        .where(
            statuses.c.id >= at(now - _WINDOW),
            statuses.c.visibility == Visibility.PUBLIC.value,
            statuses.c.reblog_of_id.is_(None),
            statuses.c.in_reply_to_uri.is_(None),
            ~statuses.c.sensitive,
            accounts.c.discoverable,
            accounts.c.suspended_at.is_(None),
            accounts.c.silenced_at.is_(None),
            liked >= ACCOUNTS_MIN,
        )
        .order_by(liked.desc(), statuses.c.id.desc())
        .limit(_READ_MAX)
    )
    ranked: dict[bool, dict[int, Trend]] = {True: {}, False: {}}
    for row in conn.execute(statement):
        score = row.liked * _weight(row.id, now)
        for is_open in (False, True) if row.is_open else (False,):
            best = ranked[is_open].get(row.account_id)
            if best is None or best.score < score:
                ranked[is_open][row.account_id] = Trend(
                    kind=TrendKind.STATUS, subject_id=row.id, is_open=is_open, score=score
                )
    return [one for by_author in ranked.values() for one in _best(by_author.values())]


def _weight(number: int, now: datetime) -> float:
    """1 for what has the id of this moment, half of it after each half-life."""
    return float(0.5 ** (max(now - moment_of(number), timedelta(0)) / _HALF_LIFE))


def _best(scored: Collection[Trend]) -> list[Trend]:
    return sorted(scored, key=lambda one: (-one.score, -one.subject_id))[:RANKED_MAX]
