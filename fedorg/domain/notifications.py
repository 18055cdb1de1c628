"""Notifications: what happened that concerns an account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fedorg.domain.accounts import Account
from fedorg.domain.reports import ReportView
from fedorg.domain.statuses import StatusView
from fedorg.ids import AccountId, NotificationId, StatusId


class NotificationType(StrEnum):
    """Mastodon's kinds that this node makes."""

    MENTION = "mention"
    STATUS = "status"
    REBLOG = "reblog"
    FOLLOW = "follow"
    FOLLOW_REQUEST = "follow_request"
    FAVOURITE = "favourite"
    POLL = "poll"
    UPDATE = "update"
    QUOTE = "quote"
    QUOTED_UPDATE = "quoted_update"
    ADMIN_SIGN_UP = "admin.sign_up"
    ADMIN_REPORT = "admin.report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One row; unique by (account, type, from, origin), so that telling twice is telling once.

    ``origin`` names what caused it: a status id, or the id of a follow or a report.
    """

    id: NotificationId
    account_id: AccountId
    type: NotificationType
    from_account_id: AccountId
    origin: int
    status_id: StatusId | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationView:
    """A notification with all that an entity of it shows."""

    notification: Notification
    account: Account
    status: StatusView | None
    report: ReportView | None = None
