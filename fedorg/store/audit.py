"""Rows of ``audit_log``: who did what to whom. Written in the transaction that did it, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.ids import AccountId, IdSource, UserId
from fedorg.store.tables import audit_log


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line. ``user_id`` None means the command line or the node itself did it."""

    id: int
    action: str
    user_id: UserId | None
    account_id: AccountId | None
    target: str
    details: Mapping[str, str]
    created_at: datetime


def record(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    *,
    action: str,
    target: str,
    user_id: UserId | None = None,
    account_id: AccountId | None = None,
    details: Mapping[str, str] | None = None,
) -> None:
    """Write a line; ``action`` is a name such as ``user.disabled``, ``target`` what it was done to."""
    conn.execute(
        sa.insert(audit_log),
        {
            "id": ids.next(),
            "action": action,
            "user_id": user_id,
            "account_id": account_id,
            "target": target,
            "details": dict(details or {}),
            "created_at": now,
        },
    )


def list_recent(conn: Connection, limit: int) -> list[AuditEntry]:
    """The newest lines first."""
    return [_entry(row) for row in conn.execute(sa.select(audit_log).order_by(audit_log.c.id.desc()).limit(limit))]


def _entry(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        action=row.action,
        user_id=row.user_id,
        account_id=row.account_id,
        target=row.target,
        details=row.details,
        created_at=row.created_at,
    )
