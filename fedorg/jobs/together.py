"""Writes of one kind that come at the same time, made as one: each waits until all of them are committed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """Hands what is added to ``write``; what comes while that is under way is written next, at once and together.

    What ``write`` raises is raised to all whose things it was given.
    """

    def __init__(self, write: Callable[[Sequence[T]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: list[T] = []
        self._next: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    async def add(self, thing: T) -> None:
        """Return once it is written. Cancelling the caller gives up the answer, not the thing."""
        self._waiting.append(thing)
        if self._next is None:
            self._next = asyncio.create_task(self._write_next())
        await asyncio.shield(self._next)

    async def _write_next(self) -> None:
        if self._writing is not None:
            await asyncio.wait((self._writing,))
        self._writing, self._next = self._next, None
        waiting, self._waiting = self._waiting, []
        await self._write(waiting)
