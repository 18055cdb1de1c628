"""Who may see a status: ``Audience = reach x visibility``, decided by one total function.

Reach is the outer ring (how far a status may travel), visibility is who inside that ring sees it. Every reader
(timelines, streams, collections, fetches, pages) asks ``may_see``; the SQL of ``store/statuses.py`` only narrows
what is loaded and is compared with it by test. Blueprint §4; incidents S43, S47, S51, S59.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, assert_never


class Visibility(StrEnum):
    """Who inside the reach sees a status; Mastodon's words."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"
    DIRECT = "direct"


class Reach(StrEnum):
    """How far a status may travel: ``node`` ⊂ ``organisation`` ⊂ ``partners`` ⊂ ``public``."""

    NODE = "node"
    ORGANISATION = "organisation"
    PARTNERS = "partners"
    PUBLIC = "public"

    @property
    def width(self) -> int:
        """0 for the narrowest ring, 3 for the widest."""
        return _WIDTH[self]


class Tier(StrEnum):
    """What a peer is to this node."""

    SIBLING = "sibling"
    PARTNER = "partner"
    OPEN = "open"
    BLOCKED = "blocked"


class FederationMode(StrEnum):
    """With whom a node federates at all."""

    CLOSED = "closed"
    ORGANISATION = "organisation"
    PARTNERS = "partners"
    OPEN = "open"


_WIDTH: Final = {Reach.NODE: 0, Reach.ORGANISATION: 1, Reach.PARTNERS: 2, Reach.PUBLIC: 3}
_RANK: Final = {Visibility.PUBLIC: 3, Visibility.UNLISTED: 2, Visibility.PRIVATE: 1, Visibility.DIRECT: 0}
# The narrowest reach that still takes in a peer of the tier.
_RING_OF_TIER: Final = {Tier.SIBLING: 1, Tier.PARTNER: 2, Tier.OPEN: 3}
_WIDTH_OF_MODE: Final = {
    FederationMode.CLOSED: 0,
    FederationMode.ORGANISATION: 1,
    FederationMode.PARTNERS: 2,
    FederationMode.OPEN: 3,
}


def narrower_reach(one: Reach, other: Reach) -> Reach:
    """The narrower of two reaches: what a reply, boost or quote inherits from its thread."""
    return one if one.width <= other.width else other


def narrower_visibility(one: Visibility, other: Visibility) -> Visibility:
    """The narrower of two visibilities."""
    return one if _RANK[one] <= _RANK[other] else other


def is_inside(tier: Tier, reach: Reach, largest: Reach = Reach.PUBLIC) -> bool:
    """Whether a peer of ``tier`` lies wholly inside ``reach``; a blocked peer lies in none.

    ``largest`` is the ceiling of what passes between this node and the peer: nothing of a wider reach does.
    """
    return tier is not Tier.BLOCKED and _RING_OF_TIER[tier] <= reach.width <= largest.width


def admits(mode: FederationMode, tier: Tier, largest: Reach = Reach.PUBLIC) -> bool:
    """Whether a node in ``mode`` speaks with a peer of ``tier`` at all; a block beats everything.

    With a peer with which nothing may pass (``largest`` is ``Reach.NODE``) it does not.
    """
    is_heard = tier is not Tier.BLOCKED and largest is not Reach.NODE
    return is_heard and _RING_OF_TIER[tier] <= _WIDTH_OF_MODE[mode]


def widest_reach(mode: FederationMode) -> Reach:
    """The widest reach that means anything in ``mode``."""
    return next(reach for reach in Reach if reach.width == _WIDTH_OF_MODE[mode])


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """What an author chose: how far, and for whom inside.

    ``partners`` are the domains of the partners that reach ``partners`` stands for; empty: every partner. A status in
    another node's ring names none, since whom that node named is known there only.
    """

    reach: Reach
    visibility: Visibility
    partners: frozenset[str] = frozenset()


def within(audience: Audience, outer: Audience) -> Audience:
    """``audience`` clamped to the ring of ``outer``: what answers, boosts and quotes inherit; visibility stays.

    Where both name partners and have none in common, it goes to no partner at all.
    """
    reach = narrower_reach(audience.reach, outer.reach)
    if reach is not Reach.PARTNERS:
        return replace(audience, reach=reach, partners=frozenset())
    named = [one.partners for one in (audience, outer) if one.reach is Reach.PARTNERS and one.partners]
    if not named:
        return replace(audience, reach=reach, partners=frozenset())
    common = frozenset.intersection(*named)
    return replace(audience, reach=reach if common else Reach.ORGANISATION, partners=common)


def takes_in(audience: Audience, tier: Tier, domain: str, largest: Reach) -> bool:
    """Whether the peer ``domain`` of ``tier`` lies inside the outer ring of ``audience``; ``largest`` is its ceiling.

    A direct status goes to its addressees alone, and has no reach that a ceiling could cut.
    """
    is_named = tier is not Tier.PARTNER or not audience.partners or domain in audience.partners
    ceiling = Reach.PUBLIC if audience.visibility is Visibility.DIRECT else largest
    return is_named and is_inside(tier, audience.reach, ceiling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymous:
    """Somebody without a session, a token or a signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A signed-in account of this node, and what it is to the status and its author."""

    is_author: bool = False
    is_mentioned: bool = False
    follows_author: bool = False
    is_blocked: bool = False
    """The author and the viewer block each other, in either direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerViewer:
    """An actor of the server ``domain`` that signed its request.

    ``hosts_follower``: the peer hosts an accepted follower of the author. ``is_addressee``: this very actor is
    mentioned. ``is_author``: it asks for its own status. ``largest`` and ``takes_direct`` are ceilings of its server.
    """

    domain: str
    tier: Tier
    largest: Reach = Reach.PUBLIC
    takes_direct: bool = True
    hosts_follower: bool = False
    is_addressee: bool = False
    is_author: bool = False
    is_blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Somebody who looks after the node, at what was reported to them by one who may see it."""


def may_see(audience: Audience, viewer: Anonymous | Member | PeerViewer | Keeper) -> bool:
    """Whether ``viewer`` may see a status of ``audience``; total, and no by default."""
    match viewer:
        case Anonymous():
            return audience.reach is Reach.PUBLIC and audience.visibility in (Visibility.PUBLIC, Visibility.UNLISTED)
        case Member():
            # Whatever this node holds has reached it, so that each member stands inside the reach.
            if viewer.is_author:
                return True
            return not viewer.is_blocked and _is_for(
                audience.visibility, is_addressee=viewer.is_mentioned, is_follower=viewer.follows_author
            )
        case Keeper():
            return True
        case PeerViewer():
            return _may_peer_see(audience, viewer)
        case _:
            assert_never(viewer)


def may_reblog(audience: Audience, *, is_author: bool) -> bool:
    """Whether a status may be boosted: public and unlisted by all who see it, private by its author only."""
    match audience.visibility:
        case Visibility.PUBLIC | Visibility.UNLISTED:
            return True
        case Visibility.PRIVATE:
            return is_author
        case Visibility.DIRECT:
            return False
        case _:
            assert_never(audience.visibility)


def _may_peer_see(audience: Audience, viewer: PeerViewer) -> bool:
    if viewer.tier is Tier.BLOCKED or viewer.is_blocked:
        return False
    if viewer.is_author:
        return True
    if audience.visibility is Visibility.DIRECT and not viewer.takes_direct:
        return False
    return takes_in(audience, viewer.tier, viewer.domain, viewer.largest) and _is_for(
        audience.visibility, is_addressee=viewer.is_addressee, is_follower=viewer.hosts_follower
    )


def _is_for(visibility: Visibility, *, is_addressee: bool, is_follower: bool) -> bool:
    match visibility:
        case Visibility.PUBLIC | Visibility.UNLISTED:
            return True
        case Visibility.PRIVATE:
            return is_follower or is_addressee
        case Visibility.DIRECT:
            return is_addressee
        case _:
            assert_never(visibility)
