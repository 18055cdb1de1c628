"""What a process freed goes back to the system.

The C library keeps freed memory that lies below something still in use, for what the process asks for next: after the
connections of a busy minute were closed, that is as much as all the rest. Where it can be asked to give that back, as
glibc can, it is asked every few seconds, which takes some milliseconds at most. Spec: malloc_trim(3).

Objects that refer to each other in a ring, as those of a connection do, are free only when Python has looked for rings
among all that is not frozen, which it does by itself after a million objects: too late for a node that rests after a
crowd has gone. So it is done here, where anything was made that lasted, for a three hundredth of the time at most.
"""

import asyncio
import ctypes
import gc
from time import thread_time
from typing import Final

_SECONDS: Final = 5.0
_BETWEEN_SEARCHES_SECONDS: Final = 30.0
_SEARCHING_SHARE: Final = 300
# The C library that this program runs with; others than glibc have nothing of that name.
_trim: Final = getattr(ctypes.CDLL(None), "malloc_trim", None)


async def give_back_regularly() -> None:
    """Give back what was freed, until cancelled."""
    clock = asyncio.get_running_loop().time
    search_from = clock() + _BETWEEN_SEARCHES_SECONDS
    while True:
        await asyncio.sleep(_SECONDS)
        if clock() >= search_from and _has_made_what_lasted():
            search_from = clock() + max(_BETWEEN_SEARCHES_SECONDS, search() * _SEARCHING_SHARE)
        give_back()


def search() -> float:
    """Free what only refers to itself; how many seconds of processor time that took."""
    begun = thread_time()
    gc.collect()
    return thread_time() - begun


def give_back() -> None:
    """Give back what was freed; nothing, where the C library cannot."""
    if _trim is not None:
        _trim(0)


def _has_made_what_lasted() -> bool:
    """Whether anything has survived a small search since the last of all."""
    _, small, large = gc.get_count()
    return small + large > 0
