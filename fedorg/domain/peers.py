"""Other servers, and what this node knows of them."""

from dataclasses import dataclass
from datetime import datetime

from fedorg.domain.visibility import Tier


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSummary:
    """A peer with what an administrator wants to see beside it."""

    peer: Peer
    accounts_count: int
    deliveries_waiting: int
    deliveries_dead: int
    oldest_waiting_at: datetime | None
    next_try_at: datetime | None
