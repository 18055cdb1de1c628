"""The way out of a client: one transport, loaded and opened with the first request.

What it stands on takes a fifth of a second to load and some megabytes, and many a command asks nobody for anything.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from federation.addresses import AddressPolicy
from federation.lookups import Lookup
from federation.places import Pool

if TYPE_CHECKING:
    from federation.transport import GuardedTransport


class WayOut:
    """One transport, opened with the first request."""

    def __init__(self, policy: AddressPolicy, ca_file: Path | None, pools: Mapping[str, Pool], lookup: Lookup) -> None:
        self._policy = policy
        self._ca_file = ca_file
        self._pools = pools
        self._lookup = lookup
        self._opening = asyncio.Lock()
        self._transport: GuardedTransport | None = None

    async def open(self) -> "GuardedTransport":
        """The transport; whoever comes first waits until it is loaded, beside the event loop."""
        return self._transport or await self._open()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            await self._transport.aclose()

    async def _open(self) -> "GuardedTransport":
        async with self._opening:
            make = await asyncio.to_thread(_load)
            self._transport = self._transport or make(self._policy, self._ca_file, self._pools, self._lookup)
            return self._transport


def _load() -> "type[GuardedTransport]":
    from federation.transport import GuardedTransport  # noqa: PLC0415 - that is what it is for

    return GuardedTransport
