"""What a service manager as systemd hears of a node: that it answers, and that it still does something.

It names a socket, and the time after which it takes silence for a process that hangs, which it ends and starts again.
Where there is none nothing is said. Spec: sd_notify(3), sd_watchdog_enabled(3).
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Final

from fedorg import config, log

# Signs of life within the time after which silence is taken for a hang.
_BEATS: Final = 3

_log = log.get_logger()


@contextlib.contextmanager
def in_touch() -> Iterator[None]:
    """Say that the node answers, and within this block, as long as the event loop turns, that it lives."""
    address = config.notify_socket()
    if address is None:
        yield
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.settimeout(0)
        try:
            # A name that begins with @ is in no folder.
            line.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        except OSError as error:
            _log.warning("service_manager.unreachable", reason=error.strerror or str(error))
        _say(line, "READY=1")
        beating = asyncio.create_task(_beat(line), name="beating")
        try:
            yield
        finally:
            beating.cancel()


async def _beat(line: socket.socket) -> None:
    seconds = config.watchdog_seconds(os.getpid())
    while seconds is not None:
        _say(line, "WATCHDOG=1")
        await asyncio.sleep(seconds / _BEATS)


def _say(line: socket.socket, words: str) -> None:
    # Whoever does not listen now hears the next one.
    with contextlib.suppress(OSError):
        line.send(words.encode())
