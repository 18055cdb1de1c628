"""Stream events: ids only, so that each reader loads and serialises for each viewer with the rules of REST."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from fedorg.ids import AccountId, EventId


class EventKind(StrEnum):
    """What happened. ``revoked`` closes streams (S42)."""

    UPDATE = "update"
    STATUS_UPDATE = "status.update"
    DELETE = "delete"
    NOTIFICATION = "notification"
    ANNOUNCEMENT = "announcement"
    ANNOUNCEMENT_REACTION = "announcement.reaction"
    ANNOUNCEMENT_DELETE = "announcement.delete"
    NOTIFICATIONS_MERGED = "notifications_merged"
    CONVERSATION = "conversation"
    FILTERS_CHANGED = "filters_changed"
    REVOKED = "revoked"


WITHOUT_SUBJECT: Final = frozenset({EventKind.NOTIFICATIONS_MERGED, EventKind.FILTERS_CHANGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A row of the event log.

    ``account_id`` names whose streams, or whose tokens (``revoked``), it concerns; None for what public and tag streams
    carry, and for deletes and announcements, which reach everybody. ``subject_id`` is the status, notification,
    conversation, announcement, emoji of an announcement, or token; 0 for those of ``WITHOUT_SUBJECT``, which say only
    that something changed.
    """

    id: EventId
    kind: EventKind
    account_id: AccountId | None
    subject_id: int
    created_at: datetime
