"""Rows of ``audit_log``: who did what to whom. Written in the transaction that did it, never changed."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.ids import AccountId, IdSource, UserId
from fedorg.store.tables import audit_log


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
