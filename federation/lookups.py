"""What addresses a name has, by the resolver of the system, on threads that nobody waits for.

A lookup holds its thread until the system gives up, half a minute where the servers of a name are silent, however long
ago the caller did. The threads of an event loop are a handful, and others need them; and a process would not end before
all that it once asked is answered.
"""

import asyncio
import errno
import socket
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Final, TypeAlias

Lookup: TypeAlias = Callable[[str], Awaitable[list[str]]]

LOOKUPS_MAX: Final = 256

_places: Final = threading.BoundedSemaphore(LOOKUPS_MAX)


async def system_lookup(host: str) -> list[str]:
    """All addresses of a host; ``OSError`` when there is none, or ``LOOKUPS_MAX`` names wait for an answer already."""
    if not _places.acquire(blocking=False):
        raise OSError(errno.EAGAIN, "too many names are being looked up")
    asked: Future[list[str]] = Future()
    # Whoever gives up cannot call it back any more.
    asked.set_running_or_notify_cancel()

    def ask() -> None:
        problem: Exception | None = None
        found: list[str] = []
        try:
            known = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found = [str(address[0]) for *_, address in known]
        except Exception as raised:  # noqa: BLE001 - it belongs to the caller, who gets it
            problem = raised
        _places.release()
        if problem is None:
            asked.set_result(found)
        else:
            asked.set_exception(problem)

    threading.Thread(target=ask, name="lookup", daemon=True).start()
    return await asyncio.wrap_future(asked)
