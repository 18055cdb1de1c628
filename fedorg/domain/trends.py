"""What many talk about these days."""

from dataclasses import dataclass
from enum import StrEnum

from fedorg.domain.cards import PreviewCard
from fedorg.domain.statuses import TagUse


class TrendKind(StrEnum):
    """What trends."""

    TAG = "tag"
    STATUS = "status"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A place in a ranking: that of visitors (``is_open``), made of what is open to everybody, or that of members."""

    kind: TrendKind
    subject_id: int
    is_open: bool
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """A page with how often it was linked to in the last seven days, the newest first."""

    card: PreviewCard
    history: tuple[TagUse, ...]
