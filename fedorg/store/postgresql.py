"""A PostgreSQL server's database: psycopg connections used by a bounded pool of threads, a unit of work per hop.

A connection that gets free goes to whomever ``fedorg.store.units`` lets go first.

Writes run READ COMMITTED, reads on one snapshot that cannot write (REPEATABLE READ, READ ONLY). A unit that lost a
deadlock, a serialisation conflict, or to whoever deleted what it refers to or added what it adds since it looked, is
run again and sees that; so is one whose connection broke before its commit. After the commit was sent nobody can tell,
and the error is the caller's. Every session is in UTC and under a statement timeout; that of a process that stands
still in a transaction is ended after ten seconds, so that it keeps nobody waiting and its jobs are not done twice. A
pooler that hands transactions on to sessions of its own is refused, since news and prepared statements belong to a
session.
Spec: https://www.postgresql.org/docs/15/transaction-iso.html, https://www.postgresql.org/docs/15/sql-notify.html.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, Final, Literal, ParamSpec, TypeVar

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from fedorg import log
from fedorg.errors import Failing
from fedorg.store.changes import CHANNEL, Changes
from fedorg.store.units import Call, DatabaseClosed, Turn, Waiting

P = ParamSpec("P")
T = TypeVar("T")

ATTEMPTS_MAX: Final = 6
# serialization_failure, deadlock_detected, foreign_key_violation, unique_violation.
_LOST_TO_ANOTHER: Final = frozenset({"40001", "40P01", "23503", "23505"})
_SNAPSHOT: Final = text("SELECT CAST(pg_current_snapshot() AS text)")
_UNSYNCED: Final = text("SET LOCAL synchronous_commit = off")
_PAUSE_SECONDS: Final = 0.01
_DEAF_SECONDS: Final = 2.0
# Nothing but the node sets it, and a pooler lets it through only if it makes a session of it.
_MARK: Final = "fedorg.session"
_MARKED: Final = text(f"SELECT current_setting('{_MARK}', true) = 'own'")
_SESSION: Final = (
    f"-c {_MARK}=own -c timezone=UTC -c statement_timeout=30000 -c idle_in_transaction_session_timeout=10000 "
    "-c default_transaction_isolation=read\\ committed"
)
# A server that vanished without a word is noticed within half a minute, also by the connection that only listens.
_CONNECTION: Final = {
    "application_name": "fedorg",
    "client_encoding": "utf8",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}

logger = log.get_logger()


class NoSession(ConnectionError):
    """Connections do not get the settings they ask for: whatever hands them on has sessions of its own."""

    def __init__(self) -> None:
        super().__init__(
            "the node needs connections of its own, and gets those of a pooler such as PgBouncer: "
            "name the PostgreSQL server itself"
        )


class _Call(Call[T]):
    """One that says by which kind of connection it goes."""

    __slots__ = ("engine",)

    def __init__(
        self, unit: Callable[[Connection], T], turn: Turn, engine: Engine, *, is_reading: bool = False
    ) -> None:
        super().__init__(unit, turn, is_reading=is_reading)
        self.engine = engine


class PostgresqlDatabase:
    """See ``fedorg.store.engine.Database``; made by ``open_postgresql``."""

    dialect: Final[Literal["sqlite", "postgresql"]] = "postgresql"

    def __init__(self, engine: Engine, pool_size: int) -> None:
        self.changes = Changes()
        self.changes.carry(self._start_to_listen)
        self._writing = engine
        self._reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._waiting = Waiting[_Call[Any]]()
        self._threads = ThreadPoolExecutor(pool_size, thread_name_prefix="database")
        self._loop = asyncio.get_running_loop()
        self._listening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def read(self, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """See ``Database.read``."""
        return await self.read_in_turn(Turn.PEOPLE, unit, *args, **kwargs)

    async def read_in_turn(
        self, turn: Turn, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See ``Database.read_in_turn``."""
        if self._closing is not None:
            raise DatabaseClosed
        return await self._ask(_Call(lambda conn: unit(conn, *args, **kwargs), turn, self._reading, is_reading=True))

    async def glance(
        self, turn: Turn, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See ``Database.glance``."""
        return await self.read_in_turn(turn, unit, *args, **kwargs)

    async def write(self, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """See ``Database.write``."""
        return await self.write_in_turn(Turn.PEOPLE, unit, *args, **kwargs)

    async def write_in_turn(
        self, turn: Turn, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See ``Database.write_in_turn``."""
        if self._closing is not None:
            raise DatabaseClosed
        return await self._ask(_Call(lambda conn: unit(conn, *args, **kwargs), turn, self._writing))

    async def jot(
        self, turn: Turn, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See ``Database.jot``."""
        if self._closing is not None:
            raise DatabaseClosed

        def jotted(conn: Connection) -> T:
            conn.execute(_UNSYNCED)
            return unit(conn, *args, **kwargs)

        return await self._ask(_Call(jotted, turn, self._writing))

    async def version(self) -> str | None:
        """See ``Database.version``."""
        try:
            return await self.read(_snapshot)
        except (DatabaseClosed, DBAPIError, Failing):
            return None

    async def close(self) -> None:
        """See ``Database.close``."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            await asyncio.to_thread(self._threads.shutdown)
        finally:
            self.changes.close()
            if self._listening is not None:
                self._listening.cancel()
                await asyncio.wait((self._listening,))
            await asyncio.to_thread(self._writing.dispose)

    async def _ask(self, call: "_Call[T]") -> T:
        self._waiting.add(call)
        self._threads.submit(self._run_next)
        return await call.answer

    def _run_next(self) -> None:
        call = self._waiting.take()
        assert call is not None
        if call.abandoned and call.is_reading:
            return
        try:
            _run_until_settled(call.engine, call)
        except BaseException as problem:  # noqa: BLE001  it belongs to the caller, who gets it
            call.fail(problem)
        self._loop.call_soon_threadsafe(call.settle)

    def _start_to_listen(self) -> None:
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        """Turn notifications into news until the database is closed.

        What came while nobody listened is made up for by one piece of news when listening begins; while the server
        cannot be reached, subscribers are woken every few seconds to look for themselves.
        """
        _, parameters = self._writing.dialect.create_connect_args(self._writing.url)
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**parameters, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self.changes.signal()
                    async for _ in connection.notifies():
                        self.changes.signal()
            except (psycopg.Error, OSError) as problem:
                logger.warning("database.changes_unseen", error=str(problem).strip())
            await asyncio.sleep(_DEAF_SECONDS)
            self.changes.signal()


async def open_postgresql(url: URL, *, pool_size: int) -> PostgresqlDatabase:
    """Connect once, so that a wrong address or password, or a pooler, is known now."""
    engine = create_engine(
        session_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,
        # They are nobody's business in a log.
        hide_parameters=True,
    )
    database = PostgresqlDatabase(engine, pool_size)
    try:
        await database.read(require_session)
    except BaseException:
        await database.close()
        raise
    return database


def session_url(url: URL) -> URL:
    """``url`` with psycopg as driver and the settings of a session; what the administrator wrote in it wins."""
    given = dict(url.query)
    options = " ".join([_SESSION, str(given.pop("options", ""))]).strip()
    return url.set(drivername="postgresql+psycopg", query={**_CONNECTION, **given, "options": options})


def require_session(conn: Connection) -> None:
    """Raise ``NoSession`` unless the server took the settings of ``session_url``."""
    if not conn.execute(_MARKED).scalar_one():
        raise NoSession


def _snapshot(conn: Connection) -> str:
    """Which transactions are seen; two that are equal see the same."""
    snapshot: str = conn.execute(_SNAPSHOT).scalar_one()
    return snapshot


def _run_until_settled(engine: Engine, call: Call[Any]) -> None:
    """Run the unit as one transaction, anew if another transaction was in its way."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        is_committing = False
        try:
            with engine.connect() as conn, conn.begin():
                call.run(conn)
                is_committing = True
        except DBAPIError as problem:
            is_lost = getattr(problem.orig, "sqlstate", None) in _LOST_TO_ANOTHER
            is_cut_off = problem.connection_invalidated and not is_committing
            if attempt == ATTEMPTS_MAX or not (is_lost or is_cut_off):
                raise
        else:
            return
        # Those who fought over the rows should not meet again at the same moment.
        time.sleep(_PAUSE_SECONDS * 2**attempt * (0.5 + secrets.randbelow(1000) / 1000))
