"""News that new rows may exist: what streams and job workers wait for instead of asking the database again and again.

A unit that wrote something others wait for says so with ``notify(conn)``; the news leaves with the commit, never before
it, and not at all if the unit is rolled back. It carries nothing: who is woken looks into the tables. News may come
for nothing (somebody else's rows) and several pieces may arrive as one, but none is lost between two waits.

Across processes it travels by ``PRAGMA data_version`` (SQLite, https://www.sqlite.org/pragma.html#pragma_data_version)
or by LISTEN and NOTIFY (PostgreSQL); see ``fedorg.store.sqlite`` and ``fedorg.store.postgresql``, which carry it.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, text

from fedorg.store.units import DatabaseClosed

CHANNEL: Final = "fedorg"

_ASKED: Final = "fedorg.notify"
_NOTIFY: Final = text("SELECT pg_notify(:channel, '')").bindparams(channel=CHANNEL)


def notify(conn: Connection) -> None:
    """Wake every subscriber of every process once this transaction is committed."""
    if conn.dialect.name == "postgresql":
        conn.execute(_NOTIFY)
    else:
        conn.info[_ASKED] = True


def take_request(conn: Connection) -> bool:
    """Whether a unit since the last call asked for news on this connection (SQLite, after the commit)."""
    return conn.info.pop(_ASKED, None) is not None


class Changes:
    """The news of one opened database. Lives on one event loop; ``signal`` is called there."""

    def __init__(self) -> None:
        self._number = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._closed = False
        self._start_carrier: Callable[[], None] | None = None

    @property
    def number(self) -> int:
        """Grows with every piece of news."""
        return self._number

    @property
    def wanted(self) -> bool:
        """Whether anybody waits at this moment."""
        return bool(self._waiting)

    def subscribe(self) -> "Subscription":
        """A new subscription; it hears of what is committed from now on."""
        return Subscription(self)

    def carry(self, start: Callable[[], None]) -> None:
        """Have ``start`` called whenever somebody begins to wait; it brings the news of other processes."""
        self._start_carrier = start

    def signal(self) -> None:
        """Something may have changed."""
        self._number += 1
        self._wake()

    def close(self) -> None:
        """End every wait."""
        self._closed = True
        self._wake()

    async def newer_than(self, number: int, timeout_seconds: float) -> int:
        """The newest number, at once if it is not ``number``, else when it changes or the time is over.

        Raises ``DatabaseClosed`` once the database is closed.
        """
        if self._closed:
            raise DatabaseClosed
        if self._number == number:
            await self._wait(timeout_seconds)
        return self._number

    async def _wait(self, timeout_seconds: float) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        if self._start_carrier is not None:
            self._start_carrier()
        try:
            await asyncio.wait((waiter,), timeout=timeout_seconds)
        finally:
            self._waiting.discard(waiter)
        if self._closed:
            raise DatabaseClosed

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)


class Subscription:
    """One listener's place in the news; needs no closing."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._seen = changes.number

    async def wait(self, timeout_seconds: float) -> bool:
        """True as soon as there is news since the last call (or since subscribing), False after ``timeout_seconds``.

        Raises ``DatabaseClosed`` when the database is closed, also while waiting.
        """
        newest = await self._changes.newer_than(self._seen, timeout_seconds)
        is_news = newest != self._seen
        self._seen = newest
        return is_news
