"""Two things at the same moment: one is done and not yet committed while the other runs into it."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy import Connection, text

from fedorg.node import Node
from fedorg.store.sqlite import SqliteDatabase

T = TypeVar("T")

_PATIENCE_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.01


async def meanwhile(
    node: Node,
    unit: Callable[[Connection], object],
    other: Awaitable[T],
    *,
    then: Callable[[Connection], object] | None = None,
    waiting: int = 1,
) -> T:
    """What ``other`` comes to when ``unit`` was there first, but commits only once ``other`` waits for it, or is done.

    Everything that ``other`` reads before it waits is from before ``unit``, which does ``then`` before it commits.
    Where ``other`` is several things, ``waiting`` says how many of them are to wait.
    """
    is_done, may_commit = threading.Event(), threading.Event()

    def held(conn: Connection) -> None:
        unit(conn)
        is_done.set()
        assert may_commit.wait(_PATIENCE_SECONDS)
        if then is not None:
            then(conn)

    first = asyncio.create_task(node.write(held))
    try:
        assert await asyncio.to_thread(is_done.wait, _PATIENCE_SECONDS)
        second = asyncio.ensure_future(other)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not second.done() and await count_waiting(node) < waiting:
            assert time.monotonic() < deadline, "neither waits nor ends"
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        may_commit.set()
        await first
    return await second


async def count_waiting(node: Node) -> int:
    """SQLite has one writer, and who waits for it stands in a queue; PostgreSQL tells who waits for a lock."""
    if isinstance(node.db, SqliteDatabase):
        return node.db._writes._calls.qsize()
    return await node.read(_count_locked)


def _count_locked(conn: Connection) -> int:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    found: int = conn.execute(text(waiting)).scalar_one()
    return found
