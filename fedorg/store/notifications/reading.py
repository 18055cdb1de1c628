"""Rows of ``notifications``: found, counted, taken back and forgotten."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.notifications import Notification, NotificationQuery, NotificationType
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.ids import AccountId, NotificationId, StatusId, at
from fedorg.store import paging
from fedorg.store.beside import beside
from fedorg.store.notifications import requests
from fedorg.store.tables import accounts as accounts_table
from fedorg.store.tables import notifications, statuses


def list_of_account(
    conn: Connection, account_id: AccountId, page: PageQuery, query: NotificationQuery
) -> list[Notification]:
    """A page of what an account asks for."""
    if query.from_account_id is None:
        rows: Sequence[Any] = _page_of(query).rows(conn, page, account_id=account_id)
    else:
        (everything,) = asked_for(account_id, query)
        rows = paging.rows_of(conn, everything, notifications.c.id, page)
    return [from_row(row) for row in rows]


@lru_cache(maxsize=64)
def _page_of(query: NotificationQuery) -> paging.PreparedPage:
    owner = sa.bindparam("account_id", type_=sa.BigInteger)
    first, *others = asked_for(owner, query)
    return paging.PreparedPage(first, notifications.c.id, *others)


def asked_for(account_id: AccountId | ColumnElement[Any], query: NotificationQuery) -> list[sa.Select[Any]]:
    """What an account asks for, a statement for each kind where it asks by kinds: some of them may be rare."""
    everything = sa.select(notifications).where(*selected(notifications, account_id, query))
    if query.from_account_id is not None or not (query.types or query.exclude_types):
        return [everything]
    wanted = query.types or tuple(NotificationType)
    asked = [one for one in NotificationType if one in wanted and one not in query.exclude_types]
    plain = sa.select(notifications).where(
        *selected(notifications, account_id, replace(query, types=(), exclude_types=()))
    )
    return [plain.where(notifications.c.type == one.value) for one in asked] or [everything]


def selected(
    rows: sa.FromClause, account_id: AccountId | ColumnElement[Any], query: NotificationQuery
) -> tuple[ColumnElement[bool], ...]:
    """What holds for the rows of ``notifications``, or of an alias of it, that an account asks for.

    What suspended accounts caused is left out; but somebody who waits for approval counts as suspended, and staff must
    hear of them all the same. So is what tells of a status that is gone: there may be tens of thousands of those.
    """
    # What one account caused is found among that.
    owner = rows.c.account_id if query.from_account_id is None else beside(rows.c.account_id)
    conditions = [
        owner == account_id,
        sa.or_(
            rows.c.type == NotificationType.ADMIN_SIGN_UP.value,
            ~sa.exists().where(
                accounts_table.c.id == rows.c.from_account_id, accounts_table.c.suspended_at.is_not(None)
            ),
        ),
        # One look for each row: PostgreSQL would make a join of what exists, and walk all statuses.
        sa.select(statuses.c.is_gone).where(statuses.c.id == rows.c.status_id).scalar_subquery().is_not(sa.true()),
    ]
    if not query.include_filtered:
        conditions.append(~rows.c.filtered)
    if query.types:
        conditions.append(beside(rows.c.type).in_([one.value for one in query.types]))
    if query.exclude_types:
        conditions.append(rows.c.type.not_in([one.value for one in query.exclude_types]))
    if query.from_account_id is not None:
        conditions.append(rows.c.from_account_id == query.from_account_id)
    return tuple(conditions)


def get(conn: Connection, account_id: AccountId, notification_id: NotificationId) -> Notification:
    """One of the account's own; ``NotFound`` for anybody else's (S45)."""
    row = conn.execute(
        sa.select(notifications).where(notifications.c.id == notification_id, notifications.c.account_id == account_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return from_row(row)


def is_told(conn: Connection, account_id: AccountId, type_: NotificationType, origin: int) -> bool:
    """Whether an account has a notification of something."""
    found = sa.exists().where(
        notifications.c.account_id == account_id,
        notifications.c.type == type_.value,
        notifications.c.origin == origin,
    )
    return bool(conn.execute(sa.select(found)).scalar())


def delete(conn: Connection, account_id: AccountId, notification_id: NotificationId) -> None:
    """Remove one of the account's own; ``NotFound`` for anybody else's."""
    statement = sa.delete(notifications).where(
        notifications.c.id == notification_id, notifications.c.account_id == account_id
    )
    if not conn.execute(statement).rowcount:
        raise NotFound


def clear(conn: Connection, account_id: AccountId, until: NotificationId, limit: int) -> bool:
    """Remove the newest ``limit`` of an account up to one, and with the last of them whatever waits for a yes.

    Whether more may be left.
    """
    own = notifications.c.account_id == account_id, notifications.c.id <= until
    newest = sa.select(notifications.c.id).where(*own).order_by(notifications.c.id.desc()).limit(limit)
    if conn.execute(sa.delete(notifications).where(notifications.c.id.in_(newest))).rowcount == limit:
        return True
    requests.forget(conn, account_id)
    return False


def withdraw(conn: Connection, *, type_: NotificationType, by: AccountId, origin: int) -> None:
    """What ``by`` did and was told of is undone."""
    conn.execute(
        sa.delete(notifications).where(
            notifications.c.from_account_id == by,
            notifications.c.type == type_.value,
            notifications.c.origin == origin,
        )
    )


def withdraw_of(
    conn: Connection, account_id: AccountId, types: Collection[NotificationType], by: AccountId, origin: int
) -> None:
    """Remove what an account was told of something that does not concern it any more."""
    conn.execute(
        sa.delete(notifications).where(
            notifications.c.account_id == account_id,
            notifications.c.from_account_id == by,
            notifications.c.type.in_([one.value for one in types]),
            notifications.c.origin == origin,
        )
    )


def withdraw_older_updates(
    conn: Connection, status_id: StatusId, type_: NotificationType, origin: int, limit: int
) -> int:
    """Of several edits of a status only the last one is told: remove up to ``limit`` of others; how many there were."""
    older = (
        sa.select(notifications.c.id)
        .where(
            notifications.c.status_id == status_id,
            notifications.c.type == type_.value,
            notifications.c.origin < origin,
        )
        .limit(limit)
    )
    return conn.execute(sa.delete(notifications).where(notifications.c.id.in_(older))).rowcount


def delete_from(conn: Connection, account_id: AccountId, by: AccountId) -> None:
    """Remove what an account was told of another."""
    conn.execute(
        sa.delete(notifications).where(notifications.c.account_id == account_id, notifications.c.from_account_id == by)
    )
    requests.forget(conn, account_id, by)


def list_from_domain(
    conn: Connection, account_id: AccountId, domain: str, below: NotificationId, limit: int
) -> tuple[list[NotificationId], NotificationId | None]:
    """What of the next ``limit`` that an account was told somebody of a server caused, waiting or not, newest first.

    Where the rest begins, None at the end.
    """
    is_theirs = sa.or_(accounts_table.c.domain == domain, accounts_table.c.peer == domain)
    statement = (
        sa.select(notifications.c.id, sa.func.coalesce(is_theirs, sa.false()).label("is_theirs"))
        .join(accounts_table, accounts_table.c.id == notifications.c.from_account_id)
        .where(notifications.c.account_id == account_id, notifications.c.id < below)
        .order_by(notifications.c.id.desc())
        .limit(limit)
    )
    rows = conn.execute(statement).all()
    rest = NotificationId(rows[-1].id) if len(rows) == limit else None
    return [NotificationId(row.id) for row in rows if row.is_theirs], rest


def delete_some(conn: Connection, account_id: AccountId, ids: Collection[NotificationId]) -> None:
    """Remove some of an account's own."""
    own = sa.delete(notifications).where(notifications.c.account_id == account_id)
    conn.execute(own.where(notifications.c.id.in_(ids)))


def delete_types(conn: Connection, account_id: AccountId, types: Collection[NotificationType]) -> None:
    """Remove all of some types that an account was told."""
    own = sa.delete(notifications).where(notifications.c.account_id == account_id)
    conn.execute(own.where(notifications.c.type.in_([one.value for one in types])))


def count_after(conn: Connection, account_id: AccountId, after: int, limit: int, query: NotificationQuery) -> int:
    """How many of what an account asks for are newer than ``after``, counted no further than ``limit``."""
    return paging.count(conn, limit, *(one.where(notifications.c.id > after) for one in asked_for(account_id, query)))


def delete_before(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` notifications made before a moment; how many there were."""
    stale = sa.select(notifications.c.id).where(notifications.c.id < at(before)).limit(limit)
    return conn.execute(sa.delete(notifications).where(notifications.c.id.in_(stale))).rowcount


def from_row(row: sa.Row[Any]) -> Notification:
    """The notification in a row of the table."""
    return Notification(
        id=row.id,
        account_id=row.account_id,
        type=NotificationType(row.type),
        from_account_id=row.from_account_id,
        origin=row.origin,
        status_id=row.status_id,
        group_key=row.group_key,
        filtered=row.filtered,
        created_at=row.created_at,
    )
