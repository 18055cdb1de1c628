"""What local accounts hold about an account that moved: page by page, for whoever carries it over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Connection

from fedorg.ids import AccountId, ListId
from fedorg.store.tables import account_notes, accounts, blocks, list_accounts, lists, mutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A mute of the account that moved."""

    account_id: AccountId
    notifications: bool
    expires_at: datetime | None


def list_blockers(conn: Connection, target_id: AccountId, after: AccountId, limit: int) -> list[AccountId]:
    """Local accounts that block an account, by id."""
    rows = conn.execute(_held(blocks.c.account_id, blocks.c.target_id, target_id, after, limit))
    return [AccountId(row.account_id) for row in rows]


def list_mutes(conn: Connection, target_id: AccountId, after: AccountId, limit: int, now: datetime) -> list[Mute]:
    """How local accounts mute an account at present, by their ids."""
    statement = _held(mutes.c.account_id, mutes.c.target_id, target_id, after, limit).where(
        sa.or_(mutes.c.expires_at.is_(None), mutes.c.expires_at > now)
    )
    rows = conn.execute(statement.add_columns(mutes.c.notifications, mutes.c.expires_at))
    return [
        Mute(account_id=AccountId(row.account_id), notifications=row.notifications, expires_at=row.expires_at)
        for row in rows
    ]


def list_notes(conn: Connection, target_id: AccountId, after: AccountId, limit: int) -> list[tuple[AccountId, str]]:
    """(who, note) of what local accounts noted about an account, by their ids."""
    statement = _held(account_notes.c.account_id, account_notes.c.target_id, target_id, after, limit)
    return [
        (AccountId(row.account_id), row.comment) for row in conn.execute(statement.add_columns(account_notes.c.comment))
    ]


def is_held(conn: Connection, target_id: AccountId, now: datetime) -> bool:
    """Whether a local account blocks or mutes an account, or noted something about it."""
    first = AccountId(0)
    return bool(
        list_blockers(conn, target_id, first, 1)
        or list_mutes(conn, target_id, first, 1, now)
        or list_notes(conn, target_id, first, 1)
    )


def lists_holding(conn: Connection, owner_id: AccountId, member_id: AccountId) -> list[ListId]:
    """The lists of an account that somebody is in."""
    statement = (
        sa.select(lists.c.id)
        .join(list_accounts, list_accounts.c.list_id == lists.c.id)
        .where(lists.c.account_id == owner_id, list_accounts.c.account_id == member_id)
    )
    return [ListId(number) for number in conn.execute(statement).scalars()]


def _held(holder: Column[int], held: Column[int], target_id: AccountId, after: AccountId, limit: int) -> sa.Select[Any]:
    return (
        sa.select(holder.label("account_id"))
        .join(accounts, accounts.c.id == holder)
        .where(held == target_id, holder > after, accounts.c.domain.is_(None))
        .order_by(holder)
        .limit(limit)
    )
