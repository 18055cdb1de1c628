"""Notification entities. Spec: Mastodon API, entities/Notification."""

from typing import Final, TypedDict

from fedorg.domain.notifications import NotificationType, NotificationView
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.reports import ReportEntity, report_entity
from fedorg.serializers.statuses import StatusEntity, status_entity
from fedorg.serializers.times import moment
from fedorg.uris import Uris

# Kinds that clients may show as one: favourites and boosts of a status, follows.
_GROUPED: Final = (NotificationType.FAVOURITE, NotificationType.REBLOG, NotificationType.FOLLOW)


class _NotificationBase(TypedDict):
    id: str
    type: str
    group_key: str
    created_at: str
    account: AccountEntity


class NotificationEntity(_NotificationBase, total=False):
    """Mastodon's Notification; ``status`` and ``report`` are there for the kinds that speak of one."""

    status: StatusEntity
    report: ReportEntity


def notification_entity(view: NotificationView, uris: Uris) -> NotificationEntity:
    """A notification as its owner sees it."""
    notification = view.notification
    entity: NotificationEntity = {
        "id": str(notification.id),
        "type": notification.type,
        "group_key": _group_key(view),
        "created_at": moment(notification.created_at),
        "account": account_entity(view.account, uris),
    }
    if view.status is not None:
        entity["status"] = status_entity(view.status, uris)
    if view.report is not None:
        entity["report"] = report_entity(view.report, uris)
    return entity


def _group_key(view: NotificationView) -> str:
    notification = view.notification
    if notification.type not in _GROUPED:
        return f"ungrouped-{notification.id}"
    hours = int(notification.created_at.timestamp()) // 3600
    return "-".join(str(part) for part in (notification.type, notification.status_id, hours) if part is not None)
