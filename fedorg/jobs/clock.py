"""Whether the clock of a node was set, seen beside one that nobody sets; and whether its process stood still.

Leases and due times are by the clock that all processes share. When it is set, each of them keeps the leases of all,
before it takes on more, so that those who are at something can renew what they hold; after a clock that ran ahead, what
waits is due; and nothing is forgotten for its age until the clock has run evenly for an hour.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

JUMP_SECONDS: Final = 5.0
"""What is less is a clock being adjusted, or a busy machine."""

STEADY_SECONDS: Final = 3600.0
STILL_SECONDS: Final = 5.0
"""What is less is a busy machine."""


class ClockWatch:
    """Compares ``now`` with the monotonic clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._offset = self._measured()

    def look(self) -> float:
        """By how many seconds the clock was set since the last look: positive for ahead; 0 when it runs evenly."""
        offset = self._measured()
        jump = offset - self._offset
        self._offset = offset
        return jump if abs(jump) > JUMP_SECONDS else 0.0

    def _measured(self) -> float:
        return self._now().timestamp() - time.monotonic()


class Wakefulness:
    """Sees that a process was stopped, by what happens each second while it is not; moments are of the event loop."""

    def __init__(self) -> None:
        self._seen = self._woke = asyncio.get_running_loop().time()

    def look(self) -> None:
        """It is awake: to be called each second."""
        now = asyncio.get_running_loop().time()
        if now - self._seen > STILL_SECONDS:
            self._woke = now
        self._seen = now

    def was_lost_since(self, moment: float) -> bool:
        """Whether it stood still since a moment."""
        self.look()
        return self._woke > moment
