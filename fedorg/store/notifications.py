"""Rows of ``notifications``: made once per cause, never for those who block or mute the one who caused it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.events import EventKind
from fedorg.domain.notifications import Notification, NotificationType
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.ids import AccountId, IdSource, NotificationId, StatusId
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
    rows = {
        NotificationId(ids.next()): {
            "account_id": receiver,
            "type": type_.value,
            "from_account_id": by,
            "origin": origin,
            "status_id": status_id,
            "created_at": now,
        }
        for receiver in receivers
    }
    new = insert_new(conn, notifications, [{"id": number} | row for number, row in rows.items()], returning="id")
    told = [(AccountId(int(str(rows[NotificationId(number)]["account_id"]))), number) for number in sorted(new)]
    events.insert_many(conn, now, EventKind.NOTIFICATION, told)


def list_of_account(
    conn: Connection,
    account_id: AccountId,
    page: PageQuery,
    *,
    types: Collection[NotificationType],
    exclude_types: Collection[NotificationType],
    from_account_id: AccountId | None,
) -> list[Notification]:
    """A page; empty ``types`` means all."""
    statement = sa.select(notifications).where(*_chosen(account_id, types, exclude_types, from_account_id))
    return [_notification(row) for row in paging.rows_of(conn, statement, notifications.c.id, page)]


def get(conn: Connection, account_id: AccountId, notification_id: NotificationId) -> Notification:
    """One of the account's own; ``NotFound`` for anybody else's (S45)."""
    row = conn.execute(
        sa.select(notifications).where(notifications.c.id == notification_id, notifications.c.account_id == account_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return _notification(row)


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


def count_after(
    conn: Connection,
    account_id: AccountId,
    after: int,
    limit: int,
    *,
    types: Collection[NotificationType],
    exclude_types: Collection[NotificationType],
    from_account_id: AccountId | None,
) -> int:
    """How many are newer than ``after``, counted no further than ``limit``; empty ``types`` means all."""
    newer = (
        sa.select(notifications.c.id)
        .where(*_chosen(account_id, types, exclude_types, from_account_id), notifications.c.id > after)
        .limit(limit)
        .subquery()
    )
    return conn.execute(sa.select(sa.func.count()).select_from(newer)).scalar_one()


def _chosen(
    account_id: AccountId,
    types: Collection[NotificationType],
    exclude_types: Collection[NotificationType],
    from_account_id: AccountId | None,
) -> list[sa.ColumnElement[bool]]:
    chosen = [notifications.c.account_id == account_id]
    if types:
        chosen.append(notifications.c.type.in_([one.value for one in types]))
    if exclude_types:
        chosen.append(notifications.c.type.not_in([one.value for one in exclude_types]))
    if from_account_id is not None:
        chosen.append(notifications.c.from_account_id == from_account_id)
    return chosen


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


def _notification(row: sa.Row[Any]) -> Notification:
    return Notification(
        id=row.id,
        account_id=row.account_id,
        type=NotificationType(row.type),
        from_account_id=row.from_account_id,
        origin=row.origin,
        status_id=row.status_id,
        created_at=row.created_at,
    )
