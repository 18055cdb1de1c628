"""Nodes that siblings introduce: whom each sibling vouches for, and what this node makes of it.

A node vouches for those of its siblings with which its administrators came to terms themselves, and for nobody who was
introduced to it: so that a department for which nobody vouches any more is not kept by those who only heard of it.
What a list says can make or end siblings that came by lists, and nothing else: a block, a partnership that was made by
hand, and what an administrator dismissed or ended are stronger.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from fedorg.domain.visibility import Tier
from fedorg.ids import PartnershipId

NAMED_MAX: Final = 1000
"""How many nodes a list may name."""
PATIENCE: Final = (
    timedelta(seconds=1),
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
)
"""After how long a sibling is asked again that did not give a list."""
PRIORITY: Final = 100
PRIORITY_MAX: Final = 255


class Policy(StrEnum):
    """What is made of the nodes that a sibling introduces."""

    IGNORE = "ignore"
    """Its list is not read."""
    QUEUE = "queue"
    """An administrator decides about each."""
    ACCEPT = "accept"
    """They become siblings at once, and are suspended when nobody names them any more."""


class IntroductionState(StrEnum):
    """What became of an introduction."""

    DRAFT = "draft"
    """Waits for an administrator."""
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    """An administrator does not want it, and is not asked again."""
    KNOWN = "known"
    """Something was agreed with the node by other means: nothing follows from the list, whatever it says later."""
    RETRACTED = "retracted"
    """The list names it no more; whether the partnership is suspended waits for an administrator."""
    SUSPENDED = "suspended"
    """The list names it no more, and so the partnership was suspended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Introducer:
    """A sibling that introduces others. Where two say different things, the higher ``priority`` counts."""

    domain: str
    policy: Policy
    is_default: bool = False
    """Whether the policy is the node's own, and none was chosen for this sibling."""
    priority: int = PRIORITY
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """That one sibling named a node. ``partnership_id`` is what was agreed with it because of that."""

    introducer: str
    domain: str
    state: IntroductionState
    partnership_id: PartnershipId | None = None
    first_seen_at: datetime
    last_seen_at: datetime
    retracted_at: datetime | None = None
    """Since when the list names it no more."""

    @property
    def is_named(self) -> bool:
        """Whether the list names the node now."""
        return self.retracted_at is None

    @property
    def is_open(self) -> bool:
        """Whether an administrator is asked."""
        is_draft = self.state is IntroductionState.DRAFT and self.is_named
        return is_draft or self.state is IntroductionState.RETRACTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What one of those who are siblings now says of a node."""

    introducer: Introducer
    introduction: Introduction


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a node that is named is to this one without the list."""

    tier: Tier
    is_agreed: bool
    """Whether a partnership was in force with it and is not over."""
    was_ended: bool
    """Whether the last partnership with it was refused or ended by one side."""


def first_state(introducer: Introducer, standing: Standing, others: Iterable[Voice]) -> IntroductionState:
    """What becomes of a node that nobody decided about yet, when a list names it; ``others`` is what others say."""
    if standing.tier is Tier.BLOCKED:
        return IntroductionState.DISMISSED
    if standing.is_agreed or standing.tier is not Tier.OPEN:
        return IntroductionState.KNOWN
    is_doubtful = standing.was_ended or any(
        voice.introduction.state is IntroductionState.DISMISSED or _overrules(voice, introducer) for voice in others
    )
    is_accepted = introducer.policy is Policy.ACCEPT and not is_doubtful
    return IntroductionState.ACCEPTED if is_accepted else IntroductionState.DRAFT


def next_state(before: IntroductionState, standing: Standing) -> IntroductionState:
    """What a decided introduction is when the list names the node again."""
    match before:
        case IntroductionState.ACCEPTED if standing.tier is not Tier.SIBLING and standing.was_ended:
            return IntroductionState.DISMISSED
        case IntroductionState.RETRACTED | IntroductionState.SUSPENDED:
            return IntroductionState.ACCEPTED
        case _:
            return before


def is_vouched_for(made: Iterable[Voice], voices: Iterable[Voice]) -> bool:
    """Whether a partnership that came by ``made`` still stands on what siblings say.

    It does while one of those who introduced the node names it, and while another of the same priority or a higher one
    does.
    """
    least = max((voice.introducer.priority for voice in made), default=0)
    return any(voice.introduction.is_named for voice in made) or any(
        voice.introduction.is_named
        and voice.introduction.state is not IntroductionState.DISMISSED
        and voice.introducer.policy is not Policy.IGNORE
        and voice.introducer.priority >= least
        for voice in voices
    )


def _overrules(voice: Voice, introducer: Introducer) -> bool:
    return (
        voice.introduction.is_named
        and voice.introducer.policy is Policy.QUEUE
        and voice.introducer.priority > introducer.priority
    )
