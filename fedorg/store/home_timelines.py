"""Rows of ``home_timeline``: written when a status is distributed (``services.fanout``), and for whom."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.relationships import FollowState
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import Visibility
from fedorg.ids import ID_MAX, AccountId, StatusId, at, moment_of
from fedorg.store import lists, narrowing
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import (
    account_domain_blocks,
    accounts,
    blocks,
    follows,
    home_removals,
    home_timeline,
    mutes,
    statuses,
)
from fedorg.store.upsert import insert_ignore, insert_new, upsert
from fedorg.store.written import Written

MERGED_MAX: Final = 100
# A status boosted by several comes once to a home timeline, and to a list, within this time.
ONCE_WITHIN: Final = timedelta(days=1)


_LOCAL_FOLLOWERS: Final = Prepared(
    sa.select(follows.c.account_id, follows.c.show_reblogs, follows.c.notify, follows.c.languages)
    .join(accounts, accounts.c.id == follows.c.account_id)
    .where(
        follows.c.target_id == sa.bindparam("author_id"),
        follows.c.state == FollowState.ACCEPTED.value,
        follows.c.account_id > sa.bindparam("after"),
        accounts.c.domain.is_(None),
    )
    .order_by(follows.c.account_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .with_for_update(read=True, key_share=True, of=(follows, accounts))
)
_HOLD: Final = Prepared(
    sa.select(accounts.c.id)
    .where(accounts.c.id.in_(many("receivers")))
    .order_by(accounts.c.id)
    .with_for_update(read=True, key_share=True)
)
_HOLD_OFF: Final = Prepared(
    sa.select(accounts.c.id).where(accounts.c.id == sa.bindparam("account_id")).with_for_update()
)
_AVERSE: Final = Prepared(
    sa.union(
        sa.select(blocks.c.account_id).where(
            blocks.c.account_id.in_(many("receivers")), blocks.c.target_id.in_(many("concerned"))
        ),
        sa.select(blocks.c.target_id).where(
            blocks.c.target_id.in_(many("receivers")), blocks.c.account_id.in_(many("authors"))
        ),
        sa.select(mutes.c.account_id).where(
            mutes.c.account_id.in_(many("receivers")),
            mutes.c.target_id.in_(many("concerned")),
            sa.or_(mutes.c.expires_at.is_(None), mutes.c.expires_at > sa.bindparam("now")),
        ),
        sa.select(account_domain_blocks.c.account_id)
        .join(
            accounts,
            sa.or_(
                accounts.c.domain == account_domain_blocks.c.domain, accounts.c.peer == account_domain_blocks.c.domain
            ),
        )
        .where(account_domain_blocks.c.account_id.in_(many("receivers")), accounts.c.id.in_(many("concerned"))),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFollower:
    """A follower of this node, and how it follows."""

    account_id: AccountId
    show_reblogs: bool
    notify: bool
    languages: tuple[str, ...]


def insert_home(conn: Connection, receivers: Collection[AccountId], status: Status) -> list[AccountId]:
    """Put a status on home timelines; those on which it is new."""
    rows = [
        {"account_id": receiver, "status_id": status.id, "author_id": status.account_id}
        for receiver in sorted(receivers)
    ]
    return [AccountId(one) for one in insert_new(conn, home_timeline, rows, returning="account_id")]


def insert_for_lists(conn: Connection, receivers: Collection[AccountId], status: Status) -> list[AccountId]:
    """Keep a status for lists only, of those on whose home timelines its like stands; those for whom it is new."""
    rows = [
        {"account_id": receiver, "status_id": status.id, "author_id": status.account_id, "lists_only": True}
        for receiver in sorted(receivers)
    ]
    return [AccountId(one) for one in insert_new(conn, home_timeline, rows, returning="account_id")]


def holders(conn: Connection, status_id: StatusId) -> list[AccountId]:
    """On whose home timelines a status stands, itself or boosted."""
    itself = sa.select(statuses.c.id).where(statuses.c.id == status_id)
    boosts = sa.select(statuses.c.id).where(statuses.c.reblog_of_id == status_id)
    statement = (
        sa.select(home_timeline.c.account_id)
        .where(home_timeline.c.status_id.in_(sa.union_all(itself, boosts)))
        .distinct()
    )
    return [AccountId(one) for one in conn.execute(statement).scalars()]


def take(conn: Connection, ids: Collection[StatusId], limit: int) -> list[tuple[AccountId, StatusId]]:
    """Take up to ``limit`` rows with these statuses off home timelines; whose, and which status."""
    key = home_timeline.c.account_id, home_timeline.c.status_id
    some = sa.select(*key).where(home_timeline.c.status_id.in_(ids)).limit(limit)
    rows = conn.execute(sa.delete(home_timeline).where(sa.tuple_(*key).in_(some)).returning(*key))
    return [(AccountId(row.account_id), StatusId(row.status_id)) for row in rows]


def remove_author(conn: Connection, account_id: AccountId, author_id: AccountId, until: StatusId, limit: int) -> bool:
    """Take what an account posted and boosted, and boosts of it, off a home timeline; whether more is left.

    It is gone from every page at once. Of what it posted the latest ``limit`` are looked at, the rest by
    ``remove_more``. What others boost of it after ``until`` stays.
    """
    below = _remove_some(conn, account_id, author_id, ID_MAX, until, limit)
    if below is None:
        return False
    row = {"account_id": account_id, "author_id": author_id, "below": below, "until": until}
    upsert(conn, home_removals, row, key=("account_id", "author_id"))
    return True


def remove_more(conn: Connection, account_id: AccountId, author_id: AccountId, limit: int) -> bool:
    """Likewise the next; nothing is left when the author is back in sight meanwhile."""
    own = home_removals.c.account_id == account_id, home_removals.c.author_id == author_id
    statement = sa.select(home_removals.c.below, home_removals.c.until).where(*own).with_for_update()
    left = conn.execute(statement).one_or_none()
    if left is None:
        return False
    below = _remove_some(conn, account_id, author_id, left.below, left.until, limit)
    rest = sa.delete(home_removals) if below is None else sa.update(home_removals).values(below=below)
    conn.execute(rest.where(*own))
    return below is not None


def is_leaving(account_id: AccountId | ColumnElement[Any], entry: sa.FromClause) -> ColumnElement[bool]:
    """A row of ``home_timeline`` that ``remove_more`` will take away."""
    leaving, status, original = home_removals.alias("leaving"), statuses.alias("boost"), statuses.alias("boosted")
    is_boost = sa.exists().where(
        entry.c.status_id <= leaving.c.until,
        status.c.id == entry.c.status_id,
        original.c.id == status.c.reblog_of_id,
        original.c.account_id == leaving.c.author_id,
        original.c.id < leaving.c.below,
    )
    is_own = sa.and_(entry.c.author_id == leaving.c.author_id, entry.c.status_id < leaving.c.below)
    return sa.exists().where(leaving.c.account_id == account_id, sa.or_(is_own, is_boost.correlate(entry, leaving)))


def list_of_domain(
    conn: Connection, account_id: AccountId, domain: str, below: StatusId, limit: int
) -> tuple[list[StatusId], StatusId | None]:
    """What of the next ``limit`` on a home timeline somebody on a server posted, or boosts one of theirs, newest first.

    A server goes by the domain of handles or by its own. Where the rest begins, None at the end.
    """
    boost, original = statuses.alias("boost"), statuses.alias("original")
    author, boosted = accounts.alias("author"), accounts.alias("boosted")
    is_theirs = sa.or_(*(one.c[name] == domain for one in (author, boosted) for name in ("domain", "peer")))
    statement = (
        sa.select(home_timeline.c.status_id, sa.func.coalesce(is_theirs, sa.false()).label("is_theirs"))
        .join(author, author.c.id == home_timeline.c.author_id)
        .join(boost, boost.c.id == home_timeline.c.status_id)
        .outerjoin(original, original.c.id == boost.c.reblog_of_id)
        .outerjoin(boosted, boosted.c.id == original.c.account_id)
        .where(home_timeline.c.account_id == account_id, home_timeline.c.status_id < below)
        .order_by(home_timeline.c.status_id.desc())
        .limit(limit)
    )
    rows = conn.execute(statement).all()
    rest = StatusId(rows[-1].status_id) if len(rows) == limit else None
    return [StatusId(row.status_id) for row in rows if row.is_theirs], rest


def remove(conn: Connection, account_id: AccountId, ids: Collection[StatusId]) -> None:
    """Take statuses off a home timeline."""
    own = sa.delete(home_timeline).where(home_timeline.c.account_id == account_id)
    conn.execute(own.where(home_timeline.c.status_id.in_(ids)))


def _remove_some(
    conn: Connection, account_id: AccountId, author_id: AccountId, below: int, until: int, limit: int
) -> StatusId | None:
    """Remove by the next of what somebody posted; where the rest begins, None when that was all."""
    posted = sa.select(statuses.c.id).where(statuses.c.account_id == author_id, statuses.c.id < below)
    ids = list(conn.execute(posted.order_by(statuses.c.id.desc()).limit(limit)).scalars())
    boosts = sa.select(statuses.c.id).where(statuses.c.reblog_of_id.in_(ids), statuses.c.id <= until)
    own = sa.delete(home_timeline).where(home_timeline.c.account_id == account_id)
    for some in (ids, boosts):
        conn.execute(own.where(home_timeline.c.status_id.in_(some)))
    return StatusId(ids[-1]) if len(ids) == limit else None


def merge_author(conn: Connection, account_id: AccountId, author_id: AccountId, now: datetime) -> None:
    """Put the latest of an account that is followed from now on, and seen again, on a home timeline.

    What was still to leave it stays, unless the account is muted.
    """
    _stay().run(conn, {"reader": account_id, "author": author_id, "now": now})
    latest = _latest_to_merge().rows(conn, account_id=account_id, author_id=author_id, now=now, limit=MERGED_MAX)
    rows = [{"account_id": account_id, "status_id": row.id, "author_id": author_id} for row in latest]
    insert_ignore(conn, home_timeline, rows)


@cache
def _stay() -> Written:
    leaving = home_removals.c
    reader = sa.bindparam("reader", type_=leaving.account_id.type)
    now = sa.bindparam("now", type_=mutes.c.expires_at.type)
    is_muted = narrowing.is_muted_by(reader, leaving.author_id, now)
    still = leaving.account_id == reader, leaving.author_id == sa.bindparam("author")
    return Written(sa.delete(home_removals).where(*still, ~is_muted))


@cache
def _latest_to_merge() -> Prepared:
    account_id, author_id, now = (
        sa.bindparam(name, type_=kind.type)
        for name, kind in (
            ("account_id", follows.c.account_id),
            ("author_id", follows.c.target_id),
            ("now", statuses.c.created_at),
        )
    )
    follows_answered = sa.exists().where(
        follows.c.account_id == account_id,
        follows.c.target_id == statuses.c.in_reply_to_account_id,
        follows.c.state == FollowState.ACCEPTED.value,
    )
    original = statuses.alias("original")
    is_boost_unwanted = sa.exists().where(
        original.c.id == statuses.c.reblog_of_id,
        sa.or_(
            narrowing.is_blocked_with(account_id, original.c.account_id),
            narrowing.is_muted_by(account_id, original.c.account_id, now),
        ),
    )
    return Prepared(
        sa.select(statuses.c.id)
        .where(
            statuses.c.account_id == author_id,
            statuses.c.visibility != Visibility.DIRECT.value,
            narrowing.visible_to(account_id),
            sa.or_(
                statuses.c.in_reply_to_uri.is_(None),
                statuses.c.in_reply_to_account_id == author_id,
                statuses.c.in_reply_to_account_id == account_id,
                follows_answered,
            ),
            ~is_boost_unwanted,
            ~narrowing.is_muted_by(account_id, statuses.c.account_id, now),
        )
        .order_by(statuses.c.id.desc())
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


def forget_before(conn: Connection, before: datetime, limit: int) -> int:
    """Take up to ``limit`` statuses older than a moment off home timelines; how many rows that were."""
    place = sa.tuple_(home_timeline.c.account_id, home_timeline.c.status_id)
    stale = (
        sa.select(home_timeline.c.account_id, home_timeline.c.status_id)
        .where(home_timeline.c.status_id < at(before))
        .limit(limit)
    )
    return conn.execute(sa.delete(home_timeline).where(place.in_(stale))).rowcount


# Who receives what


def list_local_followers(conn: Connection, author_id: AccountId, after: AccountId, limit: int) -> list[LocalFollower]:
    """Accepted followers of this node by id, from ``after`` on; held, as by ``hold_receivers``, with their follows."""
    return [
        LocalFollower(
            account_id=row.account_id,
            show_reblogs=row.show_reblogs,
            notify=row.notify,
            languages=tuple(row.languages),
        )
        for row in _LOCAL_FOLLOWERS.rows(conn, author_id=author_id, after=after, limit=limit)
    ]


def hold_receivers(conn: Connection, receivers: Collection[AccountId]) -> None:
    """Keep ``hold_off`` waiting until this transaction ends; whoever called that before is waited for."""
    if receivers:
        _HOLD.rows(conn, receivers=receivers)


def hold_off(conn: Connection, account_id: AccountId) -> None:
    """Nothing comes to a home timeline before this transaction ends; what is just coming to it is waited for."""
    _HOLD_OFF.rows(conn, account_id=account_id)


def list_averse(
    conn: Connection,
    receivers: Collection[AccountId],
    now: datetime,
    *,
    concerned: Collection[AccountId],
    authors: Collection[AccountId],
) -> frozenset[AccountId]:
    """Receivers that block, mute or shut out (by server) one of ``concerned``, or are blocked by one of ``authors``."""
    if not receivers or not concerned:
        return frozenset()
    # Each list of a statement has one length.
    longest = max(len(receivers), len(concerned), len(authors))
    lists_ = {"receivers": receivers, "concerned": concerned, "authors": authors or (AccountId(0),)}
    asked = {name: [*given, *([next(iter(given))] * (longest - len(given)))] for name, given in lists_.items()}
    return frozenset(row[0] for row in _AVERSE.rows(conn, now=now, **asked))


def list_following(conn: Connection, receivers: Collection[AccountId], target_id: AccountId) -> frozenset[AccountId]:
    """Receivers that follow ``target_id``, accepted."""
    statement = sa.select(follows.c.account_id).where(
        follows.c.account_id.in_(receivers),
        follows.c.target_id == target_id,
        follows.c.state == FollowState.ACCEPTED.value,
    )
    return frozenset(conn.execute(statement).scalars())


def list_having(conn: Connection, receivers: Collection[AccountId], boost: Status) -> frozenset[AccountId]:
    """Receivers on whose home timeline the boosted status stands already, itself or boosted by another, lately.

    What an exclusive list keeps off it does not stand there.
    """
    since = at(moment_of(boost.id) - ONCE_WITHIN)
    statement = (
        sa.select(home_timeline.c.account_id)
        .join(statuses, statuses.c.id == home_timeline.c.status_id)
        .where(
            home_timeline.c.account_id.in_(receivers),
            home_timeline.c.status_id > since,
            home_timeline.c.status_id != boost.id,
            home_timeline.c.lists_only.is_(sa.false()),
            ~lists.is_kept_off_home(home_timeline.c.account_id, home_timeline.c.author_id),
            ~is_leaving(home_timeline.c.account_id, home_timeline),
            sa.or_(statuses.c.id == boost.reblog_of_id, statuses.c.reblog_of_id == boost.reblog_of_id),
        )
    )
    return frozenset(conn.execute(statement).scalars())
