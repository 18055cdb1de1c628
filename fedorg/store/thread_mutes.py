"""Rows of ``thread_mutes``: threads that somebody wants to hear nothing of."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.ids import AccountId, StatusId
from fedorg.store.tables import statuses, thread_mutes
from fedorg.store.upsert import insert_from_ignore, insert_ignore


def insert(conn: Connection, now: datetime, account_id: AccountId, thread_id: StatusId) -> None:
    """Mute a thread; once or twice is the same."""
    insert_ignore(conn, thread_mutes, [{"account_id": account_id, "thread_id": thread_id, "created_at": now}])


def delete(conn: Connection, account_id: AccountId, thread_id: StatusId) -> None:
    """Mute it no more."""
    conn.execute(
        sa.delete(thread_mutes).where(thread_mutes.c.account_id == account_id, thread_mutes.c.thread_id == thread_id)
    )


def is_muted(account: ColumnElement[Any] | AccountId, thread_id: ColumnElement[Any] | StatusId) -> ColumnElement[bool]:
    """``account`` mutes the thread."""
    return sa.exists().where(thread_mutes.c.account_id == account, thread_mutes.c.thread_id == thread_id)


def join(conn: Connection, old: StatusId, new: StatusId) -> None:
    """One thread turned out to be a part of another: who muted it mutes that."""
    moved = sa.select(thread_mutes.c.account_id, sa.literal(new, sa.BigInteger), thread_mutes.c.created_at).where(
        thread_mutes.c.thread_id == old
    )
    insert_from_ignore(conn, thread_mutes, ("account_id", "thread_id", "created_at"), moved)
    conn.execute(sa.delete(thread_mutes).where(thread_mutes.c.thread_id == old))


def delete_ended(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` mutes made before a moment of threads that nothing is left of."""
    place = sa.tuple_(thread_mutes.c.account_id, thread_mutes.c.thread_id)
    stale = (
        sa.select(thread_mutes.c.account_id, thread_mutes.c.thread_id)
        .where(thread_mutes.c.created_at < before, ~sa.exists().where(statuses.c.thread_id == thread_mutes.c.thread_id))
        .limit(limit)
    )
    return conn.execute(sa.delete(thread_mutes).where(place.in_(stale))).rowcount
