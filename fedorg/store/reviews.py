"""What those who look after the node say of what trends: of statuses, of links and of the sites they lead to.

Of hashtags it is said in their own rows (``store.tags``). No word means yes.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.statuses import PageQuery
from fedorg.domain.trends import Publisher, Trend, TrendKind, Verdict
from fedorg.errors import NotFound
from fedorg.ids import CardId, IdSource, StatusId
from fedorg.store import paging
from fedorg.store.tables import link_publishers, preview_cards, status_reviews, tags, trends
from fedorg.store.upsert import insert_ignore, upsert

# What stands in a ranking and may be shown; a link joins its publisher, a status its review, if there is one.
TAG_MAY: Final = sa.and_(tags.c.trendable.is_not(False), tags.c.usable)
STATUS_MAY: Final = status_reviews.c.trendable.is_not(False)
LINK_MAY: Final = sa.func.coalesce(preview_cards.c.trendable, link_publishers.c.trendable, sa.true())


def name_publishers(conn: Connection, ids: IdSource, now: datetime, ranked: Sequence[Trend]) -> list[Trend]:
    """The same rankings with the sites that links lead to; those that are new become rows."""
    wanted = {one.subject_id for one in ranked if one.kind is TrendKind.LINK}
    statement = sa.select(preview_cards.c.id, preview_cards.c.url).where(preview_cards.c.id.in_(wanted))
    hosts = {row.id: host for row in conn.execute(statement) if (host := urlsplit(row.url).hostname) is not None}
    known = _publisher_ids(conn, ids, now, sorted({*hosts.values()}))
    publishers = {card_id: known[host] for card_id, host in hosts.items()}
    return [
        replace(one, publisher_id=publishers.get(one.subject_id)) if one.kind is TrendKind.LINK else one
        for one in ranked
    ]


def list_publishers(conn: Connection, page: PageQuery) -> list[Publisher]:
    """A page of the sites that links which trended lead to, the latest first."""
    return [_publisher(row) for row in paging.rows_of(conn, sa.select(link_publishers), link_publishers.c.id, page)]


def review_publisher(conn: Connection, publisher_id: int, verdict: Verdict, now: datetime) -> Publisher:
    """Say whether links to a site may trend of which nothing else is said; the site as it is then."""
    statement = (
        sa.update(link_publishers)
        .where(link_publishers.c.id == publisher_id)
        .values(trendable=verdict is Verdict.APPROVED, reviewed_at=now)
        .returning(link_publishers)
    )
    row = conn.execute(statement).one_or_none()
    if row is None:
        raise NotFound
    return _publisher(row)


def review_link(conn: Connection, card_id: CardId, verdict: Verdict) -> None:
    """Say whether a link may trend, whatever is said of its site."""
    allowed = verdict is Verdict.APPROVED
    conn.execute(sa.update(preview_cards).where(preview_cards.c.id == card_id).values(trendable=allowed))


def review_status(conn: Connection, status_id: StatusId, verdict: Verdict) -> None:
    """Say whether a status may trend."""
    upsert(
        conn,
        status_reviews,
        {"status_id": status_id, "trendable": verdict is Verdict.APPROVED},
        key=["status_id"],
    )


def reviewed_statuses(conn: Connection, ids: Collection[StatusId]) -> set[StatusId]:
    """Those of which it was said whether they may trend."""
    statement = sa.select(status_reviews.c.status_id).where(status_reviews.c.status_id.in_(ids))
    return {StatusId(one) for one in conn.execute(statement).scalars()}


def reviewed_links(conn: Connection, ids: Collection[CardId]) -> set[CardId]:
    """Those of which, or of whose site, it was said whether they may trend."""
    statement = (
        sa.select(preview_cards.c.id)
        .outerjoin(trends, sa.and_(trends.c.kind == TrendKind.LINK.value, trends.c.subject_id == preview_cards.c.id))
        .outerjoin(link_publishers, link_publishers.c.id == trends.c.publisher_id)
        .where(
            preview_cards.c.id.in_(ids),
            sa.or_(preview_cards.c.trendable.is_not(None), link_publishers.c.trendable.is_not(None)),
        )
    )
    return {CardId(one) for one in conn.execute(statement).scalars()}


def delete_publishers(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` sites met before a moment that nobody said anything of and that nothing leads to now."""
    unknown = (
        sa.select(link_publishers.c.id)
        .where(
            link_publishers.c.created_at < before,
            link_publishers.c.reviewed_at.is_(None),
            ~sa.exists().where(trends.c.publisher_id == link_publishers.c.id),
        )
        .limit(limit)
    )
    return conn.execute(sa.delete(link_publishers).where(link_publishers.c.id.in_(unknown))).rowcount


def _publisher_ids(conn: Connection, ids: IdSource, now: datetime, domains: Sequence[str]) -> dict[str, int]:
    insert_ignore(conn, link_publishers, [{"id": ids.next(), "domain": one, "created_at": now} for one in domains])
    statement = sa.select(link_publishers.c.domain, link_publishers.c.id).where(link_publishers.c.domain.in_(domains))
    return {row.domain: row.id for row in conn.execute(statement)}


def _publisher(row: sa.Row[Any]) -> Publisher:
    return Publisher(id=row.id, domain=row.domain, trendable=row.trendable, reviewed_at=row.reviewed_at)
