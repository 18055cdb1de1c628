"""Rows of ``notifications``: made once per cause, never for those who block or mute the one who caused it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.events import EventKind
from fedorg.domain.notifications import (
    GROUP_HOURS,
    Notification,
    NotificationQuery,
    NotificationType,
    group_prefix,
    hour_of,
)
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.ids import AccountId, IdSource, NotificationId, StatusId, at
from fedorg.store import domain_blocks, events, paging
from fedorg.store.tables import accounts as accounts_table
from fedorg.store.tables import blocks, mutes, notifications
from fedorg.store.upsert import insert_new


def notify(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    receivers: Collection[AccountId],
    *,
    type_: NotificationType,
    by: AccountId,
    origin: int,
    status_id: StatusId | None = None,
) -> None:
    """Tell each of ``receivers`` that is local and wants to hear of ``by``; telling twice is telling once."""
    willing = sorted(_willing(conn, receivers, by, now))
    _insert(conn, ids, now, willing, type_=type_, by=by, origin=origin, status_id=status_id)


def notify_staff(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    receivers: Collection[AccountId],
    *,
    type_: NotificationType,
    by: AccountId,
    origin: int,
) -> None:
    """Tell those who look after the node, whomever they block or mute, but for what they did themselves."""
    others = sorted(receiver for receiver in receivers if receiver != by)
    _insert(conn, ids, now, others, type_=type_, by=by, origin=origin, status_id=None)


def notify_oneself(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    account_id: AccountId,
    *,
    type_: NotificationType,
    origin: int,
    status_id: StatusId,
) -> None:
    """Tell a local account of what became of its own doing; telling twice is telling once."""
    _insert(conn, ids, now, [account_id], type_=type_, by=account_id, origin=origin, status_id=status_id)


def list_of_account(
    conn: Connection, account_id: AccountId, page: PageQuery, query: NotificationQuery
) -> list[Notification]:
    """A page of what an account asks for."""
    statement = sa.select(notifications).where(*selected(notifications, account_id, query))
    return [from_row(row) for row in paging.rows_of(conn, statement, notifications.c.id, page)]


def selected(rows: sa.FromClause, account_id: AccountId, query: NotificationQuery) -> tuple[ColumnElement[bool], ...]:
    """What holds for the rows of ``notifications``, or of an alias of it, that an account asks for.

    What suspended accounts caused is left out; but somebody who waits for approval counts as suspended, and staff must
    hear of them all the same.
    """
    conditions = [
        rows.c.account_id == account_id,
        sa.or_(
            rows.c.type == NotificationType.ADMIN_SIGN_UP.value,
            ~sa.exists().where(
                accounts_table.c.id == rows.c.from_account_id, accounts_table.c.suspended_at.is_not(None)
            ),
        ),
    ]
    if query.types:
        conditions.append(rows.c.type.in_([one.value for one in query.types]))
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


def delete(conn: Connection, account_id: AccountId, notification_id: NotificationId) -> None:
    """Remove one of the account's own; ``NotFound`` for anybody else's."""
    statement = sa.delete(notifications).where(
        notifications.c.id == notification_id, notifications.c.account_id == account_id
    )
    if not conn.execute(statement).rowcount:
        raise NotFound


def clear(conn: Connection, account_id: AccountId) -> None:
    """Remove all of an account."""
    conn.execute(sa.delete(notifications).where(notifications.c.account_id == account_id))


def withdraw(conn: Connection, *, type_: NotificationType, by: AccountId, origin: int) -> None:
    """What ``by`` did and was told of is undone."""
    conn.execute(
        sa.delete(notifications).where(
            notifications.c.from_account_id == by,
            notifications.c.type == type_.value,
            notifications.c.origin == origin,
        )
    )


def withdraw_older_updates(conn: Connection, status_id: StatusId, type_: NotificationType, origin: int) -> None:
    """Of several edits of a status only the last one is told."""
    conn.execute(
        sa.delete(notifications).where(
            notifications.c.status_id == status_id,
            notifications.c.type == type_.value,
            notifications.c.origin < origin,
        )
    )


def delete_from(conn: Connection, account_id: AccountId, by: AccountId) -> None:
    """Remove what an account was told of another."""
    conn.execute(
        sa.delete(notifications).where(notifications.c.account_id == account_id, notifications.c.from_account_id == by)
    )


def count_after(conn: Connection, account_id: AccountId, after: int, limit: int, query: NotificationQuery) -> int:
    """How many of what an account asks for are newer than ``after``, counted no further than ``limit``."""
    newer = (
        sa.select(notifications.c.id)
        .where(*selected(notifications, account_id, query), notifications.c.id > after)
        .limit(limit)
        .subquery()
    )
    return conn.execute(sa.select(sa.func.count()).select_from(newer)).scalar_one()


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
        created_at=row.created_at,
    )


def _insert(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    receivers: Collection[AccountId],
    *,
    type_: NotificationType,
    by: AccountId,
    origin: int,
    status_id: StatusId | None,
) -> None:
    keys = _group_keys(conn, receivers, now, type_, status_id)
    rows = {
        NotificationId(ids.next()): {
            "account_id": receiver,
            "type": type_.value,
            "from_account_id": by,
            "origin": origin,
            "status_id": status_id,
            "group_key": keys.get(receiver),
            "created_at": now,
        }
        for receiver in receivers
    }
    new = insert_new(conn, notifications, [{"id": number} | row for number, row in rows.items()], returning="id")
    told = [(AccountId(int(str(rows[NotificationId(number)]["account_id"]))), number) for number in sorted(new)]
    events.insert_many(conn, now, EventKind.NOTIFICATION, told)


def _group_keys(
    conn: Connection,
    receivers: Collection[AccountId],
    now: datetime,
    type_: NotificationType,
    status_id: StatusId | None,
) -> dict[AccountId, str]:
    """For each receiver the key of the group that is open, or of a new one; nothing for kinds that stand alone."""
    prefix = group_prefix(type_, status_id)
    if prefix is None or not receivers:
        return {}
    hour = hour_of(now)
    open_keys = [f"{prefix}{one}" for one in range(hour - GROUP_HOURS + 1, hour + 1)]
    statement = (
        sa.select(notifications.c.account_id, sa.func.max(notifications.c.group_key).label("key"))
        .where(notifications.c.account_id.in_(receivers), notifications.c.group_key.in_(open_keys))
        .group_by(notifications.c.account_id)
    )
    found = {row.account_id: row.key for row in conn.execute(statement)}
    return {receiver: found.get(receiver, f"{prefix}{hour}") for receiver in receivers}


def _willing(conn: Connection, receivers: Collection[AccountId], by: AccountId, now: datetime) -> frozenset[AccountId]:
    others = [receiver for receiver in receivers if receiver != by]
    if not others:
        return frozenset()
    account_id = accounts_table.c.id
    statement = sa.select(account_id).where(
        account_id.in_(others),
        accounts_table.c.domain.is_(None),
        ~sa.exists().where(blocks.c.account_id == account_id, blocks.c.target_id == by),
        ~sa.exists().where(blocks.c.account_id == by, blocks.c.target_id == account_id),
        ~sa.exists().where(
            mutes.c.account_id == account_id,
            mutes.c.target_id == by,
            mutes.c.notifications,
            sa.or_(mutes.c.expires_at.is_(None), mutes.c.expires_at > now),
        ),
        ~domain_blocks.is_shut_out(account_id, by),
    )
    return frozenset(conn.execute(statement).scalars())
