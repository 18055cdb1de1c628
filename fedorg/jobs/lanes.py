"""Places for jobs that wait for other servers, and which lanes of the queue kept them waiting lately.

A job holds its place only while it is quick: later it waits for somebody else, and costs a connection and nothing else.
The lane of one that was not is slow until one of its jobs is quick again, or some minutes are over: all slow lanes
together have a share of what may be held, so that those who answer find room however many do not.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

QUICK_SECONDS: Final = 1.0
SLOW_SECONDS: Final = 300.0
"""For so long a lane is taken to be slow, without another try."""
SLOW_LANES_MAX: Final = 1000


class Lanes:
    """The places of one worker; moments are by the clock of the event loop."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        # The one that is over first comes first.
        self._slow_until: dict[str, float] = {}

    @contextlib.asynccontextmanager
    async def place(self, lane: str | None) -> AsyncIterator[None]:
        """Hold a place while the block runs, and give it back before if it is not quick."""
        await self._places.acquire()
        is_quick = True

        def be_slow() -> None:
            nonlocal is_quick
            is_quick = False
            self._places.release()
            self._add(lane)

        patience = asyncio.get_running_loop().call_later(QUICK_SECONDS, be_slow)
        try:
            yield
        finally:
            patience.cancel()
            if is_quick:
                self._places.release()
                self._slow_until.pop(lane or "", None)

    def slow(self) -> frozenset[str]:
        """The lanes that are slow now."""
        now = asyncio.get_running_loop().time()
        while self._slow_until and next(iter(self._slow_until.values())) <= now:
            self._forget_first()
        return frozenset(self._slow_until)

    def _add(self, lane: str | None) -> None:
        if lane is None:
            return
        self._slow_until.pop(lane, None)
        self._slow_until[lane] = asyncio.get_running_loop().time() + SLOW_SECONDS
        if len(self._slow_until) > SLOW_LANES_MAX:
            self._forget_first()

    def _forget_first(self) -> None:
        del self._slow_until[next(iter(self._slow_until))]
