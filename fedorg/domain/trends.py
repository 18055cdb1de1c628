"""What many talk about these days, and what those who look after the node say of it.

What nobody looked at trends: a review is for taking something out, or for saying that it may stay.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fedorg.domain.cards import PreviewCard
from fedorg.domain.statuses import StatusView, TagUse, TagView


class TrendKind(StrEnum):
    """What trends."""

    TAG = "tag"
    STATUS = "status"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A place in a ranking: that of visitors (``is_open``), made of what is open to everybody, or that of members.

    ``publisher_id`` is the site that a link leads to.
    """

    kind: TrendKind
    subject_id: int
    is_open: bool
    score: float
    publisher_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """A page with how often it was linked to in the last seven days, the newest first."""

    card: PreviewCard
    history: tuple[TagUse, ...]


class Verdict(StrEnum):
    """Whether something may trend."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedTag:
    """A hashtag with what is allowed of it: ``trendable`` None was never said, and is yes."""

    view: TagView
    trendable: bool | None
    listable: bool
    usable: bool
    reviewed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChange:
    """What is said of a hashtag; None stays as it is. ``display_name`` is the same name in other letters."""

    display_name: str | None = None
    trendable: bool | None = None
    listable: bool | None = None
    usable: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedStatus:
    """A status that trends or would; ``requires_review``: nobody said yet whether it may."""

    view: StatusView
    requires_review: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedLink:
    """A link that trends or would; ``requires_review``: nobody said yet whether it, or all of its site, may."""

    view: LinkView
    requires_review: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A site that links which trend lead to; ``trendable`` None was never said, and is yes."""

    id: int
    domain: str
    trendable: bool | None
    reviewed_at: datetime | None
