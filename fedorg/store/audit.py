"""Rows of ``audit_log``: who did what to whom. Written in the transaction that did it, never changed."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.moderation import AuditLine
from fedorg.ids import AccountId, IdSource, UserId
from fedorg.store.tables import audit_log, users


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


def list_lines(
    conn: Connection, *, action: str, by: str, target: str, since: datetime | None, limit: int
) -> list[AuditLine]:
    """Lines, newest first; ``action`` is the beginning of one, empty filters do not matter."""
    statement = sa.select(audit_log, users.c.username).outerjoin(users, users.c.id == audit_log.c.user_id)
    if action:
        statement = statement.where(audit_log.c.action.startswith(action, autoescape=True))
    if by:
        statement = statement.where(users.c.username == by)
    if target:
        statement = statement.where(audit_log.c.target == target)
    if since is not None:
        statement = statement.where(audit_log.c.created_at >= since)
    return [
        AuditLine(
            id=row.id,
            action=row.action,
            by=row.username,
            target=row.target,
            details=row.details,
            created_at=row.created_at,
        )
        for row in conn.execute(statement.order_by(audit_log.c.id.desc()).limit(limit))
    ]


def delete_before(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` lines written before a moment; how many there were."""
    stale = sa.select(audit_log.c.id).where(audit_log.c.created_at < before).limit(limit)
    return conn.execute(sa.delete(audit_log).where(audit_log.c.id.in_(stale))).rowcount
