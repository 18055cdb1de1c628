"""The embedded database: SQLite in WAL mode, one writer and a few readers, each on a thread of its own.

aiosqlite owns every connection and its thread; SQLAlchemy Core runs inside that thread on the connection opened there,
so that a unit costs one hop, however many statements it makes. All connections share one SQLAlchemy engine, and with
it the compiled statements.

Writers of several processes exclude each other from their first statement on (``BEGIN IMMEDIATE``), so that no unit
finds out at its end that another one was there first. The writer runs the units that wait together in one transaction,
each in its own savepoint, and answers them after the commit: one fsync serves all of them. Who goes first among them is
said in ``fedorg.store.units``.

Reads that are short, as most are, are made at once by the thread of the event loop itself (``Witness``, and
``fedorg.store.pace`` for which they are): threads that take turns at Python cost each other more than they gain. The
others, and those of jobs, are taken one after another by one reader; only when nothing was read for a while does
another begin, so that a long one keeps nobody waiting.
Spec: https://www.sqlite.org/wal.html, https://www.sqlite.org/lang_transaction.html.
"""

import asyncio
import contextlib
import os
import sqlite3
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import monotonic, perf_counter, thread_time
from typing import Any, Concatenate, Final, Literal, ParamSpec, TypeAlias, TypeVar

import aiosqlite
from sqlalchemy import URL, Connection, Engine, NullPool, RootTransaction, create_engine, event
from sqlalchemy.exc import DBAPIError

from fedorg import log
from fedorg.store import driver
from fedorg.store.changes import Changes, take_request
from fedorg.store.pace import Pace, Paces
from fedorg.store.units import Call, DatabaseClosed, Turn, Waiting

Synchronous: TypeAlias = Literal["full", "normal"]

P = ParamSpec("P")
T = TypeVar("T")

GROUP_MAX: Final = 64
_GROUP_SECONDS: Final = 0.02
_BUSY_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 0.01
_TOGETHER_SECONDS: Final = 0.002
_BEGIN: Final = "fedorg_begin"
_STATEMENTS_CACHED: Final = 512
# A step of SQLite's machine takes some hundredths of a microsecond. https://www.sqlite.org/c3ref/progress_handler.html
_STEPS: Final = 10_000
_STEPS_MAX: Final = 150_000
_READ_HERE_SECONDS: Final = 0.004
_FOR_ALL: Final = ("foreign_keys = ON", "temp_store = MEMORY", "cache_size = -8000")
_FOR_READING: Final = (*_FOR_ALL, "query_only = ON")
_SYNCHRONOUS: Final = "fedorg.synchronous"
_VERSION: Final = "PRAGMA data_version"

logger = log.get_logger()


class SqliteDatabase:
    """See ``fedorg.store.engine.Database``; made by ``open_sqlite``."""

    dialect: Final[Literal["sqlite", "postgresql"]] = "sqlite"

    def __init__(
        self,
        writer: "DatabaseThread",
        readers: Sequence["DatabaseThread"],
        data_version: int,
        witness: "Witness",
        synchronous: Synchronous,
    ) -> None:
        self.changes = Changes()
        self.changes.carry(self._watch)
        self._writer = writer
        self._readers = readers
        self._witness = witness
        self._synchronous: Synchronous = synchronous
        self._idle_readers = list(readers)
        self._writes = Waiting[Call[Any]]()
        self._reads = Waiting[Call[Any]]()
        self._is_writing = False
        self._read_at = 0.0
        self._paces = Paces()
        self._read_for = 0.0
        self._relief: asyncio.TimerHandle | None = None
        self._draining: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._data_version = data_version
        self._closing: asyncio.Task[None] | None = None

    async def read(self, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """See ``Database.read``."""
        return await self.read_in_turn(Turn.PEOPLE, unit, *args, **kwargs)

    async def read_in_turn(
        self, turn: Turn, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See ``Database.read_in_turn``."""
        pace = None if turn is Turn.JOBS else self._paces.of(unit)
        if pace is not None and pace.is_short and self._closing is None:
            try:
                return await self._read_here(pace, lambda conn: unit(conn, *args, **kwargs))
            except (sqlite3.Error, DBAPIError):
                # It was too long after all, or it would have to wait.
                pace.bar()
        timed = _timed(pace, lambda conn: unit(conn, *args, **kwargs))
        return await self._read_aside(Call(timed, turn, is_reading=True))

    async def _read_here(self, pace: Pace, unit: Callable[[Connection], T]) -> T:
        """Read on the thread of the event loop, and let others have their turn after some milliseconds of it."""
        processor, clock = thread_time(), perf_counter()
        try:
            return self._witness.read(unit)
        finally:
            elapsed = perf_counter() - clock
            pace.note(thread_time() - processor)
            pace.note_wait(elapsed)
            self._read_for += elapsed
            if self._read_for >= _READ_HERE_SECONDS:
                self._read_for = 0.0
                await asyncio.sleep(0)

    async def _read_aside(self, call: Call[T]) -> T:
        if self._closing is not None:
            raise DatabaseClosed
        self._reads.add(call)
        if len(self._idle_readers) == len(self._readers):
            self._start_reader()
        elif self._relief is None and self._idle_readers:
            self._wait_for_relief()
        return await call.answer

    async def glance(
        self, turn: Turn, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See ``Database.glance``. No thread is asked: to go there and back takes longer than what is read."""
        if self._closing is not None:
            raise DatabaseClosed
        try:
            return self._witness.read(unit, *args, **kwargs)
        except (sqlite3.Error, DBAPIError):
            # It waits for nobody; a reader waits, and says what is wrong if that does not help.
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
        return await self._add_write(Call(lambda conn: unit(conn, *args, **kwargs), turn))

    async def jot(
        self, turn: Turn, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See ``Database.jot``."""
        if self._closing is not None:
            raise DatabaseClosed
        return await self._add_write(Call(lambda conn: unit(conn, *args, **kwargs), turn, is_jotted=True))

    async def version(self) -> int | None:
        """See ``Database.version``. Takes microseconds and waits for nobody, so that no thread is asked."""
        try:
            return self._witness.version()
        except sqlite3.Error:
            # Somebody holds the whole file, or it is closed.
            return None

    async def close(self) -> None:
        """See ``Database.close``."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            while self._draining:
                await asyncio.wait(self._draining)
            self.changes.close()
            if self._watching is not None:
                self._watching.cancel()
                await asyncio.wait((self._watching,))
        finally:
            self._witness.close()
            await close_threads(self._readers)
            await close_threads([self._writer])

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)

    async def _add_write(self, call: Call[T]) -> T:
        self._writes.add(call)
        if not self._is_writing:
            self._is_writing = True
            self._keep(asyncio.create_task(self._drain_writes()))
        return await call.answer

    async def _drain_writes(self) -> None:
        try:
            while self._writes:
                group, is_news = await self._writer.run(_run_group, self._writes, self._synchronous)
                for call in group:
                    call.settle()
                if is_news:
                    self.changes.signal()
        finally:
            self._is_writing = False

    def _start_reader(self) -> None:
        self._read_at = asyncio.get_running_loop().time()
        self._keep(asyncio.create_task(self._drain_reads(self._idle_readers.pop())))

    def _wait_for_relief(self) -> None:
        self._relief = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._relieve)

    def _relieve(self) -> None:
        """Start another reader where those that run are busy with something long, and look again while any waits."""
        self._relief = None
        if not (self._reads and self._idle_readers):
            return
        if asyncio.get_running_loop().time() - self._read_at >= _PATIENCE_SECONDS:
            self._start_reader()
        self._wait_for_relief()

    async def _drain_reads(self, reader: "DatabaseThread") -> None:
        try:
            while self._reads:
                for call in await reader.run(_run_reads, self._reads):
                    call.settle()
                self._read_at = asyncio.get_running_loop().time()
        finally:
            self._idle_readers.append(reader)

    def _watch(self) -> None:
        if self._watching is None:
            self._watching = asyncio.create_task(self._poll_while_wanted())

    async def _poll_while_wanted(self) -> None:
        """Bring the news of other processes; the commits of the writer's own connection do not show here."""
        try:
            while self.changes.wanted:
                version = await self._writer.run(_data_version)
                if version != self._data_version:
                    self._data_version = version
                    self.changes.signal()
                await asyncio.sleep(_POLL_SECONDS)
        except sqlite3.Error as problem:
            # The next wait begins anew; a database that stays broken answers every unit with its error.
            logger.warning("database.changes_unseen", error=repr(problem))
        finally:
            self._watching = None


class Witness:
    """A connection on the thread of the event loop, for what takes microseconds; it waits for nobody.

    It sees the commits of all others, of which the writer is one.
    """

    def __init__(self, path: Path, shared: "SharedEngine") -> None:
        self._raw = sqlite3.connect(path, timeout=0, isolation_level=None, cached_statements=_STATEMENTS_CACHED)
        for pragma in _FOR_READING:
            self._raw.execute(f"PRAGMA {pragma}")
        self._raw.set_progress_handler(self._is_too_long, _STEPS)
        self._steps = 0
        self._conn = shared.connect(self._raw, "")
        # One for ever, as SQLAlchemy sees it: the real ones begin and end within it, which costs a tenth of its own.
        self._conn.begin()

    def _is_too_long(self) -> bool:
        self._steps += _STEPS
        return self._steps >= _STEPS_MAX

    def read(self, unit: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit on one snapshot; raises what it raises, and what the database does.

        That is an error too where it would take many milliseconds.
        """
        self._steps = 0
        self._raw.execute("BEGIN")
        try:
            result = unit(self._conn, *args, **kwargs)
            self._raw.execute("COMMIT")
        except BaseException as problem:
            # What it was reading would go on to hold this snapshot for as long as somebody keeps the exception.
            traceback.clear_frames(problem.__traceback__)
            _abort(self._conn)
            raise
        return result

    def version(self) -> int:
        """A number that grows with each commit of another connection."""
        version: int = self._raw.execute(_VERSION).fetchone()[0]
        return version

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()


class DatabaseThread:
    """One connection on the thread that aiosqlite made for it, for units that are handed over whole."""

    def __init__(self, path: Path, pragmas: Sequence[str], begin: str, shared: "SharedEngine") -> None:
        self._path = path
        self._pragmas = pragmas
        self._begin = begin
        self._shared = shared
        self._connection = aiosqlite.Connection(self._connect, iter_chunk_size=64)
        self._conn: Connection | None = None

    async def open(self) -> None:
        """Open the connection; its thread has ended again when this raises. Call once."""
        try:
            _ = await self._connection
        except BaseException:
            # It says to this event loop that it ends, and would not find it any more.
            await asyncio.to_thread(self._connection._thread.join)  # noqa: SLF001 - see ``run``
            raise

    async def run(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Hop to the thread once and call ``function`` there.

        The call happens even if the awaiting task is cancelled. This is the only use of aiosqlite's private
        ``_execute``, as ``open`` is of ``_thread``; ``tests/node/test_engine.py`` holds the contract it has to keep.
        """
        call = partial(function, self._conn, *args, **kwargs)  # type: ignore[arg-type]  # open() has set it
        result: T = await self._connection._execute(call)  # type: ignore[no-untyped-call]  # noqa: SLF001
        return result

    async def close(self) -> None:
        """Wait for what runs, close the connection and end the thread."""
        try:
            await self.run(Connection.close)
        finally:
            await self._connection.close()

    def _connect(self) -> sqlite3.Connection:
        raw = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, cached_statements=_STATEMENTS_CACHED
        )
        try:
            for pragma in self._pragmas:
                raw.execute(f"PRAGMA {pragma}")
            self._conn = self._shared.connect(raw, self._begin)
        except BaseException:
            raw.close()
            raise
        return raw


class SharedEngine:
    """The SQLAlchemy engine of all threads of one database: statements compile once for all of them."""

    def __init__(self) -> None:
        self._local = threading.local()
        self.engine: Engine = create_engine("sqlite://", creator=self._raw, poolclass=NullPool, hide_parameters=True)
        event.listen(self.engine, "begin", _begin)

    def connect(self, raw: sqlite3.Connection, begin: str) -> Connection:
        """``raw``, opened on this thread, as a SQLAlchemy connection whose transactions start with ``begin``.

        Empty for one whose transactions somebody else begins and ends.
        """
        self._local.raw = raw
        return self.engine.connect().execution_options(**{_BEGIN: begin})

    def _raw(self) -> sqlite3.Connection:
        raw: sqlite3.Connection = self._local.raw
        return raw


def sqlite_path(url: URL) -> Path:
    """The file ``url`` names; relative to the working directory unless it has four slashes."""
    if not url.database or url.database == ":memory:" or url.query or url.host:
        raise ValueError("a SQLite database is a file: sqlite:///name.db or sqlite:////absolute/path/name.db")
    return Path(url.database).absolute()


def create_private(path: Path) -> None:
    """Make sure the file exists; a new one is readable by its owner only, for it holds keys and passwords' hashes.

    An existing file is not opened: closing it would drop the locks SQLite holds on it in this process
    (https://www.sqlite.org/howtocorrupt.html §2.2).
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


async def open_sqlite(url: URL, *, synchronous: Synchronous, readers: int) -> SqliteDatabase:
    """Open the database and create its file if there is none; no thread is left behind when this raises."""
    path = sqlite_path(url)
    create_private(path)
    shared = SharedEngine()
    # WAL is a property of the file; the writer sets it before any reader comes.
    for_writing = [
        "journal_mode = WAL",
        "journal_size_limit = 67108864",
        f"synchronous = {synchronous}",
        *_FOR_ALL,
    ]
    writer = DatabaseThread(path, for_writing, "BEGIN IMMEDIATE", shared)
    reading = [DatabaseThread(path, _FOR_READING, "BEGIN", shared) for _ in range(readers)]
    opened: list[DatabaseThread] = []
    try:
        for thread in (writer, *reading):
            await thread.open()
            opened.append(thread)
        return SqliteDatabase(writer, reading, await writer.run(_data_version), Witness(path, shared), synchronous)
    except BaseException:
        await close_threads(opened)
        raise


async def close_threads(threads: Sequence[DatabaseThread]) -> None:
    """Close them all, even when closing one fails; then raises the first failure."""
    problems = await asyncio.gather(*(thread.close() for thread in threads), return_exceptions=True)
    for problem in problems:
        if problem is not None:
            raise problem


def _begin(conn: Connection) -> None:
    begin = conn.get_execution_options()[_BEGIN]
    if begin:
        driver.run(conn, begin)


def _data_version(conn: Connection) -> int:
    raw: Any = conn.connection.driver_connection
    version: int = raw.execute(_VERSION).fetchone()[0]
    return version


def _timed(pace: Pace | None, unit: Callable[[Connection], T]) -> Callable[[Connection], T]:
    """The unit, whose time is noted."""
    if pace is None:
        return unit

    def timed(conn: Connection) -> T:
        started = thread_time()
        try:
            return unit(conn)
        finally:
            pace.note(thread_time() - started)

    return timed


def _run_reads(conn: Connection, waiting: Waiting[Call[Any]]) -> list[Call[Any]]:
    """The units that wait, each in its own snapshot, for a moment: to go to a thread and back costs much of a read."""
    done: list[Call[Any]] = []
    started = monotonic()
    while not done or monotonic() - started < _TOGETHER_SECONDS:
        call = waiting.take()
        if call is None:
            break
        if not call.abandoned:
            _run_read(conn, call)
        done.append(call)
    return done


def _run_read(conn: Connection, call: Call[Any]) -> None:
    try:
        with conn.begin():
            call.run(conn)
    except BaseException as problem:  # noqa: BLE001  it belongs to the caller, who gets it
        call.fail(problem)
        _abort(conn)


def _run_group(conn: Connection, waiting: Waiting[Call[Any]], synchronous: Synchronous) -> tuple[list[Call[Any]], bool]:
    """One transaction of units that wait, and whether one of them had news; newcomers join for a while.

    Where the first is only jotted down, none joins that is more than that: nobody waits for the disk.
    """
    group: list[Call[Any]] = []
    is_news = False
    first = waiting.take()
    assert first is not None
    waiting.add(first)
    try:
        _synchronise(conn, "normal" if first.is_jotted else synchronous)
        transaction = conn.begin()
    except Exception as problem:  # noqa: BLE001  it belongs to the callers, who get it
        # The lock could not be had in the time allowed. All who wait are told, or the last would wait for many times
        # that; who comes later may be luckier.
        while call := waiting.take():
            group.append(call)
        _fail(group, problem)
        _abort(conn)
        return group, False
    started = monotonic()
    try:
        with transaction:
            while len(group) < GROUP_MAX and monotonic() - started < _GROUP_SECONDS and (call := waiting.take()):
                if first.is_jotted and not call.is_jotted:
                    waiting.add(call)
                    break
                is_alone = not group and not waiting
                group.append(call)
                is_news |= _run_alone(conn, transaction, call) if is_alone else _run_in_savepoint(conn, call)
                if not transaction.is_active:
                    break
    except Exception as problem:  # noqa: BLE001  nothing of the group is stored, and each caller is told
        _fail(group, problem)
        _abort(conn)
        return group, False
    return group, is_news


def _synchronise(conn: Connection, level: Synchronous) -> None:
    """Let commits wait for the disk, or not. Spec: https://www.sqlite.org/pragma.html#pragma_synchronous."""
    if conn.info.get(_SYNCHRONOUS) != level:
        raw: Any = conn.connection.driver_connection
        raw.execute(f"PRAGMA synchronous = {level}")
        conn.info[_SYNCHRONOUS] = level


def _run_alone(conn: Connection, transaction: RootTransaction, call: Call[Any]) -> bool:
    """As in a savepoint, without one: where it fails, there is nothing else in the transaction that should stay."""
    try:
        call.run(conn)
        driver.require_transaction(conn)
    except BaseException as problem:  # noqa: BLE001  it belongs to the caller, who gets it
        call.fail(problem)
        _abort(conn)
        transaction.rollback()
    return take_request(conn) and not call.failed


def _run_in_savepoint(conn: Connection, call: Call[Any]) -> bool:
    """Whether the unit went well and had news."""
    # By one name, so that SQLite compiles it once.
    driver.run(conn, "SAVEPOINT unit")
    try:
        call.run(conn)
    except BaseException as problem:  # noqa: BLE001  it belongs to the caller, who gets it
        driver.run(conn, "ROLLBACK TO unit")
        call.fail(problem)
    driver.run(conn, "RELEASE unit")
    return take_request(conn) and not call.failed


def _fail(group: list[Call[Any]], problem: Exception) -> None:
    for call in group:
        if not call.failed:
            call.fail(problem)


def _abort(conn: Connection) -> None:
    """Leave no transaction open: after a COMMIT that failed, SQLite's is, while SQLAlchemy's has ended."""
    take_request(conn)
    with contextlib.suppress(sqlite3.Error):  # if even this fails, the next BEGIN says so to its callers
        conn.connection.rollback()
