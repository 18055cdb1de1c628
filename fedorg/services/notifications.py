"""Notifications of an account: read one by one or in groups, dismissed, counted.

They are made where what they tell of is done. What the account may see no longer is left out; cursors of a page count
in what the page was made of, so that the way goes on behind a page that shows little.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import ADMINISTRATORS, STAFF, Account
from fedorg.domain.featured_collections import FeaturedCollectionView
from fedorg.domain.moderation import AccountWarning
from fedorg.domain.notifications import (
    OF_COLLECTIONS,
    Notification,
    NotificationGroup,
    NotificationGroupView,
    NotificationQuery,
    NotificationType,
    NotificationView,
)
from fedorg.domain.pages import Listed, Page
from fedorg.domain.reports import ReportView
from fedorg.domain.severances import Severance
from fedorg.domain.statuses import PageQuery, StatusView, TimelineName
from fedorg.errors import NotFound
from fedorg.ids import AccountId, CollectionId, NotificationId, ReportId, SeveranceId, StatusId, WarningId
from fedorg.node import Node
from fedorg.store import (
    accounts,
    featured_collections,
    markers,
    notifications,
    reports,
    severances,
    users,
    views,
    warnings,
)
from fedorg.store.notifications import groups

CLEARED_TOGETHER: Final = 500
_OWN_TIMELINE: Final[tuple[TimelineName, ...]] = ("notifications",)
_EVERYTHING: Final = NotificationQuery()


async def list_notifications(
    node: Node, account_id: AccountId, page: PageQuery, query: NotificationQuery = _EVERYTHING
) -> Page[NotificationView]:
    """What happened to an account, newest first."""

    def unit(conn: Connection) -> Page[NotificationView]:
        rows = notifications.list_of_account(conn, account_id, page, query)
        companions = _load(conn, node.now(), account_id, rows)
        shown = tuple(view for row in rows if (view := companions.view(row)) is not None)
        return Page(items=shown, cursors=tuple(row.id for row in rows))

    return await node.read(unit)


async def get(node: Node, account_id: AccountId, notification_id: NotificationId) -> NotificationView:
    """One notification of the account; ``NotFound`` for anybody else's."""

    def unit(conn: Connection) -> NotificationView:
        row = notifications.get(conn, account_id, notification_id)
        view = _load(conn, node.now(), account_id, [row]).view(row)
        if view is None:
            raise NotFound
        return view

    return await node.read(unit)


async def get_told_warning(node: Node, account_id: AccountId, warning_id: WarningId) -> AccountWarning:
    """A strike that the account was told of, while it keeps the notification; ``NotFound`` for any other."""

    def unit(conn: Connection) -> AccountWarning:
        found = warnings.list_by_ids(conn, [warning_id]).get(warning_id)
        if found is None or not notifications.is_told(conn, account_id, _WARNED, warning_id):
            raise NotFound
        return found

    return await node.read(unit)


async def dismiss(node: Node, account_id: AccountId, notification_id: NotificationId) -> None:
    """Remove one of the account's own; ``NotFound`` for anybody else's."""
    await node.write(notifications.delete, account_id, notification_id)


async def clear(node: Node, account_id: AccountId) -> None:
    """Remove all there are, a little at a time."""
    until = NotificationId(node.ids.next())
    while await node.write(notifications.clear, account_id, until, CLEARED_TOGETHER):
        pass


async def count_unread(node: Node, account_id: AccountId, limit: int, query: NotificationQuery = _EVERYTHING) -> int:
    """How many are newer than the account's marker, at most ``limit``."""

    def unit(conn: Connection) -> int:
        return notifications.count_after(conn, account_id, _read_until(conn, account_id), limit, query)

    return await node.read(unit)


# In groups


async def list_groups(
    node: Node,
    account_id: AccountId,
    page: PageQuery,
    query: NotificationQuery,
    grouped: Collection[NotificationType],
) -> Page[NotificationGroupView]:
    """The same in groups; only kinds in ``grouped`` are told as one."""

    def unit(conn: Connection) -> Page[NotificationGroupView]:
        found = groups.list_of_account(conn, account_id, page, query, grouped)
        return Page(
            items=_group_views(conn, node.now(), account_id, found), cursors=tuple(one.newest.id for one in found)
        )

    return await node.read(unit)


async def get_group(node: Node, account_id: AccountId, key: str) -> NotificationGroupView:
    """One group of the account; ``NotFound`` when nothing of it has this key."""

    def unit(conn: Connection) -> NotificationGroupView:
        found = _group_views(conn, node.now(), account_id, [groups.get(conn, account_id, key)])
        if not found:
            raise NotFound
        return found[0]

    return await node.read(unit)


async def list_group_accounts(node: Node, account_id: AccountId, key: str, page: PageQuery) -> list[Listed[Account]]:
    """Who is in a group, the latest first, paged by the notification."""

    def unit(conn: Connection) -> list[Listed[Account]]:
        rows = groups.list_accounts(conn, account_id, key, page)
        people = accounts.list_by_ids(conn, {row.item for row in rows})
        return [Listed(row_id=row.row_id, item=people[row.item]) for row in rows]

    return await node.read(unit)


async def dismiss_group(node: Node, account_id: AccountId, key: str) -> None:
    """Remove a group of the account's own."""
    await node.write(groups.delete, account_id, key)


async def count_unread_groups(
    node: Node,
    account_id: AccountId,
    limit: int,
    query: NotificationQuery,
    grouped: Collection[NotificationType],
) -> int:
    """How many groups hold something newer than the account's marker, at most ``limit``."""

    def unit(conn: Connection) -> int:
        read_until = _read_until(conn, account_id)
        return groups.count_after(conn, account_id, read_until, limit, query, grouped)

    return await node.read(unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Companions:
    """What the notifications of a page speak of, as far as the account may see it."""

    people: Mapping[AccountId, Account]
    statuses: Mapping[StatusId, StatusView]
    reports: Mapping[ReportId, ReportView]
    warnings: Mapping[WarningId, AccountWarning]
    severances: Mapping[SeveranceId, Severance]
    collections: Mapping[CollectionId, FeaturedCollectionView]
    is_told_of_sign_ups: bool

    def view(self, row: Notification) -> NotificationView | None:
        """None for what the account may see no longer, and for what comes from suspended accounts."""
        account = self.people[row.from_account_id]
        view = NotificationView(
            notification=row,
            account=account,
            status=None if row.status_id is None else self.statuses.get(row.status_id),
            report=self.reports.get(ReportId(row.origin)) if row.type is NotificationType.ADMIN_REPORT else None,
            warning=self.warnings.get(WarningId(row.origin)) if row.type is _WARNED else None,
            severance=self.severances.get(SeveranceId(row.origin)) if row.type is _SEVERED else None,
            collection=self.collections.get(CollectionId(row.origin)) if row.type in OF_COLLECTIONS else None,
        )
        is_sign_up = row.type is NotificationType.ADMIN_SIGN_UP
        is_hidden = not self.is_told_of_sign_ups if is_sign_up else account.suspended_at is not None
        return None if is_hidden or _speaks_of_nothing(view) else view


_WARNED: Final = NotificationType.MODERATION_WARNING
_SEVERED: Final = NotificationType.SEVERED_RELATIONSHIPS
# What a notification of a kind is about, beside a status.
_ABOUT: Final = {
    NotificationType.ADMIN_REPORT: "report",
    _WARNED: "warning",
    _SEVERED: "severance",
    **dict.fromkeys(OF_COLLECTIONS, "collection"),
}


def _speaks_of_nothing(view: NotificationView) -> bool:
    row = view.notification
    is_status_gone = row.status_id is not None and view.status is None
    return is_status_gone or (row.type in _ABOUT and getattr(view, _ABOUT[row.type]) is None)


def _load(
    conn: Connection,
    now: datetime,
    account_id: AccountId,
    rows: Sequence[Notification],
    others: Collection[AccountId] = (),
) -> _Companions:
    ids = list({row.status_id: None for row in rows if row.status_id is not None})
    told = [row.origin for row in rows if row.type is NotificationType.ADMIN_REPORT]
    # A role may have been taken back since.
    if told and account_id not in users.list_accounts_with_roles(conn, STAFF):
        told = []
    has_sign_ups = any(row.type is NotificationType.ADMIN_SIGN_UP for row in rows)
    warned = [row.origin for row in rows if row.type is _WARNED]
    lost = [row.origin for row in rows if row.type is _SEVERED]
    shown = {CollectionId(row.origin) for row in rows if row.type in OF_COLLECTIONS}
    found = reports.views(conn, list(reports.list_by_ids(conn, told).values())) if told else []
    return _Companions(
        people=accounts.list_by_ids(conn, {row.from_account_id for row in rows} | {*others}),
        statuses={view.status.id: view for view in views.load_views(conn, now, account_id, ids)},
        reports={view.report.id: view for view in found},
        warnings=warnings.list_by_ids(conn, warned),
        severances=severances.list_by_ids(conn, lost),
        collections=_collections(conn, account_id, shown),
        is_told_of_sign_ups=has_sign_ups and account_id in users.list_accounts_with_roles(conn, ADMINISTRATORS),
    )


def _collections(
    conn: Connection, account_id: AccountId, ids: Collection[CollectionId]
) -> dict[CollectionId, FeaturedCollectionView]:
    """Those of ``ids`` in which the account still is."""
    held = featured_collections.list_by_ids_holding(conn, account_id, ids) if ids else []
    return {view.collection.id: view for view in featured_collections.with_items(conn, held, account_id)}


def _group_views(
    conn: Connection, now: datetime, account_id: AccountId, found: Sequence[NotificationGroup]
) -> tuple[NotificationGroupView, ...]:
    others = {one for group in found for one in group.account_ids}
    companions = _load(conn, now, account_id, [group.newest for group in found], others)
    return tuple(
        NotificationGroupView(
            group=group, newest=view, accounts=tuple(companions.people[one] for one in group.account_ids)
        )
        for group in found
        if (view := companions.view(group.newest)) is not None
    )


def _read_until(conn: Connection, account_id: AccountId) -> int:
    read = markers.list_of_account(conn, account_id, _OWN_TIMELINE)
    return read[0].last_read_id if read else 0
