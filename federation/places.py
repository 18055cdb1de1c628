"""How much may be under way at once: bounds on requests of one kind, the places they take, and how far each came."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """How far one request came."""

    is_sent: bool = False
    is_reused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Bounds on requests of one kind: how many are under way at once, and how many hosts keep a connection that waits.

    Each request under way has a connection of its own; one that waits takes about 60 KiB.
    """

    connections_max: int = 320
    connections_per_host_max: int = 8
    hosts_kept_max: int = 512
    keepalive_seconds: float = 15.0


@dataclass(slots=True)
class _Host:
    """The places at one host; gone when nobody has or wants one."""

    places: asyncio.Semaphore
    wanted: int = 0


class Places:
    """Lets only so many requests be under way at a time, in all and at one host; others wait."""

    def __init__(self, pool: Pool) -> None:
        self._all = asyncio.Semaphore(pool.connections_max)
        self._per_host_max = pool.connections_per_host_max
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def taken(self, name: str) -> AsyncIterator[None]:
        """Have a place at a host while the block runs."""
        host = self._hosts.setdefault(name, _Host(asyncio.Semaphore(self._per_host_max)))
        host.wanted += 1
        try:
            async with host.places, self._all:
                yield
        finally:
            host.wanted -= 1
            if not host.wanted:
                del self._hosts[name]
