"""What costs a processor tens of milliseconds, passwords on purpose: on threads of its own, and bounded.

Whoever guesses passwords or registers from a thousand addresses takes a part of the machine, and not what files and
threads of statuses wait for.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

from fedorg.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

WAITING_MAX: Final = 100


class Computing:
    """Half of the processors, and a line in front of them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2), thread_name_prefix="computing")
        self._waiting = 0

    async def run(self, make: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``make(…)`` gives, in its turn; ``Unavailable`` where too many wait already."""
        if self._waiting >= WAITING_MAX:
            raise Unavailable("Too many people want to come in right now. Please try again in a moment!")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, partial(make, *args, **kwargs))
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
