"""The one way to the database: units of work, each one transaction on a database thread, or a short read without one.

A unit is a plain function whose first parameter is ``conn``. It cannot await, so it can hold no transaction across the
network, and it never commits: it is committed when it returns and rolled back when it raises. On PostgreSQL a unit that
lost to another one, of which it saw nothing, is run again, so that it does nothing but database work and may run twice.

``sqlite:///relative.db`` and ``sqlite:////absolute.db`` open the embedded database (``fedorg.store.sqlite``),
``postgresql://user:password@host/name`` a server's (``fedorg.store.postgresql``). Both keep the same promises.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Hashable
from typing import Concatenate, Final, Literal, ParamSpec, Protocol, TypeVar

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from fedorg import errors
from fedorg.store.changes import Changes
from fedorg.store.sqlite import Synchronous, open_sqlite
from fedorg.store.units import DatabaseClosed, Turn

__all__ = ["Database", "DatabaseClosed", "DatabaseUnavailable", "Synchronous", "Turn", "open_database", "parse_url"]

P = ParamSpec("P")
T = TypeVar("T")

READERS: Final = 4
POOL_SIZE: Final = 8


class DatabaseUnavailable(errors.Unavailable):
    """The database cannot be opened, or used; the message says which one and why, without its password."""

    def __init__(self, url: URL, problem: BaseException) -> None:
        super().__init__(f"cannot use the database {without_secrets(url)}: {reason_of(problem)}")


class Database(Protocol):
    """An opened database. Lives on the event loop that opened it."""

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        """The kind of SQL it speaks, for the few statements that differ."""
        ...

    @property
    def changes(self) -> Changes:
        """News of commits that asked for it, of this process and of others."""
        ...

    async def read(self, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``unit(conn, …)`` on one snapshot of what is committed; it cannot write.

        What ``write`` has answered before is in the snapshot.
        """
        ...

    async def write(self, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``unit(conn, …)`` as one transaction and return its result after the commit.

        What was returned survives a crash. What the unit raises is raised here, and then nothing of it is stored.
        Cancelling the caller gives up the answer, not the unit: it still runs and commits. When the connection breaks
        during the commit itself, the error says nothing about whether the unit is stored.
        """
        ...

    async def read_in_turn(
        self, turn: Turn, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Read likewise, after those who go first; ``read`` is for people."""
        ...

    async def glance(
        self, turn: Turn, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Read likewise what an index finds at once: a few rows by their keys, never a list.

        The event loop may wait for it.
        """
        ...

    async def write_in_turn(
        self, turn: Turn, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Write likewise, after those who go first; ``write`` is for people."""
        ...

    async def jot(
        self, turn: Turn, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Write likewise what is done again where it is lost, as that something is under way, or done.

        It survives the death of the process, and a power cut if a ``write`` was answered after it. Nothing waits for
        the disk, which is most of what a small transaction costs.
        """
        ...

    async def version(self) -> Hashable | None:
        """What stays equal only as long as nothing is committed, by this process or any other; None when nobody knows.

        What ``write`` has answered before has changed it.
        """
        ...

    async def close(self) -> None:
        """Finish every unit handed over so far, then close all connections and end all threads.

        Units that come later get ``DatabaseClosed``. Calling it again waits for the same end.
        """
        ...


async def open_database(
    url: str, *, synchronous: Synchronous = "full", readers: int = READERS, pool_size: int = POOL_SIZE
) -> Database:
    """Open the database at ``url`` and check that it answers; the schema is not looked at (``migrate.check``).

    ``synchronous`` and ``readers`` (connections) are about SQLite: NORMAL may lose the last commits when the power
    fails. ``pool_size`` is the largest number of connections to PostgreSQL, beside one for news. Raises
    ``DatabaseUnavailable``, and ``ValueError`` for a URL of another kind.
    """
    opening = asyncio.create_task(_open(parse_url(url), synchronous=synchronous, readers=readers, pool_size=pool_size))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        # Threads that are half-way up would outlive the caller and keep the interpreter from ending.
        with contextlib.suppress(DatabaseUnavailable, ValueError):
            await (await opening).close()
        raise


def parse_url(url: str) -> URL:
    """``url`` in its parts; ``ValueError`` unless it is of one of the two kinds."""
    try:
        parsed = make_url(url)
    except ArgumentError as problem:
        raise ValueError("the database URL cannot be read") from problem
    if parsed.drivername not in {"sqlite", "postgresql"}:
        raise ValueError(f"the database URL must begin with sqlite: or postgresql:, not {parsed.drivername}:")
    return parsed


def reason_of(problem: BaseException) -> str:
    """The driver's own words: SQLAlchemy's add the statement and a link, and PostgreSQL's where in it the fault is."""
    original = getattr(problem, "orig", None) or problem
    return str(getattr(getattr(original, "diag", None), "message_primary", None) or original).strip()


def without_secrets(url: URL) -> str:
    """The address for an administrator: no password is in it, wherever it was."""
    hidden = {name: "***" for name in url.query if "password" in name}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


async def _open(url: URL, *, synchronous: Synchronous, readers: int, pool_size: int) -> Database:
    try:
        if url.get_backend_name() == "sqlite":
            return await open_sqlite(url, synchronous=synchronous, readers=readers)
        from fedorg.store.postgresql import open_postgresql  # noqa: PLC0415 - the driver is loaded by those who use it

        return await open_postgresql(url, pool_size=pool_size)
    except errors.Failing as problem:
        raise DatabaseUnavailable(url, problem.__cause__ or problem) from problem
    except (OSError, sqlite3.Error, SQLAlchemyError) as problem:
        raise DatabaseUnavailable(url, problem) from problem
