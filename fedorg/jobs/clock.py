"""Whether the clock of a node was set: seen beside one that nobody sets.

Leases and due times are by the clock that all processes share. When it is set, each of them keeps the leases of all,
before it takes on more, so that those who are at something can renew what they hold; after a clock that ran ahead, what
waits is due; and nothing is forgotten for its age until the clock has run evenly for an hour.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

JUMP_SECONDS: Final = 5.0
"""What is less is a clock being adjusted, or a busy machine."""

STEADY_SECONDS: Final = 3600.0


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
