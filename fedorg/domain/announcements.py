"""Announcements of a node or of another one of its organisation to members, their reactions, and who knows of them.

Clients dismiss what they have shown; to acknowledge is an act of a member and of nobody else. That somebody has read
something is never recorded.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fedorg.domain.accounts import Account, Emoji
from fedorg.domain.statuses import Tag

TEXT_MAX: Final = 10_000
EMOJIS_MAX: Final = 8
ACKNOWLEDGING_EMOJI: Final = "\u2705\ufe0f"
"""A reaction by which any client can acknowledge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A text for all members; ``published_at`` None: shown to nobody. Dates say when what it speaks of happens.

    ``needs_acknowledgement``: it stays until each has said that they know. ``for_organisation``: other nodes of the
    organisation show it too. ``uri`` and ``peer`` belong to one that another node told.
    """

    id: int
    text: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    all_day: bool = False
    needs_acknowledgement: bool = False
    for_organisation: bool = False
    uri: str | None = None
    peer: str | None = None
    published_at: datetime | None = None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementReaction:
    """How often an emoji was chosen; ``emoji`` pictures a custom one."""

    name: str
    count: int
    me: bool
    emoji: Emoji | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementView:
    """An announcement as a member sees it; ``content`` is safe HTML."""

    announcement: Announcement
    content: str
    read: bool
    dismissals: int
    acknowledged: bool = False
    acknowledgements: int = 0
    mentions: tuple[Account, ...] = ()
    tags: tuple[Tag, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    reactions: tuple[AnnouncementReaction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many members of a node said that they know, of how many; ``peer`` None is this node."""

    peer: str | None
    acknowledged_count: int
    members_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionNews:
    """What streams tell of a reaction: how often it stands now."""

    announcement_id: int
    name: str
    count: int
