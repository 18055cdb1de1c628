"""What a running server is made of, built once by ``app.open_node`` and passed explicitly.

Only views, jobs, services and handlers see a ``Node``; stores, serialisers, values and the protocol library never do
(linted), so that it cannot become a bag that everybody reaches into.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Concatenate, Final, Generic, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection

from federation.client import Client
from federation.errors import FetchError
from federation.keys import SigningKey, VerificationKey
from fedorg.computing import Computing
from fedorg.config import Settings
from fedorg.domain.accounts import Account
from fedorg.domain.instance import Counts, Week
from fedorg.domain.ip_blocks import BlockedNetworks
from fedorg.domain.oauth import Credentials
from fedorg.domain.statuses import Status
from fedorg.ids import AccountId, IdSource
from fedorg.media import Storage
from fedorg.metrics import Metrics
from fedorg.store.engine import Database, Turn
from fedorg.uris import Uris

__all__ = ["FetchError", "Node", "Resolver", "Turn"]

INSPECTIONS_MAX: Final = 2
DECODERS_MAX: Final = 2
CREDENTIALS_MAX: Final = 512
RUSH_GAP_SECONDS: Final = 0.05
RUSH_SECONDS: Final = 1.0
RUSH_EVERY_SECONDS: Final = 10.0

P = ParamSpec("P")
T = TypeVar("T")


class Resolver(Protocol):
    """Finds what lives elsewhere, for services that must not speak ActivityPub themselves.

    They raise ``NotFound`` when there is no such thing, or it may not be reached from this node; for accounts
    ``NotFederated`` where that is why.
    """

    async def account(self, node: "Node", name: str) -> Account:
        """The account with a handle (``user@domain``, a leading @ allowed) or an identity, fetched if need be."""
        ...

    async def fresh_account(self, node: "Node", name: str) -> Account:
        """The same, as its own server shows it at this moment."""
        ...

    async def node_actor(self, node: "Node", domain: str) -> Account:
        """The actor that speaks for another node, whatever that is to this one; ``Unavailable`` while it is ill."""
        ...

    async def status(self, node: "Node", uri: str) -> Status:
        """The status with an identity or page address, fetched if need be."""
        ...


@dataclass(slots=True)
class HeldNetworks:
    """Blocked networks as this process read them last, at ``read_at`` of the monotonic clock; None before that.

    ``rows`` are what they were made of.
    """

    networks: BlockedNetworks | None = None
    rows: Sequence[object] = ()
    read_at: float = 0.0


@dataclass(slots=True)
class HeldCredentials:
    """What tokens stood for, by their hashes, at one version of the database; good for that version alone."""

    version: Hashable | None = None
    found: dict[str, Credentials] = field(default_factory=dict)

    def keep(self, version: Hashable, token_hash: str, credentials: Credentials) -> None:
        """Keep one more; those of another version, and all when they are too many, are let go."""
        if self.version != version or len(self.found) >= CREDENTIALS_MAX:
            self.version, self.found = version, {}
        self.found[token_hash] = credentials


@dataclass(slots=True)
class Held(Generic[T]):
    """What the node counted about itself, as it is told until a moment."""

    value: T | None = None
    until: datetime | None = None

    def at(self, now: datetime, longest: timedelta) -> T | None:
        """What is held, unless it is older than ``longest``, also by a clock that was set back since."""
        is_told = self.until is not None and now < self.until <= now + longest
        return self.value if is_told else None


@dataclass(slots=True)
class Rush:
    """Activities that come close upon each other: for a moment they are taken first, and handled after that.

    Times are by the monotonic clock. It is one second in ten at most, so that handling never falls behind for long.
    """

    began_at: float = -RUSH_EVERY_SECONDS
    latest_at: float = -RUSH_EVERY_SECONDS

    def note(self) -> None:
        """One more was taken."""
        self.latest_at = monotonic()
        if self.latest_at - self.began_at >= RUSH_EVERY_SECONDS:
            self.began_at = self.latest_at

    @property
    def is_on(self) -> bool:
        """Whether more of them are likely to come within moments."""
        now = monotonic()
        is_alone = self.latest_at == self.began_at
        return not is_alone and now - self.latest_at < RUSH_GAP_SECONDS and now - self.began_at < RUSH_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One running server. ``now`` gives aware UTC in whole milliseconds; tests set the clock.

    ``signing_keys`` keeps parsed private keys: parsing one costs a hundred signatures. ``asked_keys`` says when a peer
    was last asked for a key, so that a forged signature cannot make this node ask again and again (S23);
    ``asking_keys`` holds what is being fetched, for all who wait for it. ``asked_followers`` says when a peer was last
    asked who follows one of its accounts. ``inspections`` has a place for each process that looks into an upload,
    ``decoders`` are the threads that make pictures, ``passwords`` those that compare them, and ``key_pairs`` those that
    make keys: whoever registers keeps nobody from signing in.
    ``blocked_networks`` saves a query per request, ``held_credentials`` one while nobody writes, ``held_counts`` and
    ``held_weeks`` what takes long to count. ``rush`` is what comes in while this process works. ``turn`` says whom its
    units of work are for, ``fence`` what those that write begin with.
    """

    settings: Settings
    db: Database
    client: Client
    ids: IdSource
    now: Callable[[], datetime]
    uris: Uris
    storage: Storage
    metrics: Metrics
    resolver: Resolver
    signing_keys: dict[AccountId, tuple[SigningKey, ...]] = field(default_factory=dict, repr=False)
    asked_keys: dict[str, datetime] = field(default_factory=dict, repr=False)
    asking_keys: dict[str, asyncio.Task[tuple[VerificationKey, Account]]] = field(default_factory=dict, repr=False)
    asked_followers: dict[str, datetime] = field(default_factory=dict, repr=False)
    inspections: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(INSPECTIONS_MAX), repr=False)
    decoders: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(DECODERS_MAX, thread_name_prefix="decoder"), repr=False
    )
    passwords: Computing = field(default_factory=Computing, repr=False)
    key_pairs: Computing = field(default_factory=Computing, repr=False)
    blocked_networks: HeldNetworks = field(default_factory=HeldNetworks, repr=False)
    held_credentials: HeldCredentials = field(default_factory=HeldCredentials, repr=False)
    held_counts: Held[Counts] = field(default_factory=Held, repr=False)
    held_weeks: Held[list[Week]] = field(default_factory=Held, repr=False)
    rush: Rush = field(default_factory=Rush, repr=False)
    turn: Turn = Turn.PEOPLE
    fence: Callable[[Connection], None] | None = None

    def working_for(self, turn: Turn) -> "Node":
        """This very node, for those who work for others than people: its units let theirs go first."""
        return replace(self, turn=turn)

    def behind(self, fence: Callable[[Connection], None]) -> "Node":
        """This very node, whose units that write call ``fence`` first: where it raises, they write nothing."""
        return replace(self, fence=fence)

    async def read(self, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``unit(conn, …)`` returns, from one consistent snapshot; it cannot write."""
        return await self.db.read_in_turn(self.turn, unit, *args, **kwargs)

    async def glance(self, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The same, for a few rows that are found by their keys: on the embedded database no thread is asked."""
        return await self.db.glance(self.turn, unit, *args, **kwargs)

    async def write(self, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``unit(conn, …)`` returns, once its one transaction is committed; raises what it raised."""
        return await self.db.write_in_turn(self.turn, self._fenced(unit), *args, **kwargs)

    async def jot(self, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The same, where a power cut may undo it and that does no harm: nothing waits for the disk."""
        return await self.db.jot(self.turn, self._fenced(unit), *args, **kwargs)

    def _fenced(self, unit: Callable[Concatenate[Connection, P], T]) -> Callable[Concatenate[Connection, P], T]:
        fence = self.fence
        if fence is None:
            return unit

        def fenced(conn: Connection, /, *args: P.args, **kwargs: P.kwargs) -> T:
            fence(conn)
            return unit(conn, *args, **kwargs)

        return fenced

    async def decode(self, make: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``make(…)`` makes of a picture, in its turn.

        The largest that is taken needs 400 megabytes, also when whoever sent it has gone.
        """
        return await asyncio.get_running_loop().run_in_executor(self.decoders, partial(make, *args, **kwargs))
