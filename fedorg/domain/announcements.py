"""Announcements of a node to its members, their reactions, and who has said that they know."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fedorg.domain.accounts import Account, Emoji
from fedorg.domain.statuses import Tag

TEXT_MAX: Final = 10_000
EMOJIS_MAX: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A text for all members; ``published_at`` None: shown to nobody. Dates say when what it speaks of happens."""

    id: int
    text: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    all_day: bool = False
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
    mentions: tuple[Account, ...] = ()
    tags: tuple[Tag, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    reactions: tuple[AnnouncementReaction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionNews:
    """What streams tell of a reaction: how often it stands now."""

    announcement_id: int
    name: str
    count: int
