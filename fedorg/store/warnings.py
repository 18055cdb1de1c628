"""Rows of ``account_warnings``."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.moderation import AccountWarning, WarningAction
from fedorg.ids import AccountId, ReportId, UserId, WarningId
from fedorg.store.tables import account_warnings


def insert(conn: Connection, warning: AccountWarning) -> None:
    """Add a strike."""
    conn.execute(sa.insert(account_warnings), asdict(warning) | {"action": warning.action.value})


def list_by_ids(conn: Connection, ids: Collection[int]) -> dict[WarningId, AccountWarning]:
    """The strikes that exist among ``ids``."""
    if not ids:
        return {}
    rows = conn.execute(sa.select(account_warnings).where(account_warnings.c.id.in_(ids)))
    return {warning.id: warning for warning in map(_warning, rows)}


def delete_before(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` strikes given before a moment; how many there were."""
    stale = sa.select(account_warnings.c.id).where(account_warnings.c.created_at < before).limit(limit)
    return conn.execute(sa.delete(account_warnings).where(account_warnings.c.id.in_(stale))).rowcount


def _warning(row: sa.Row[Any]) -> AccountWarning:
    return AccountWarning(
        id=WarningId(row.id),
        target_account_id=AccountId(row.target_account_id),
        action=WarningAction(row.action),
        text=row.text,
        report_id=None if row.report_id is None else ReportId(row.report_id),
        user_id=None if row.user_id is None else UserId(row.user_id),
        created_at=row.created_at,
    )
