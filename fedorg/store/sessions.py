"""Rows of ``sessions``: who is signed in with a browser. The cookie's value is kept as a hash only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.ids import UserId
from fedorg.store.tables import sessions

_BY_HASH: Final = sa.select(sessions).where(
    sessions.c.id_hash == sa.bindparam("id_hash"), sessions.c.expires_at > sa.bindparam("now")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is signed in; ``csrf_token`` is what its forms carry."""

    id_hash: str
    user_id: UserId
    csrf_token: str
    created_at: datetime
    expires_at: datetime


def insert(conn: Connection, session: Session) -> None:
    """Add a session."""
    conn.execute(
        sa.insert(sessions),
        {
            "id_hash": session.id_hash,
            "user_id": session.user_id,
            "csrf_token": session.csrf_token,
            "created_at": session.created_at,
            "expires_at": session.expires_at,
        },
    )


def find(conn: Connection, id_hash: str, now: datetime) -> Session | None:
    """The session of a cookie, unless it is over."""
    row = conn.execute(_BY_HASH, {"id_hash": id_hash, "now": now}).one_or_none()
    return None if row is None else _session(row)


def delete(conn: Connection, id_hash: str) -> None:
    """End a session."""
    conn.execute(sa.delete(sessions).where(sessions.c.id_hash == id_hash))


def delete_of_user(conn: Connection, user_id: UserId) -> int:
    """End every session of a user; how many those were."""
    return conn.execute(sa.delete(sessions).where(sessions.c.user_id == user_id)).rowcount


def _session(row: sa.Row[Any]) -> Session:
    return Session(
        id_hash=row.id_hash,
        user_id=row.user_id,
        csrf_token=row.csrf_token,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
