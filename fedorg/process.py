"""What one process of a node has to itself: its number, from which the ids that it gives out are made.

A lock on a file in the data folder goes with the process, however it ends. Processes on several machines, which
PostgreSQL allows, have a data folder each and cannot see each other here: there the administrator gives the numbers.
"""

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator
from time import monotonic
from typing import IO, Final

from fedorg import log
from fedorg.config import Settings
from fedorg.errors import SettingsError

_EVERY_SECONDS: Final = 0.1
# Beyond the time that a process has to end in when it is told to.
_GRACE_SECONDS: Final = 5.0

_log = log.get_logger()


@contextlib.asynccontextmanager
async def numbered(settings: Settings) -> AsyncIterator[None]:
    """Have the number of the settings to oneself; whoever has it and is ending is waited for.

    Raises ``SettingsError`` when another process keeps it, or the data folder is none.
    """
    with _open(settings) as file:
        await _wait_for(file, settings.process_number, settings.shutdown_seconds + _GRACE_SECONDS)
        yield


def _open(settings: Settings) -> IO[bytes]:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / f"process-{settings.process_number}.lock").open("ab")
    except (FileExistsError, NotADirectoryError):
        raise SettingsError([f"data_dir: {folder} is not a folder"]) from None
    except OSError as error:
        raise SettingsError([f"data_dir: cannot write to {folder}: {error.strerror}"]) from None


async def _wait_for(file: IO[bytes], number: int, seconds: float) -> None:
    deadline = monotonic() + seconds
    if not _is_ours(file):
        _log.warning("process.number_taken", number=number, waiting_seconds=seconds)
    while not _is_ours(file):
        if monotonic() >= deadline:
            advice = "Stop it, or give this one a number of its own (FEDORG_PROCESS_NUMBER)."
            raise SettingsError([f"process_number: another process of this node has number {number} already. {advice}"])
        await asyncio.sleep(_EVERY_SECONDS)


def _is_ours(file: IO[bytes]) -> bool:
    """Whether the lock is held from now on; also where the file system knows no locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        _log.warning("process.number_unguarded", reason=error.strerror)
    return True
