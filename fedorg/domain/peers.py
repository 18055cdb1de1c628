"""Other servers, and what this node knows of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from fedorg.domain.ceilings import UNLIMITED, Ceilings
from fedorg.domain.visibility import Audience, FederationMode, Tier, admits, takes_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a peer is to this node right now, with what it inherits from blocks of the hosts above it.

    ``suspended_at`` and ``silenced_at`` are the moments of the blocks that keep it away or out of sight, None: it is
    not; the one that is closest to its name counts.
    """

    tier: Tier = Tier.OPEN
    suspended_at: datetime | None = None
    silenced_at: datetime | None = None
    reject_media: bool = False
    reject_reports: bool = False
    ceilings: Ceilings = UNLIMITED
    """How much may pass, whatever the tier allows."""
    signature_scheme: str | None = None
    """The one it understood last."""

    def is_admitted(self, mode: FederationMode) -> bool:
        """Whether a node in ``mode`` speaks with the peer about anything but what the two agree on."""
        return admits(mode, self.tier, self.ceilings.largest_reach)

    def is_inside(self, audience: Audience, domain: str) -> bool:
        """Whether the peer, which is ``domain``, lies inside the outer ring of ``audience`` and below its ceiling."""
        return takes_in(audience, self.tier, domain, self.ceilings.largest_reach)

    @property
    def is_silenced(self) -> bool:
        """Whether its accounts are shown to none but those who follow them."""
        return self.silenced_at is not None


def held_together(standings: Iterable[Standing]) -> Standing:
    """What is kept away of somebody whose server has several names: all that a block of any of them says.

    The tier is that of no name: it is asked of the one that matters.
    """
    every = list(standings)
    return Standing(
        tier=Tier.BLOCKED if any(one.tier is Tier.BLOCKED for one in every) else Tier.OPEN,
        suspended_at=next((one.suspended_at for one in every if one.suspended_at), None),
        silenced_at=next((one.silenced_at for one in every if one.silenced_at), None),
        reject_media=any(one.reject_media for one in every),
        reject_reports=any(one.reject_reports for one in every),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another server, named by its domain. ``signature_scheme`` is the one it understood last.

    ``implements`` are the addresses of what its actors say it can do, ``node_actor`` the one that speaks for it.
    """

    domain: str
    tier: Tier
    signature_scheme: str | None = None
    implements: tuple[str, ...] = ()
    node_actor: str | None = None
    software: str | None = None
    software_version: str | None = None
    first_seen_at: datetime
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    last_error: str | None = None
    failures: int = 0
    closed_until: datetime | None = None
    """While set and in the future, the circuit breaker holds deliveries back."""
    ceilings: Ceilings = UNLIMITED
    blocked_at: datetime | None = None
    """Since when administrators block it, in one of these ways or by its tier."""
    is_silenced: bool = False
    reject_media: bool = False
    reject_reports: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSummary:
    """A peer with what an administrator wants to see beside it."""

    peer: Peer
    accounts_count: int
    deliveries_waiting: int
    deliveries_dead: int
    oldest_waiting_at: datetime | None
    next_try_at: datetime | None


@lru_cache(maxsize=4096)
def lineage(domain: str) -> tuple[str, ...]:
    """A domain and the hosts above it, the closest first: ``a.b.c:80``, ``a.b.c``, ``b.c``, ``c``.

    What is said of one of them by a block holds for the domain.
    """
    host, _, port = domain.rpartition(":")
    if not port.isdigit():
        host = domain
    labels = host.split(".")
    above = [".".join(labels[number:]) for number in range(len(labels))]
    return tuple(dict.fromkeys([domain, *above]))
