"""Rows of ``events``: what streams have to tell, ids only, in the order in which it was committed.

Readers keep the last id they saw. On PostgreSQL ids are given before the commit, so that a reader could step over a
row that is committed late; therefore a transaction that writes events holds a lock until it ends. Write events last.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.events import Event, EventKind
from fedorg.ids import AccountId, EventId
from fedorg.store import changes
from fedorg.store.tables import events
from fedorg.store.written import Written

# Any number that no other advisory lock of this program uses.
_LOCK: Final = sa.text("SELECT pg_advisory_xact_lock(7361001)")
_INSERT: Final = Written(sa.insert(events))
_AFTER: Final = (
    sa.select(events).where(events.c.id > sa.bindparam("after")).order_by(events.c.id).limit(sa.bindparam("limit"))
)


def insert(conn: Connection, now: datetime, kind: EventKind, account_id: AccountId | None, subject_id: int) -> None:
    """Log one event and wake its readers with the commit."""
    insert_many(conn, now, kind, [(account_id, subject_id)])


def insert_many(
    conn: Connection, now: datetime, kind: EventKind, concerned: Sequence[tuple[AccountId | None, int]]
) -> None:
    """Log an event of one kind for each (account, subject)."""
    if not concerned:
        return
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK)
    rows = [
        {"kind": kind.value, "account_id": account_id, "subject_id": subject_id, "created_at": now}
        for account_id, subject_id in concerned
    ]
    _INSERT.run(conn, *rows)
    changes.notify(conn)


def list_after(conn: Connection, event_id: EventId, limit: int) -> list[Event]:
    """Up to ``limit`` events that came after ``event_id``, in order."""
    return [
        Event(
            id=EventId(row.id),
            kind=EventKind(row.kind),
            account_id=row.account_id,
            subject_id=row.subject_id,
            created_at=row.created_at,
        )
        for row in conn.execute(_AFTER, {"after": event_id, "limit": limit})
    ]


def last_id(conn: Connection) -> EventId:
    """The newest event; 0 when there is none."""
    return EventId(conn.execute(sa.select(sa.func.coalesce(sa.func.max(events.c.id), 0))).scalar_one())
