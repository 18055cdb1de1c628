"""Notifications: what happened that concerns an account, one by one and in groups.

Those of some kinds that speak of the same thing and happened within half a day carry the same ``group_key``: it is
given once, when the notification is made, so that pages of groups are stable. Keys are those of Mastodon.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from fedorg.domain.accounts import ADMINISTRATORS, STAFF, Account
from fedorg.domain.featured_collections import FeaturedCollectionView
from fedorg.domain.moderation import AccountWarning
from fedorg.domain.reports import ReportView
from fedorg.domain.severances import Severance
from fedorg.domain.statuses import StatusView
from fedorg.ids import AccountId, NotificationId, StatusId

UNGROUPED: Final = "ungrouped-"
GROUP_HOURS: Final = 12
"""A group begins in one hour and takes in what happens in the eleven after it."""
SAMPLE_MAX: Final = 8
_HOUR_SECONDS: Final = 3600


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
    MODERATION_WARNING = "moderation_warning"
    SEVERED_RELATIONSHIPS = "severed_relationships"
    ADDED_TO_COLLECTION = "added_to_collection"
    COLLECTION_UPDATE = "collection_update"
    ADMIN_SIGN_UP = "admin.sign_up"
    ADMIN_REPORT = "admin.report"


OF_COLLECTIONS: Final = (NotificationType.ADDED_TO_COLLECTION, NotificationType.COLLECTION_UPDATE)
GROUPABLE: Final = frozenset(
    {NotificationType.FAVOURITE, NotificationType.REBLOG, NotificationType.FOLLOW, NotificationType.ADMIN_SIGN_UP}
)
OF_STAFF: Final = {NotificationType.ADMIN_REPORT: STAFF, NotificationType.ADMIN_SIGN_UP: ADMINISTRATORS}
"""What is told to those alone who have one of these roles, as long as they have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One row; unique by (account, type, from, origin), so that telling twice is telling once.

    ``origin`` names what caused it: a status id, or the id of a follow, a report, a warning, a severance
    or a collection.
    ``group_key`` is None for what stands alone. What is ``filtered`` waits for a yes, and is shown only to who asks
    for it.
    """

    id: NotificationId
    account_id: AccountId
    type: NotificationType
    from_account_id: AccountId
    origin: int
    status_id: StatusId | None
    group_key: str | None
    filtered: bool
    created_at: datetime

    @property
    def key(self) -> str:
        """The key of its group, be it a group of one."""
        return self.group_key or f"{UNGROUPED}{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationQuery:
    """Which notifications somebody asks for; empty ``types`` means all. What waits for a yes comes by name only."""

    types: tuple[NotificationType, ...] = ()
    exclude_types: tuple[NotificationType, ...] = ()
    from_account_id: AccountId | None = None
    include_filtered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationView:
    """A notification with all that an entity of it shows."""

    notification: Notification
    account: Account
    status: StatusView | None
    report: ReportView | None = None
    warning: AccountWarning | None = None
    severance: Severance | None = None
    collection: FeaturedCollectionView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOnPage:
    """What of a group lies on a page: its oldest notification there, and when its newest one came."""

    min_id: NotificationId
    latest_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationGroup:
    """Notifications with the same key. ``account_ids`` are the last who caused one, the latest first, at most eight."""

    key: str
    newest: Notification
    count: int
    most_recent_id: NotificationId
    account_ids: tuple[AccountId, ...]
    page: GroupOnPage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationGroupView:
    """A group with all that an entity of it shows."""

    group: NotificationGroup
    newest: NotificationView
    accounts: tuple[Account, ...]


def group_prefix(type_: NotificationType, status_id: StatusId | None) -> str | None:
    """How the keys of groups of a kind about a status begin; None for kinds that are never grouped."""
    if type_ not in GROUPABLE:
        return None
    return f"{type_}-" if status_id is None else f"{type_}-{status_id}-"


def hour_of(moment: datetime) -> int:
    """The hour that a group which begins now is named by."""
    return int(moment.timestamp()) // _HOUR_SECONDS
