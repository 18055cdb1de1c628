"""Rows of ``pins``: what accounts keep at the top of their profiles, the latest pin first."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.ids import AccountId, IdSource, StatusId
from fedorg.store.tables import accounts, pins
from fedorg.store.upsert import insert_ignore


def insert(conn: Connection, *, pin_id: int, account_id: AccountId, status_id: StatusId, now: datetime) -> bool:
    """Pin a status; False when it is pinned already."""
    row = {"id": pin_id, "account_id": account_id, "status_id": status_id, "created_at": now}
    return bool(insert_ignore(conn, pins, [row]))


def delete(conn: Connection, account_id: AccountId, status_id: StatusId) -> bool:
    """Take a pin back; whether there was one."""
    statement = sa.delete(pins).where(pins.c.account_id == account_id, pins.c.status_id == status_id)
    return bool(conn.execute(statement).rowcount)


def is_pinned(conn: Connection, account_id: AccountId, status_id: StatusId) -> bool:
    """Whether an account pinned a status."""
    statement = sa.exists().where(pins.c.account_id == account_id, pins.c.status_id == status_id)
    return bool(conn.execute(sa.select(statement)).scalar())


def list_ids(conn: Connection, account_id: AccountId) -> list[StatusId]:
    """What an account pinned, whoever may see it, held against others that pin for it at the same moment."""
    conn.execute(sa.select(accounts.c.id).where(accounts.c.id == account_id).with_for_update())
    statement = sa.select(pins.c.status_id).where(pins.c.account_id == account_id).order_by(pins.c.id.desc())
    return [StatusId(one) for one in conn.execute(statement).scalars()]


def replace(
    conn: Connection, ids: IdSource, now: datetime, account_id: AccountId, status_ids: Sequence[StatusId]
) -> None:
    """Let an account have pinned exactly these, in this order."""
    if list_ids(conn, account_id) == list(status_ids):
        return
    conn.execute(sa.delete(pins).where(pins.c.account_id == account_id))
    for status_id in reversed(status_ids):
        insert(conn, pin_id=ids.next(), account_id=account_id, status_id=status_id, now=now)
