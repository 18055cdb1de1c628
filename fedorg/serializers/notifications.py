"""Notification entities. Spec: Mastodon API, entities/Notification and methods/grouped_notifications."""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias, TypedDict

from fedorg.domain.accounts import Account
from fedorg.domain.notifications import NotificationGroupView, NotificationView
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.featured_collections import CollectionEntity, collection_entity
from fedorg.serializers.moderation import WarningEntity, warning_entity
from fedorg.serializers.notification_texts import FallbackEntity, fallback_entity
from fedorg.serializers.reports import ReportEntity, report_entity
from fedorg.serializers.severances import SeveranceEntity, severance_entity
from fedorg.serializers.statuses import StatusEntity, status_entity
from fedorg.serializers.times import moment
from fedorg.uris import Uris

Known: TypeAlias = Collection[str] | None
"""The kinds that a client says it knows; None when it does not say."""


class _NotificationBase(TypedDict):
    id: str
    type: str
    group_key: str
    created_at: str
    account: AccountEntity


class NotificationEntity(_NotificationBase, total=False):
    """Mastodon's Notification; what it is about is there for the kinds that speak of it."""

    status: StatusEntity
    report: ReportEntity
    moderation_warning: WarningEntity
    event: SeveranceEntity
    collection: CollectionEntity
    fallback: FallbackEntity


class _GroupBase(TypedDict):
    group_key: str
    notifications_count: int
    type: str
    most_recent_notification_id: int
    sample_account_ids: list[str]


class NotificationGroupEntity(_GroupBase, total=False):
    """Mastodon's NotificationGroup; what speaks of a page is there on pages only."""

    page_min_id: str
    page_max_id: str
    latest_page_notification_at: str
    status_id: str
    report: ReportEntity
    moderation_warning: WarningEntity
    event: SeveranceEntity
    collection: CollectionEntity
    fallback: FallbackEntity


class PartialAccountEntity(TypedDict):
    """Mastodon's PartialAccountWithAvatar."""

    id: str
    acct: str
    locked: bool
    bot: bool
    url: str
    avatar: str
    avatar_static: str
    avatar_description: str


class _ResultsBase(TypedDict):
    accounts: list[AccountEntity]
    statuses: list[StatusEntity]
    notification_groups: list[NotificationGroupEntity]


class GroupedResultsEntity(_ResultsBase, total=False):
    """Mastodon's GroupedNotificationsResults."""

    partial_accounts: list[PartialAccountEntity]


def notification_entity(view: NotificationView, uris: Uris, known: Known = None) -> NotificationEntity:
    """A notification as its owner sees it; in words as well, if it is of a kind that is not ``known`` to the client."""
    notification = view.notification
    entity: NotificationEntity = {
        "id": str(notification.id),
        "type": notification.type,
        "group_key": notification.key,
        "created_at": moment(notification.created_at),
        "account": account_entity(view.account, uris),
    }
    if view.status is not None:
        entity["status"] = status_entity(view.status, uris)
    if view.report is not None:
        entity["report"] = report_entity(view.report, uris)
    if view.warning is not None:
        entity["moderation_warning"] = warning_entity(view.warning, view.account, uris)
    if view.severance is not None:
        entity["event"] = severance_entity(view.severance)
    if view.collection is not None:
        entity["collection"] = collection_entity(view.collection, uris)
    if known is not None and notification.type not in known:
        entity["fallback"] = fallback_entity(view)
    return entity


def grouped_entity(groups: Sequence[NotificationGroupView], uris: Uris, known: Known = None) -> GroupedResultsEntity:
    """Groups with every account and status they speak of, each once."""
    return {
        "accounts": [account_entity(one, uris) for one in _each_once(group.accounts for group in groups)],
        "statuses": _statuses(groups, uris),
        "notification_groups": [_group(group, uris, known) for group in groups],
    }


def grouped_entity_with_avatars(
    groups: Sequence[NotificationGroupView], uris: Uris, known: Known = None
) -> GroupedResultsEntity:
    """Likewise, but whole is only the latest account of each group."""
    whole = _each_once(group.accounts[:1] for group in groups)
    shown = {one.id for one in whole}
    others = [one for one in _each_once(group.accounts[1:] for group in groups) if one.id not in shown]
    return {
        "accounts": [account_entity(one, uris) for one in whole],
        "partial_accounts": [_partial(one, uris) for one in others],
        "statuses": _statuses(groups, uris),
        "notification_groups": [_group(group, uris, known) for group in groups],
    }


def _group(view: NotificationGroupView, uris: Uris, known: Known) -> NotificationGroupEntity:
    group, newest = view.group, view.newest
    entity: NotificationGroupEntity = {
        "group_key": group.key,
        "notifications_count": group.count,
        "type": group.newest.type,
        "most_recent_notification_id": group.most_recent_id,
        "sample_account_ids": [str(number) for number in group.account_ids],
    }
    if group.page is not None:
        entity["page_min_id"] = str(group.page.min_id)
        entity["page_max_id"] = str(group.most_recent_id)
        entity["latest_page_notification_at"] = moment(group.page.latest_at)
    if newest.status is not None:
        entity["status_id"] = str(newest.status.status.id)
    if newest.report is not None:
        entity["report"] = report_entity(newest.report, uris)
    if newest.warning is not None:
        entity["moderation_warning"] = warning_entity(newest.warning, newest.account, uris)
    if newest.severance is not None:
        entity["event"] = severance_entity(newest.severance)
    if newest.collection is not None:
        entity["collection"] = collection_entity(newest.collection, uris)
    if known is not None and group.newest.type not in known:
        entity["fallback"] = fallback_entity(newest)
    return entity


def _statuses(groups: Sequence[NotificationGroupView], uris: Uris) -> list[StatusEntity]:
    spoken_of = {
        group.newest.status.status.id: group.newest.status for group in groups if group.newest.status is not None
    }
    return [status_entity(view, uris) for view in spoken_of.values()]


def _each_once(people: Iterable[Collection[Account]]) -> list[Account]:
    return list({one.id: one for some in people for one in some}.values())


def _partial(account: Account, uris: Uris) -> PartialAccountEntity:
    whole = account_entity(account, uris)
    return {
        "id": whole["id"],
        "acct": whole["acct"],
        "locked": whole["locked"],
        "bot": whole["bot"],
        "url": whole["url"],
        "avatar": whole["avatar"],
        "avatar_static": whole["avatar_static"],
        "avatar_description": whole["avatar_description"],
    }
