"""What two nodes agreed: the life of a partnership as one table, and the ceilings of what passes between them.

``STEPS`` says what may happen in each state, who may do it, and what follows; everything else is a ``Conflict``. A
partnership is active only when both sides have approved it, and while neither has suspended it. What passes is the
narrower of what both grant: narrowing takes effect at once, widening when the other side grants as much. Blueprint §5.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from fedorg.domain.ceilings import NOTHING, UNLIMITED, Ceilings, narrower
from fedorg.domain.visibility import Reach, Tier
from fedorg.errors import Conflict
from fedorg.ids import PartnershipId

EXPIRES_AFTER: Final = timedelta(days=14)
NOTE_MAX: Final = 2000
CONTACT_MAX: Final = 300


class PartnershipState(StrEnum):
    """Where a partnership stands."""

    PROPOSED = "proposed"
    """Written down; the offer has not left."""
    OFFERED = "offered"
    ACCEPTED = "accepted"
    """Both want it; at least one side has not approved it."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"
    EXPIRED = "expired"

    @property
    def is_over(self) -> bool:
        """Whether nothing can follow."""
        return self in _OVER

    @property
    def is_pending(self) -> bool:
        """Whether it was never in force yet."""
        return self in _PENDING


class Event(StrEnum):
    """What happens to a partnership."""

    SEND = "sent"
    ACCEPT = "accepted"
    DECLINE = "declined"
    WITHDRAW = "withdrawn"
    APPROVE = "approved"
    CHANGE = "changed"
    SUSPEND = "suspended"
    PLAN = "planned"
    """It will be suspended at a moment that is told before."""
    CALL_OFF = "called_off"
    """It will not, after all."""
    RESUME = "resumed"
    REVOKE = "revoked"
    EXPIRE = "expired"


class Side(StrEnum):
    """One of the two nodes, seen from here."""

    HERE = "here"
    THERE = "there"

    @property
    def other(self) -> "Side":
        """The other one."""
        return Side.THERE if self is Side.HERE else Side.HERE


class Doer(StrEnum):
    """Who may make something happen."""

    INVITER = "the side that invited"
    INVITED = "the side that was invited"
    EITHER = "either side"


@dataclass(frozen=True, slots=True)
class Step:
    """What an event leads to, and whose it is."""

    to: PartnershipState
    by: Doer


_OVER: Final = frozenset(
    {PartnershipState.REVOKED, PartnershipState.WITHDRAWN, PartnershipState.DECLINED, PartnershipState.EXPIRED}
)
_PENDING: Final = frozenset({PartnershipState.PROPOSED, PartnershipState.OFFERED, PartnershipState.ACCEPTED})

# What cannot come too late: else one side would think that it is agreed, and the other that it has expired.
_TIMELY: Final = frozenset({Event.ACCEPT, Event.APPROVE})

STEPS: Final[Mapping[tuple[PartnershipState, Event], Step]] = {
    (PartnershipState.PROPOSED, Event.SEND): Step(PartnershipState.OFFERED, Doer.INVITER),
    # The answer may come before it is known here that the offer arrived.
    (PartnershipState.PROPOSED, Event.ACCEPT): Step(PartnershipState.ACCEPTED, Doer.INVITED),
    (PartnershipState.PROPOSED, Event.DECLINE): Step(PartnershipState.DECLINED, Doer.INVITED),
    (PartnershipState.PROPOSED, Event.CHANGE): Step(PartnershipState.PROPOSED, Doer.INVITER),
    (PartnershipState.PROPOSED, Event.WITHDRAW): Step(PartnershipState.WITHDRAWN, Doer.INVITER),
    (PartnershipState.PROPOSED, Event.EXPIRE): Step(PartnershipState.EXPIRED, Doer.EITHER),
    (PartnershipState.OFFERED, Event.ACCEPT): Step(PartnershipState.ACCEPTED, Doer.INVITED),
    (PartnershipState.OFFERED, Event.DECLINE): Step(PartnershipState.DECLINED, Doer.INVITED),
    (PartnershipState.OFFERED, Event.CHANGE): Step(PartnershipState.OFFERED, Doer.INVITER),
    (PartnershipState.OFFERED, Event.WITHDRAW): Step(PartnershipState.WITHDRAWN, Doer.INVITER),
    (PartnershipState.OFFERED, Event.EXPIRE): Step(PartnershipState.EXPIRED, Doer.EITHER),
    (PartnershipState.ACCEPTED, Event.APPROVE): Step(PartnershipState.ACTIVE, Doer.EITHER),
    (PartnershipState.ACCEPTED, Event.CHANGE): Step(PartnershipState.ACCEPTED, Doer.EITHER),
    (PartnershipState.ACCEPTED, Event.DECLINE): Step(PartnershipState.DECLINED, Doer.INVITED),
    (PartnershipState.ACCEPTED, Event.WITHDRAW): Step(PartnershipState.WITHDRAWN, Doer.INVITER),
    (PartnershipState.ACCEPTED, Event.EXPIRE): Step(PartnershipState.EXPIRED, Doer.EITHER),
    (PartnershipState.ACTIVE, Event.CHANGE): Step(PartnershipState.ACTIVE, Doer.EITHER),
    (PartnershipState.ACTIVE, Event.SUSPEND): Step(PartnershipState.SUSPENDED, Doer.EITHER),
    (PartnershipState.ACTIVE, Event.PLAN): Step(PartnershipState.ACTIVE, Doer.EITHER),
    (PartnershipState.ACTIVE, Event.CALL_OFF): Step(PartnershipState.ACTIVE, Doer.EITHER),
    (PartnershipState.ACTIVE, Event.REVOKE): Step(PartnershipState.REVOKED, Doer.EITHER),
    (PartnershipState.SUSPENDED, Event.CHANGE): Step(PartnershipState.SUSPENDED, Doer.EITHER),
    (PartnershipState.SUSPENDED, Event.SUSPEND): Step(PartnershipState.SUSPENDED, Doer.EITHER),
    # One side may plan what the other does at that moment.
    (PartnershipState.SUSPENDED, Event.PLAN): Step(PartnershipState.SUSPENDED, Doer.EITHER),
    (PartnershipState.SUSPENDED, Event.CALL_OFF): Step(PartnershipState.SUSPENDED, Doer.EITHER),
    (PartnershipState.SUSPENDED, Event.RESUME): Step(PartnershipState.ACTIVE, Doer.EITHER),
    (PartnershipState.SUSPENDED, Event.REVOKE): Step(PartnershipState.REVOKED, Doer.EITHER),
}
"""From a state, by an event: what follows. Approval, and an end of suspension, take effect when both sides gave it."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What one side brings into a partnership: its ceilings, and what it promises in words."""

    ceilings: Ceilings = UNLIMITED
    contact: str = ""
    """Whom to ask about incidents: an e-mail address, say."""
    retention: str = ""
    """How long what was received is kept, in words."""
    review_at: datetime | None = None
    """When the partnership wants to be looked at anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantChange:
    """What is to be different about a grant; None is left as it is. ``sets_review`` also takes a review date away."""

    largest_reach: Reach | None = None
    direct_messages: bool | None = None
    directory: bool | None = None
    media: bool | None = None
    contact: str | None = None
    retention: str | None = None
    review_at: datetime | None = None
    sets_review: bool = False

    def of(self, grant: Grant) -> Grant:
        """The grant after the change."""
        told = {
            name: value
            for name in ("largest_reach", "direct_messages", "directory", "media")
            if (value := getattr(self, name)) is not None
        }
        return Grant(
            ceilings=msgspec.structs.replace(grant.ceilings, **told),
            contact=grant.contact if self.contact is None else self.contact,
            retention=grant.retention if self.retention is None else self.retention,
            review_at=self.review_at if self.sets_review else grant.review_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A suspension that one side has told of: from when on, and why."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TheirSide:
    """A partnership as the other side tells it: its name there, what it grants, and where it stands."""

    uri: str
    tier: Tier
    grant: Grant
    note: str = ""
    is_approved: bool = False
    is_suspended: bool = False
    suspends_at: datetime | None = None
    """When they will suspend it; ``note`` says why."""
    people: int | None = None
    """How many of their members may be listed here; None: that is not told."""
    announcements: int | None = None
    """How many of their announcements are for us."""

    @property
    def is_in_force(self) -> bool:
        """Whether they let anything pass."""
        return self.is_approved and not self.is_suspended


@dataclass(frozen=True, slots=True, kw_only=True)
class Partnership:
    """What was agreed with one peer, or is being agreed, or was.

    ``theirs`` is None until they said it, ``their_uri`` is their name for it. ``fingerprint`` is what the keys of both
    gave when they were last compared here. ``reason`` says why it ended, or was suspended.
    """

    id: PartnershipId
    domain: str
    tier: Tier
    state: PartnershipState
    is_inviter: bool
    ours: Grant
    theirs: Grant | None = None
    their_actor: str
    their_uri: str | None = None
    note: str = ""
    reason: str = ""
    fingerprint: str | None = None
    approved: frozenset[Side] = frozenset()
    suspended: frozenset[Side] = frozenset()
    planned: Mapping[Side, Plan] = field(default_factory=dict)
    """Who will suspend it, and when."""
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    active_since: datetime | None = None
    noticed_at: datetime | None = None
    """When those concerned were last told that something is due soon."""
    purge_asked: int = 0
    """How many statuses the peer was asked to delete when it ended."""

    @property
    def effective(self) -> Ceilings:
        """What may pass while it is active: the narrower of what both grant."""
        return self.ours.ceilings if self.theirs is None else narrower(self.ours.ceilings, self.theirs.ceilings)

    @property
    def in_force(self) -> Ceilings:
        """What may pass now."""
        return self.effective if self.state is PartnershipState.ACTIVE else NOTHING

    def planning(self, side: Side, plan: Plan | None) -> "Partnership":
        """The same, with what one side plans; None: nothing."""
        others = {other: planned for other, planned in self.planned.items() if other is not side}
        return replace(self, planned=others if plan is None else {**others, side: plan})


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A sibling or partner as members know it; ``since`` and ``note`` come from a partnership, if there is one."""

    domain: str
    tier: Tier
    ceilings: Ceilings
    since: datetime | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnershipView:
    """A partnership with what an administrator wants to see beside it.

    ``fingerprint`` is what the keys of both nodes give now, None while the other's are not known. ``purge_open`` is how
    many of the statuses that the peer was asked to delete it has not confirmed.
    """

    partnership: Partnership
    fingerprint: str | None
    purge_open: int
    listed: tuple[int, int] = (0, 0)
    """How many members of this node the other side may list now, and how many announcements are for it."""
    introduced_by: tuple[str, ...] = ()
    """The siblings that vouch for the other node, while it is not in force."""

    @property
    def has_other_keys(self) -> bool:
        """Whether a node got other keys since the fingerprint was last compared for what still holds."""
        compared, is_over = self.partnership.fingerprint, self.partnership.state.is_over
        return not is_over and compared is not None and self.fingerprint is not None and compared != self.fingerprint


def step(partnership: Partnership, event: Event, side: Side, now: datetime) -> Partnership:
    """The partnership after ``side`` did something; raises ``Conflict`` for what does not follow from its state."""
    found, words = STEPS.get((partnership.state, event)), event.value.replace("_", " ")
    if found is None:
        raise Conflict(f"The partnership with {partnership.domain} is {partnership.state}: it cannot be {words} now")
    if not _may(partnership, found.by, side):
        raise Conflict(f"A partnership that is {partnership.state} is {words} by {found.by}, which is {_who(side)} not")
    if event in _TIMELY and now >= partnership.expires_at:
        raise Conflict(f"The offer between this node and {partnership.domain} has expired")
    after = replace(partnership, updated_at=now)
    match event:
        case Event.APPROVE:
            after = replace(after, approved=partnership.approved | {side})
            is_complete = len(after.approved) == len(Side)
        case Event.SUSPEND:
            after = replace(after.planning(side, None), suspended=partnership.suspended | {side})
            is_complete = True
        case Event.PLAN:
            if side in partnership.suspended:
                raise Conflict(f"The partnership with {partnership.domain} is suspended by that side already")
            is_complete = True
        case Event.CALL_OFF:
            after, is_complete = after.planning(side, None), True
        case Event.RESUME:
            if side not in partnership.suspended:
                raise Conflict(f"The partnership with {partnership.domain} was suspended by the other side alone")
            after = replace(after, suspended=partnership.suspended - {side})
            is_complete = not after.suspended
        case _:
            is_complete = True
    if not is_complete:
        return after
    became_active = found.to is PartnershipState.ACTIVE and partnership.active_since is None
    return replace(
        after,
        state=found.to,
        active_since=now if became_active else partnership.active_since,
        planned={} if found.to.is_over else after.planned,
    )


def possible(partnership: Partnership) -> frozenset[Event]:
    """What this side may make happen now."""
    return frozenset(
        event
        for (state, event), found in STEPS.items()
        if state is partnership.state
        and _may(partnership, found.by, Side.HERE)
        and event not in (Event.SEND, Event.EXPIRE)
        and not (event is Event.SUSPEND and Side.HERE in partnership.suspended)
        and not (event is Event.PLAN and Side.HERE in partnership.suspended)
        and not (event is Event.CALL_OFF and Side.HERE not in partnership.planned)
        and not (event is Event.RESUME and Side.HERE not in partnership.suspended)
    )


def _may(partnership: Partnership, doer: Doer, side: Side) -> bool:
    inviter = Side.HERE if partnership.is_inviter else Side.THERE
    return doer is Doer.EITHER or side is (inviter if doer is Doer.INVITER else inviter.other)


def _who(side: Side) -> str:
    return "this node" if side is Side.HERE else "the other node"
