"""Old statuses of others that nobody here had to do with: forgotten thread by thread, and fetched again when wanted.

A thread stays as long as one status of it is of this node, of a sibling or newer than the horizon (written, boosted or
fetched since), or somebody here favourited, boosted, quoted or bookmarked it, voted in it, was named in it or reported
it. What goes leaves no tombstone and changes no count of what stays, but for the boosts of a status.

Threads are looked for by reads, since a stranger's may be of any length, and go a few statuses at a time. One that
somebody here takes up just then stays, though what stood around it may be gone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.statuses import Status
from fedorg.ids import at
from fedorg.store import cursors, peers, remains
from fedorg.store.statuses import leave_rows
from fedorg.store.tables import (
    accounts,
    bookmarks,
    favourites,
    late_arrivals,
    mentions,
    pins,
    poll_votes,
    polls,
    quotes,
    reports,
    statuses,
)
from fedorg.store.upsert import insert_ignore

CURSOR: Final = "remote statuses"
_LATE: Final = timedelta(days=1)
# Reports name up to a hundred statuses each, and an engine takes so many parameters and no more.
_REPORTED: Final = 500
_one: Final = statuses.alias("one")
_other: Final = statuses.alias("other")
_author: Final = accounts.alias("author")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one step looked at: how many statuses, where the next step begins, and the threads that nobody holds."""

    looked_at: int
    then: int
    threads: tuple[int, ...]


def look(conn: Connection, before: datetime, limit: int, reported: Collection[int]) -> Look:
    """Look at the next ``limit`` statuses of others from before a moment, for threads that nobody holds.

    Each step goes on where the one before ended. Fewer looked at than ``limit`` is the end, and the next begins anew.
    """
    horizon = at(before)
    statement = (
        sa.select(statuses.c.id, statuses.c.thread_id)
        .where(~statuses.c.is_local, statuses.c.id > cursors.position(conn, CURSOR), statuses.c.id < horizon)
        .order_by(statuses.c.id)
        .limit(limit)
    )
    rows = conn.execute(statement).all()
    threads = {row.thread_id for row in rows}.difference(reported)
    free = tuple(sorted(threads - _held(conn, threads, before))) if threads else ()
    return Look(looked_at=len(rows), then=rows[-1].id if len(rows) == limit else 0, threads=free)


def reported_threads(conn: Connection) -> set[int]:
    """The threads of what reports speak of that nobody has resolved."""
    rows = conn.execute(sa.select(reports.c.status_ids).where(reports.c.resolved_at.is_(None))).scalars()
    ids = sorted({int(number) for numbers in rows for number in numbers})
    threads: set[int] = set()
    for start in range(0, len(ids), _REPORTED):
        some = sa.select(statuses.c.thread_id).where(statuses.c.id.in_(ids[start : start + _REPORTED]))
        threads.update(conn.execute(some).scalars())
    return threads


def list_statuses(conn: Connection, threads: Collection[int], after: int, limit: int) -> list[int]:
    """The ids of up to ``limit`` statuses of some threads, in their order, from ``after`` on."""
    statement = sa.select(statuses.c.id).where(statuses.c.thread_id.in_(threads), statuses.c.id > after)
    return list(conn.execute(statement.order_by(statuses.c.id).limit(limit)).scalars())


def forget(
    conn: Connection, before: datetime, ids: Collection[int], limit: int, *, reported_from: datetime
) -> tuple[int, bool]:
    """Forget those of a few statuses that nobody holds now; how many rows went, and whether there is more to do.

    What was reported before ``reported_from`` is not among them, as ``look`` sees to. Boosts would go with what they
    boost, however many they are: up to ``limit`` of them go first, and all else later. Where much refers to what goes
    it is gone at once, so that nobody takes it up meanwhile, and then taken away a part at a time.
    """
    free = sa.select(_one.c.id).join(_author, _author.c.id == _one.c.account_id).where(~_is_held(conn, before))
    # Locked first: whoever takes one up at this moment is seen by the second look, or finds it gone.
    locked = free.where(_one.c.id.in_(ids)).with_for_update(of=_one, skip_locked=True)
    free = free.where(_one.c.id.in_(conn.execute(locked).scalars().all()))
    lately = _reported_since(conn, reported_from)
    going = [found for found in conn.execute(free).scalars() if found not in lately]
    boosts = conn.execute(sa.select(statuses.c.id).where(statuses.c.reblog_of_id.in_(going)).limit(limit))
    first = boosts.scalars().all()
    some = first or going
    if some and remains.count(conn, some, remains.TOGETHER + 1) > remains.TOGETHER:
        _count_no_more(conn, going)
        leave_rows(conn, going)
        remains.take(conn, some, remains.TOGETHER)
        return 0, True
    return _delete(conn, some), bool(first)


def note_arrival(conn: Connection, now: datetime, status: Status) -> None:
    """A status of somebody else has come; one that is old already is kept from now on as a new one is."""
    if status.created_at < now - _LATE:
        insert_ignore(conn, late_arrivals, [{"status_id": status.id, "received_at": now}])


def _held(conn: Connection, threads: Collection[int], before: datetime) -> set[int]:
    """Those of the threads that somebody here has to do with."""
    statement = (
        sa.select(_one.c.thread_id)
        .join(_author, _author.c.id == _one.c.account_id)
        .where(_one.c.thread_id.in_(threads), _is_held(conn, before))
        .distinct()
    )
    return set(conn.execute(statement).scalars())


def _is_held(conn: Connection, before: datetime) -> ColumnElement[bool]:
    horizon = at(before)
    return sa.or_(
        _one.c.is_local,
        _one.c.id >= horizon,
        sa.exists().where(late_arrivals.c.status_id == _one.c.id, late_arrivals.c.received_at >= before),
        sa.exists().where(_other.c.reblog_of_id == _one.c.id, _other.c.id >= horizon),
        # A member's is NULL, which would be neither held nor free.
        sa.func.coalesce(_author.c.peer, "").in_(peers.list_siblings(conn)),
        *_ties(),
    )


def _ties() -> list[ColumnElement[bool]]:
    mine = accounts.alias("mine")

    def by_one_of_ours(table: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:  # noqa: ANN401 - a table or an alias of one
        return sa.exists().where(*conditions, mine.c.id == table.c.account_id, mine.c.domain.is_(None))

    return [
        sa.exists().where(bookmarks.c.status_id == _one.c.id),
        sa.exists().where(pins.c.status_id == _one.c.id),
        by_one_of_ours(favourites, favourites.c.status_id == _one.c.id),
        by_one_of_ours(mentions, mentions.c.status_id == _one.c.id),
        by_one_of_ours(_other, _other.c.reblog_of_id == _one.c.id),
        by_one_of_ours(quotes, quotes.c.quoted_status_id == _one.c.id),
        by_one_of_ours(poll_votes, polls.c.status_id == _one.c.id, poll_votes.c.poll_id == polls.c.id),
        # A boost of something here is a part of what is counted here.
        sa.exists().where(_other.c.id == _one.c.reblog_of_id, _other.c.is_local),
    ]


def _reported_since(conn: Connection, moment: datetime) -> set[int]:
    rows = conn.execute(sa.select(reports.c.status_ids).where(reports.c.id >= at(moment))).scalars()
    return {int(number) for numbers in rows for number in numbers}


def _delete(conn: Connection, ids: Collection[int]) -> int:
    if not ids:
        return 0
    _count_no_more(conn, ids)
    return conn.execute(sa.delete(statuses).where(statuses.c.id.in_(ids))).rowcount


def _count_no_more(conn: Connection, ids: Collection[int]) -> None:
    """Of those that are boosts."""
    is_free = statuses.c.id.in_(ids)
    for reblog_of_id, many in conn.execute(
        sa.select(statuses.c.reblog_of_id, sa.func.count())
        .where(is_free, statuses.c.reblog_of_id.is_not(None))
        .group_by(statuses.c.reblog_of_id)
    ).tuples():
        left = sa.case((statuses.c.reblogs_count > many, statuses.c.reblogs_count - many), else_=0)
        conn.execute(sa.update(statuses).where(statuses.c.id == reblog_of_id).values(reblogs_count=left))
