"""What a process freed goes back to the system.

The C library keeps freed memory that lies below something still in use, for what the process asks for next: after the
connections of a busy minute were closed, that is as much as all the rest. Where it can be asked to give that back, as
glibc can, it is asked every few seconds, which takes some milliseconds at most. Spec: malloc_trim(3).
"""

import asyncio
import ctypes
from typing import Final

_SECONDS: Final = 5.0
# The C library that this program runs with; others than glibc have nothing of that name.
_trim: Final = getattr(ctypes.CDLL(None), "malloc_trim", None)


async def give_back_regularly() -> None:
    """Give back what was freed, until cancelled."""
    while True:
        await asyncio.sleep(_SECONDS)
        give_back()


def give_back() -> None:
    """Give back what was freed; nothing, where the C library cannot."""
    if _trim is not None:
        _trim(0)
