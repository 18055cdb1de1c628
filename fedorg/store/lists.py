"""Rows of ``lists`` and ``list_accounts``: each list belongs to an account (S45).

A membership hangs on the follow it came with, and goes with it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.accounts import Account
from fedorg.domain.lists import AccountList, RepliesPolicy
from fedorg.domain.pages import Listed
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.ids import AccountId, IdSource, ListId
from fedorg.store import accounts
from fedorg.store.tables import follows, list_accounts, lists
from fedorg.store.upsert import insert_ignore


def list_of_account(conn: Connection, account_id: AccountId) -> list[AccountList]:
    """Every list of an account, the oldest first."""
    statement = sa.select(lists).where(lists.c.account_id == account_id).order_by(lists.c.id)
    return [_list(row) for row in conn.execute(statement)]


def list_holding(conn: Connection, account_id: AccountId, member_id: AccountId) -> list[AccountList]:
    """The lists of an account that ``member_id`` is in."""
    statement = (
        sa.select(lists)
        .join(list_accounts, list_accounts.c.list_id == lists.c.id)
        .where(lists.c.account_id == account_id, list_accounts.c.account_id == member_id)
        .order_by(lists.c.id)
    )
    return [_list(row) for row in conn.execute(statement)]


def get(conn: Connection, account_id: AccountId, list_id: ListId) -> AccountList:
    """A list of the account; ``NotFound`` for anybody else's."""
    row = conn.execute(sa.select(lists).where(lists.c.id == list_id, lists.c.account_id == account_id)).one_or_none()
    if row is None:
        raise NotFound
    return _list(row)


def insert(conn: Connection, now: datetime, one: AccountList) -> None:
    """Add a list without members."""
    conn.execute(sa.insert(lists), _values(one) | {"created_at": now})


def update(conn: Connection, one: AccountList) -> None:
    """Write what a list is called and how it behaves."""
    conn.execute(sa.update(lists).where(lists.c.id == one.id).values(_values(one)))


def delete(conn: Connection, account_id: AccountId, list_id: ListId) -> None:
    """Remove a list of the account; ``NotFound`` for anybody else's."""
    owned = (lists.c.id == list_id, lists.c.account_id == account_id)
    if conn.execute(sa.delete(lists).where(*owned)).rowcount != 1:
        raise NotFound


# Members


def list_members(conn: Connection, list_id: ListId, page: PageQuery) -> list[Listed[Account]]:
    """Who is in a list, the latest first."""
    is_wanted = list_accounts.c.list_id == list_id
    return accounts.list_page(conn, list_accounts.c.id, list_accounts.c.account_id, is_wanted, page)


def count_members(conn: Connection, list_id: ListId) -> int:
    """How many are in a list."""
    return conn.execute(sa.select(sa.func.count()).where(list_accounts.c.list_id == list_id)).scalar_one()


def members_among(conn: Connection, list_id: ListId, ids: Collection[AccountId]) -> frozenset[AccountId]:
    """Which of ``ids`` are in a list."""
    statement = sa.select(list_accounts.c.account_id).where(
        list_accounts.c.list_id == list_id, list_accounts.c.account_id.in_(ids)
    )
    return frozenset(conn.execute(statement).scalars())


def follows_of(conn: Connection, account_id: AccountId, ids: Collection[AccountId]) -> dict[AccountId, int]:
    """The follows and requests of an account towards ``ids``, by account."""
    statement = sa.select(follows.c.target_id, follows.c.id).where(
        follows.c.account_id == account_id, follows.c.target_id.in_(ids)
    )
    return {AccountId(row.target_id): row.id for row in conn.execute(statement)}


def insert_members(
    conn: Connection, ids: IdSource, list_id: ListId, members: Collection[tuple[AccountId, int | None]]
) -> None:
    """Put accounts into a list, each with the follow it hangs on; who is in it already stays."""
    rows = [
        {"id": ids.next(), "list_id": list_id, "account_id": account_id, "follow_id": follow_id}
        for account_id, follow_id in members
    ]
    insert_ignore(conn, list_accounts, rows)


def delete_members(conn: Connection, list_id: ListId, ids: Collection[AccountId]) -> None:
    """Take accounts out of a list."""
    conn.execute(
        sa.delete(list_accounts).where(list_accounts.c.list_id == list_id, list_accounts.c.account_id.in_(ids))
    )


def owners_holding(conn: Connection, owners: Collection[AccountId], member_id: AccountId) -> frozenset[AccountId]:
    """Which of ``owners`` have an account in one of their lists."""
    if not owners:
        return frozenset()
    statement = (
        sa.select(lists.c.account_id)
        .join(list_accounts, list_accounts.c.list_id == lists.c.id)
        .where(lists.c.account_id.in_(owners), list_accounts.c.account_id == member_id)
    )
    return frozenset(conn.execute(statement).scalars())


def is_kept_off_home(account_id: AccountId | ColumnElement[Any], author_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """An author in an exclusive list of the account; nobody keeps themselves away."""
    return sa.and_(
        author_id != account_id,
        sa.exists().where(
            lists.c.id == list_accounts.c.list_id,
            lists.c.account_id == account_id,
            lists.c.exclusive,
            list_accounts.c.account_id == author_id,
        ),
    )


def _list(row: sa.Row[Any]) -> AccountList:
    return AccountList(
        id=ListId(row.id),
        account_id=AccountId(row.account_id),
        title=row.title,
        replies_policy=RepliesPolicy(row.replies_policy),
        exclusive=row.exclusive,
    )


def _values(one: AccountList) -> dict[str, Any]:
    return {
        "id": one.id,
        "account_id": one.account_id,
        "title": one.title,
        "replies_policy": one.replies_policy.value,
        "exclusive": one.exclusive,
    }
