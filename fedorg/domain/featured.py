"""Hashtags that somebody shows on a profile."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturedTag:
    """A hashtag of a profile; ``name`` is normalised, ``display_name`` as its owner wrote it."""

    id: int
    name: str
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturedTagView:
    """The same with the use its owner made of it, as far as the viewer may see."""

    tag: FeaturedTag
    statuses_count: int
    last_status_at: datetime | None
