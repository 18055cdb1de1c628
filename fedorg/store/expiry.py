"""Rows whose time is over, deleted in chunks: one function for each table that only logs."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, exists, select, tuple_

from fedorg.store.stale import Stale
from fedorg.store.tables import (
    applications,
    authorization_codes,
    events,
    idempotency_keys,
    sessions,
    sign_in_links,
    tokens,
    tombstones,
)


def delete_events(conn: Connection, before: datetime, limit: int) -> int:
    """Stream events made before a moment."""
    return _delete(conn, events, events.c.id, events.c.created_at < before, limit)


def delete_idempotency_keys(conn: Connection, before: datetime, limit: int) -> int:
    """Idempotency keys used before a moment."""
    place = tuple_(idempotency_keys.c.account_id, idempotency_keys.c.key)
    stale = (
        select(idempotency_keys.c.account_id, idempotency_keys.c.key)
        .where(idempotency_keys.c.created_at < before)
        .limit(limit)
    )
    return conn.execute(delete(idempotency_keys).where(place.in_(stale))).rowcount


def delete_sessions(conn: Connection, before: datetime, limit: int) -> int:
    """Sessions that ended before a moment."""
    return _delete(conn, sessions, sessions.c.id_hash, sessions.c.expires_at < before, limit)


def delete_sign_in_links(conn: Connection, before: datetime, limit: int) -> int:
    """Sign-in links that ended before a moment."""
    return _delete(conn, sign_in_links, sign_in_links.c.token_hash, sign_in_links.c.expires_at < before, limit)


def delete_codes(conn: Connection, before: datetime, limit: int) -> int:
    """Authorization codes that ended before a moment."""
    codes = authorization_codes
    return _delete(conn, codes, codes.c.code_hash, codes.c.expires_at < before, limit)


APPLICATION_TOKENS: Final = Stale(
    tokens.c.id, lambda before: tokens.c.user_id.is_(None) & (tokens.c.created_at < before)
)
"""Tokens of programs, without a person, that were given before a moment: a program asks for a new one."""

APPLICATIONS: Final = Stale(
    applications.c.id,
    lambda before: (
        (applications.c.created_at < before)
        & ~exists().where(tokens.c.application_id == applications.c.id)
        & ~exists().where(authorization_codes.c.application_id == applications.c.id)
    ),
)
"""Programs registered before a moment that hold no token and wait for none."""


def delete_tombstones(conn: Connection, before: datetime, limit: int) -> int:
    """What stays of statuses deleted before a moment."""
    return _delete(conn, tombstones, tombstones.c.uri, tombstones.c.deleted_at < before, limit)


def _delete(conn: Connection, table: Table, key: Column[Any], is_over: ColumnElement[bool], limit: int) -> int:
    return conn.execute(delete(table).where(key.in_(select(key).where(is_over).limit(limit)))).rowcount
