"""Several processes of one node, kept running: each serves the same socket, or works off jobs.

A process that ends is started again, at once the first time, later the more often it fails. When the supervisor itself
is killed, its processes end with it: each holds the reading end of a pipe of which the supervisor holds the other.
"""

import asyncio
import contextlib
import os
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
    reading, writing = os.pipe()
    try:
        async with asyncio.TaskGroup() as running:
            for program in programs:
                keeper = _Keeper(program, stop, (*inherited, reading), reading, grace_seconds, on_end)
                running.create_task(keeper.keep(), name=program.name)
    finally:
        os.close(reading)
        os.close(writing)


def end_with_parent(lifeline: int) -> None:
    """End this process as soon as the supervisor that handed in ``lifeline`` is gone: another may start any time."""

    def lost() -> None:
        os._exit(1)

    asyncio.get_running_loop().add_reader(lifeline, lost)


@dataclass(slots=True)
class _Keeper:
    program: Program
    stop: asyncio.Event
    inherited: tuple[int, ...]
    lifeline: int
    grace_seconds: float
    on_end: Callable[[int], None]

    async def keep(self) -> None:
        failures = 0
        while not self.stop.is_set():
            started = time.monotonic()
            process = await self._start()
            await self._until_end(process)
            self.on_end(process.pid)
            if self.stop.is_set():
                return
            failures = 0 if time.monotonic() - started > STEADY_SECONDS else failures + 1
            pause = min(FIRST_PAUSE_SECONDS * 2 ** (failures - 1), LONGEST_PAUSE_SECONDS) if failures > 1 else 0.0
            _log.warning("process.ended", name=self.program.name, code=process.returncode, again_in_seconds=pause)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.stop.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        words = (*self.program.words, "--lifeline", str(self.lifeline))
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "fedorg",
            *words,
            env=config.for_child(self.program.environment),
            pass_fds=self.inherited,
            # Ctrl-C in a terminal reaches the supervisor alone, which ends the others in order.
            start_new_session=True,
        )

    async def _until_end(self, process: asyncio.subprocess.Process) -> None:
        """Wait until the process has ended by itself, or because everything is to end."""
        ended = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(self.stop.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if ended.done():
            return
        process.terminate()
        try:
            async with asyncio.timeout(self.grace_seconds):
                await asyncio.shield(ended)
        except TimeoutError:
            _log.warning("process.killed", name=self.program.name)
            process.kill()
            await ended
