"""Notifications of an account: read, dismissed, counted. They are made where what they tell of is done."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.notifications import Notification, NotificationType, NotificationView
from fedorg.domain.statuses import PageQuery, TimelineName
from fedorg.errors import NotFound
from fedorg.ids import AccountId, NotificationId, ReportId
from fedorg.node import Node
from fedorg.store import accounts, markers, notifications, reports, views

_OWN_TIMELINE: Final[tuple[TimelineName, ...]] = ("notifications",)


async def list_notifications(
    node: Node,
    account_id: AccountId,
    page: PageQuery,
    *,
    types: Collection[NotificationType] = (),
    exclude_types: Collection[NotificationType] = (),
    from_account_id: AccountId | None = None,
) -> list[NotificationView]:
    """What happened to an account, newest first; empty ``types`` means all."""

    def unit(conn: Connection) -> list[NotificationView]:
        rows = notifications.list_of_account(
            conn,
            account_id,
            page,
            types=types,
            exclude_types=exclude_types,
            from_account_id=from_account_id,
        )
        return _with_companions(conn, node.now(), account_id, rows)

    return await node.read(unit)


async def get(node: Node, account_id: AccountId, notification_id: NotificationId) -> NotificationView:
    """One notification of the account; ``NotFound`` for anybody else's."""

    def unit(conn: Connection) -> NotificationView:
        found = _with_companions(conn, node.now(), account_id, [notifications.get(conn, account_id, notification_id)])
        if not found:
            raise NotFound
        return found[0]

    return await node.read(unit)


async def dismiss(node: Node, account_id: AccountId, notification_id: NotificationId) -> None:
    """Remove one of the account's own; ``NotFound`` for anybody else's."""
    await node.write(notifications.delete, account_id, notification_id)


async def clear(node: Node, account_id: AccountId) -> None:
    """Remove all."""
    await node.write(notifications.clear, account_id)


async def count_unread(
    node: Node,
    account_id: AccountId,
    limit: int,
    *,
    types: Collection[NotificationType] = (),
    exclude_types: Collection[NotificationType] = (),
    from_account_id: AccountId | None = None,
) -> int:
    """How many are newer than the account's marker, at most ``limit``; empty ``types`` means all."""

    def unit(conn: Connection) -> int:
        read = markers.list_of_account(conn, account_id, _OWN_TIMELINE)
        return notifications.count_after(
            conn,
            account_id,
            read[0].last_read_id if read else 0,
            limit,
            types=types,
            exclude_types=exclude_types,
            from_account_id=from_account_id,
        )

    return await node.read(unit)


def _with_companions(
    conn: Connection, now: datetime, account_id: AccountId, rows: list[Notification]
) -> list[NotificationView]:
    """What the account may see no longer, and what comes from suspended accounts, is left out."""
    people = accounts.list_by_ids(conn, {row.from_account_id for row in rows})
    ids = list({row.status_id: None for row in rows if row.status_id is not None})
    loaded = {view.status.id: view for view in views.load_views(conn, now, account_id, ids)}
    told = [row.origin for row in rows if row.type is NotificationType.ADMIN_REPORT]
    found = reports.views(conn, list(reports.list_by_ids(conn, told).values())) if told else []
    reported = {view.report.id: view for view in found}
    return [
        NotificationView(
            notification=row,
            account=people[row.from_account_id],
            status=None if row.status_id is None else loaded[row.status_id],
            report=reported.get(ReportId(row.origin)) if row.type is NotificationType.ADMIN_REPORT else None,
        )
        for row in rows
        if (row.status_id is None or row.status_id in loaded)
        and (row.type is not NotificationType.ADMIN_REPORT or row.origin in reported)
        # Somebody who waits for approval counts as suspended, and staff must hear of them all the same.
        and (people[row.from_account_id].suspended_at is None or row.type is NotificationType.ADMIN_SIGN_UP)
    ]
