"""Several processes of one node, kept running: each serves the same socket, or works off jobs.

A process that ends is started again, at once the first time, later the more often it fails; one that hangs is ended
first, since it may hold the database's lock and connections of clients. Each has a line to the supervisor, by which
the one learns that the other still does something, and the other that the supervisor was killed, and ends as well.
"""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fedorg import config, log

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""Whoever ran for so long is started again at once."""
BEAT_SECONDS: Final = 2.0
HUNG_SECONDS: Final = 30
"""Whoever showed no sign of life for so long hangs: the leases of its jobs are over as well."""
STARTING_SECONDS: Final = 120
"""The first sign of life may take so much longer than an end may."""

_log = log.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A process to keep running: its name in the log, the words after ``python -m fedorg``, what it is told."""

    name: str
    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


async def supervise(
    programs: Sequence[Program],
    stop: asyncio.Event,
    *,
    inherited: Sequence[int],
    grace_seconds: float,
    on_end: Callable[[int], None] = lambda _pid: None,
) -> None:
    """Keep all programs running until ``stop`` is set; then let them end, and end those that do not in time.

    ``inherited`` are descriptors they get under their own numbers. ``on_end`` is told the number of each that ended.
    """
    async with asyncio.TaskGroup() as running:
        for program in programs:
            keeper = _Keeper(program, stop, inherited, grace_seconds, on_end)
            running.create_task(keeper.keep(), name=program.name)


def hold_on(lifeline: int) -> None:
    """Show the supervisor that handed in ``lifeline`` signs of life from now on, and end this process with it.

    It ends as soon as the supervisor is gone: another may start any time.
    """
    loop = asyncio.get_running_loop()
    os.set_blocking(lifeline, False)

    def lost() -> None:
        os._exit(1)

    def beat() -> None:
        # A supervisor that stands still takes none, and needs none.
        with contextlib.suppress(OSError):
            os.write(lifeline, b".")
        loop.call_later(BEAT_SECONDS, beat)

    loop.add_reader(lifeline, lost)
    beat()


@dataclass(slots=True)
class _Keeper:
    program: Program
    stop: asyncio.Event
    inherited: Sequence[int]
    grace_seconds: float
    on_end: Callable[[int], None]

    async def keep(self) -> None:
        failures = 0
        while not self.stop.is_set():
            started = time.monotonic()
            line, lifeline = socket.socketpair()
            with line:
                with lifeline:
                    process = await self._start(lifeline.fileno())
                await self._until_end(process, line)
            self.on_end(process.pid)
            if self.stop.is_set():
                return
            failures = 0 if time.monotonic() - started > STEADY_SECONDS else failures + 1
            pause = min(FIRST_PAUSE_SECONDS * 2 ** (failures - 1), LONGEST_PAUSE_SECONDS) if failures > 1 else 0.0
            _log.warning("process.ended", name=self.program.name, code=process.returncode, again_in_seconds=pause)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.stop.wait()

    async def _start(self, lifeline: int) -> asyncio.subprocess.Process:
        words = (*self.program.words, "--lifeline", str(lifeline))
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "fedorg",
            *words,
            env=config.for_child(self.program.environment),
            pass_fds=(*self.inherited, lifeline),
            # Ctrl-C in a terminal reaches the supervisor alone, which ends the others in order.
            start_new_session=True,
        )

    async def _until_end(self, process: asyncio.subprocess.Process, line: socket.socket) -> None:
        """Wait until the process has ended by itself, or because it hangs, or everything is to end."""
        ended = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(self.stop.wait())
        hanging = asyncio.create_task(_until_silent(line, STARTING_SECONDS + self.grace_seconds))
        done, _ = await asyncio.wait({ended, stopping, hanging}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        hanging.cancel()
        if ended in done:
            return
        if stopping not in done:
            _log.error("process.hung", name=self.program.name, seconds=hanging.result())
            process.kill()
            await ended
            return
        process.terminate()
        try:
            async with asyncio.timeout(self.grace_seconds):
                await asyncio.shield(ended)
        except TimeoutError:
            _log.warning("process.killed", name=self.program.name)
            process.kill()
            await ended


async def _until_silent(line: socket.socket, patience: float) -> int:
    """Wait until no sign of life came for too long, in seconds that this process was awake; how many they were.

    ``patience`` is how long the first may take. Where the whole machine, or all of the node, stood still, nobody hangs.
    """
    line.settimeout(0)
    silent = 0
    while silent < patience:
        await asyncio.sleep(1)
        silent += 1
        with contextlib.suppress(BlockingIOError):
            line.recv(4096)
            patience, silent = HUNG_SECONDS, 0
    return silent
