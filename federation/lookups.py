"""What addresses a name has, by the resolver of the system, on threads that nobody waits for.

A lookup holds its thread until the system gives up, half a minute where the servers of a name are silent, however long
ago the caller did. The threads of an event loop are a handful, and others need them; and a process would not end before
all that it once asked is answered.
"""

import asyncio
import contextlib
import errno
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

Lookup: TypeAlias = Callable[[str], Awaitable[list[str]]]

LOOKUPS_MAX: Final = 256

_places: Final = threading.BoundedSemaphore(LOOKUPS_MAX)


async def system_lookup(host: str) -> list[str]:
    """All addresses of a host; ``OSError`` when there is none, or ``LOOKUPS_MAX`` names wait for an answer already."""
    if not _places.acquire(blocking=False):
        raise OSError(errno.EAGAIN, "too many names are being looked up")
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def ask() -> None:
        settle: Callable[[Any], None]
        outcome: object
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            settle, outcome = answer.set_result, [str(address[0]) for *_, address in found]
        except Exception as problem:  # noqa: BLE001 - it belongs to the caller, who gets it
            settle, outcome = answer.set_exception, problem
        _places.release()
        # The event loop may have ended meanwhile.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if answer.done() else settle(outcome))

    threading.Thread(target=ask, name="lookup", daemon=True).start()
    return await answer
