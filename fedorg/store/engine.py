"""The one way to the database: units of work, each one transaction on a database thread.

A unit is a plain function whose first parameter is ``conn``. It cannot await, so it can hold no transaction across the
network, and it never commits: it is committed when it returns and rolled back when it raises. On PostgreSQL a unit that
lost a deadlock is run again, so that a unit does nothing but database work and may be run twice.

``sqlite:///relative.db`` and ``sqlite:////absolute.db`` open the embedded database (``fedorg.store.sqlite``),
``postgresql://user:password@host/name`` a server's (``fedorg.store.postgresql``). Both keep the same promises.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from typing import Concatenate, Final, Literal, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from fedorg import errors
from fedorg.store.changes import Changes
from fedorg.store.postgresql import open_postgresql
from fedorg.store.sqlite import Synchronous, open_sqlite
from fedorg.store.units import DatabaseClosed

__all__ = ["Database", "DatabaseClosed", "DatabaseUnavailable", "Synchronous", "open_database"]

P = ParamSpec("P")
T = TypeVar("T")

READERS: Final = 4
POOL_SIZE: Final = 8


class DatabaseUnavailable(errors.Unavailable):
    """The database cannot be opened; the message says which one and why, without its password."""


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

    async def close(self) -> None:
        """Finish every unit handed over so far, then close all connections and end all threads.

        Units that come later get ``DatabaseClosed``. Calling it again waits for the same end.
        """
        ...


async def open_database(
    url: str, *, synchronous: Synchronous = "FULL", readers: int = READERS, pool_size: int = POOL_SIZE
) -> Database:
    """Open the database at ``url`` and check that it answers; the schema is not looked at (``migrate.check``).

    ``synchronous`` and ``readers`` (connections) are about SQLite: NORMAL may lose the last commits when the power
    fails. ``pool_size`` is the largest number of connections to PostgreSQL, beside one for news. Raises
    ``DatabaseUnavailable``, and ``ValueError`` for a URL of another kind.
    """
    opening = asyncio.create_task(_open(url, synchronous=synchronous, readers=readers, pool_size=pool_size))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        # Threads that are half-way up would outlive the caller and keep the interpreter from ending.
        with contextlib.suppress(errors.FedorgError, ValueError):
            await (await opening).close()
        raise


async def _open(url: str, *, synchronous: Synchronous, readers: int, pool_size: int) -> Database:
    try:
        parsed = make_url(url)
    except ArgumentError as problem:
        raise ValueError("the database URL cannot be read") from problem
    try:
        match parsed.get_backend_name():
            case "sqlite":
                return await open_sqlite(parsed, synchronous=synchronous, readers=readers)
            case "postgresql":
                return await open_postgresql(parsed, pool_size=pool_size)
            case other:
                raise ValueError(f"the database must be sqlite or postgresql, not {other}")
    except (OSError, sqlite3.Error, SQLAlchemyError) as problem:
        raise DatabaseUnavailable(f"cannot open the database {parsed}: {_reason(problem)}") from problem


def _reason(problem: Exception) -> str:
    """The driver's own words: SQLAlchemy's add the statement and a link."""
    return str(getattr(problem, "orig", None) or problem).strip()
