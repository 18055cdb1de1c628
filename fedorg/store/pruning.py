"""Old statuses of others that nobody here had to do with: forgotten thread by thread, and fetched again when wanted.

A thread stays as long as one status of it is of this node, of a sibling or newer than the horizon (written, boosted or
fetched since), or somebody here favourited, boosted, quoted or bookmarked it, voted in it, was named in it or reported
it. What goes leaves no tombstone and changes no count of what stays, but for the boosts of a status.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.statuses import Status
from fedorg.ids import at
from fedorg.store import peers
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
    upkeep_cursors,
)
from fedorg.store.upsert import insert_ignore, upsert

_LATE: Final = timedelta(days=1)
_CURSOR: Final = "remote statuses"
_one: Final = statuses.alias("one")
_other: Final = statuses.alias("other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What one step did: how many statuses it looked at, and how many it forgot."""

    looked_at: int
    forgotten: int


def prune(conn: Connection, before: datetime, limit: int) -> Pruned:
    """Look at the next ``limit`` statuses of others from before a moment, and forget those threads nobody holds.

    Each step goes on where the one before ended. Fewer looked at than ``limit`` is the end, and the next begins anew.
    """
    horizon = at(before)
    statement = (
        sa.select(statuses.c.id, statuses.c.thread_id)
        .where(~statuses.c.is_local, statuses.c.id > _position(conn), statuses.c.id < horizon)
        .order_by(statuses.c.id)
        .limit(limit)
    )
    rows = conn.execute(statement).all()
    _go_to(conn, rows[-1].id if len(rows) == limit else 0)
    threads = {row.thread_id for row in rows}
    free = sorted(threads - _held(conn, threads, before)) if threads else []
    return Pruned(looked_at=len(rows), forgotten=_forget(conn, free))


def note_arrival(conn: Connection, now: datetime, status: Status) -> None:
    """A status of somebody else has come; one that is old already is kept from now on as a new one is."""
    if status.created_at < now - _LATE:
        insert_ignore(conn, late_arrivals, [{"status_id": status.id, "received_at": now}])


def _held(conn: Connection, threads: set[int], before: datetime) -> set[int]:
    """Those of the threads that somebody here has to do with."""
    horizon = at(before)
    author = accounts.alias("author")
    is_held = sa.or_(
        _one.c.is_local,
        _one.c.id >= horizon,
        sa.exists().where(late_arrivals.c.status_id == _one.c.id, late_arrivals.c.received_at >= before),
        sa.exists().where(_other.c.reblog_of_id == _one.c.id, _other.c.id >= horizon),
        _one.c.id.in_(_reported(conn)),
        author.c.peer.in_(peers.list_siblings(conn)),
        *_ties(),
    )
    statement = (
        sa.select(_one.c.thread_id)
        .join(author, author.c.id == _one.c.account_id)
        .where(_one.c.thread_id.in_(threads), is_held)
        .distinct()
    )
    return set(conn.execute(statement).scalars())


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


def _reported(conn: Connection) -> list[int]:
    """What reports speak of that nobody has resolved."""
    rows = conn.execute(sa.select(reports.c.status_ids).where(reports.c.resolved_at.is_(None))).scalars()
    return [int(number) for numbers in rows for number in numbers]


def _forget(conn: Connection, threads: list[int]) -> int:
    if not threads:
        return 0
    is_free = statuses.c.thread_id.in_(threads)
    for reblog_of_id, many in conn.execute(
        sa.select(statuses.c.reblog_of_id, sa.func.count())
        .where(is_free, statuses.c.reblog_of_id.is_not(None))
        .group_by(statuses.c.reblog_of_id)
    ).tuples():
        left = sa.case((statuses.c.reblogs_count > many, statuses.c.reblogs_count - many), else_=0)
        conn.execute(sa.update(statuses).where(statuses.c.id == reblog_of_id).values(reblogs_count=left))
    # Boosts of what goes go with it.
    return conn.execute(sa.delete(statuses).where(is_free)).rowcount


def _position(conn: Connection) -> int:
    found = conn.execute(sa.select(upkeep_cursors.c.position).where(upkeep_cursors.c.name == _CURSOR)).scalar()
    return int(found or 0)


def _go_to(conn: Connection, position: int) -> None:
    upsert(conn, upkeep_cursors, {"name": _CURSOR, "position": position}, key=["name"])
