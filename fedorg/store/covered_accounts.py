"""Accounts of servers that administrators made a rule about, and of those below them: how they stand."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.ids import AccountId
from fedorg.store.peer_rules import is_covered
from fedorg.store.tables import accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a rule about a server does to an account of it."""

    suspended_at: datetime | None
    silenced_at: datetime | None
    media_rejected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """An account by the names of its server: the one it lives on, and the one in its handle."""

    id: AccountId
    peer: str
    domain: str
    marks: Marks


def list_after(conn: Connection, domain: str, after: AccountId, limit: int) -> list[AccountId]:
    """Accounts that are not deleted, by id from ``after`` on; no index helps to find them."""
    statement = (
        sa.select(accounts.c.id)
        .where(
            accounts.c.id > after,
            accounts.c.domain.is_not(None),
            accounts.c.deleted_at.is_(None),
            sa.or_(is_covered(accounts.c.peer, domain), is_covered(accounts.c.domain, domain)),
        )
        .order_by(accounts.c.id)
        .limit(limit)
    )
    return [AccountId(one) for one in conn.execute(statement).scalars()]


def hold(conn: Connection, ids: Collection[AccountId]) -> list[Covered]:
    """Those of some accounts that are still there, as they stand until this transaction ends.

    A moderator who decides about one of them at this moment comes before or after.
    """
    statement = (
        sa.select(
            accounts.c.id,
            accounts.c.peer,
            accounts.c.domain,
            accounts.c.suspended_at,
            accounts.c.silenced_at,
            accounts.c.media_rejected,
        )
        .where(accounts.c.id.in_(ids), accounts.c.deleted_at.is_(None), accounts.c.domain.is_not(None))
        .order_by(accounts.c.id)
        .with_for_update(key_share=True)
    )
    return [
        Covered(
            id=AccountId(row.id),
            peer=row.peer,
            domain=row.domain,
            marks=Marks(suspended_at=row.suspended_at, silenced_at=row.silenced_at, media_rejected=row.media_rejected),
        )
        for row in conn.execute(statement)
    ]


def mark(conn: Connection, ids: Collection[AccountId], marks: Marks) -> None:
    """Let accounts stand so."""
    conn.execute(
        sa.update(accounts)
        .where(accounts.c.id.in_(ids))
        .values(suspended_at=marks.suspended_at, silenced_at=marks.silenced_at, media_rejected=marks.media_rejected)
    )
