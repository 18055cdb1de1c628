"""Bringing a database to the schema of this version, and telling whether it is there.

Every revision (``fedorg/store/migrations/versions``, in one line without branches) is one transaction on either engine,
together with the number that records it: what is interrupted has not happened, and what is run again goes on behind the
last one that did. Changes are additive; what has to touch many rows is a job that walks them in chunks afterwards. Two
processes that start at once take turns: an advisory lock on PostgreSQL, an exclusive transaction on SQLite.

A node looks at its database on every start and hardly ever migrates it: Alembic is loaded when there is something to
apply. Commands migrate on their main thread, so that Ctrl-C is heard, also within a statement that takes minutes.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import URL, Connection, NullPool, column, create_engine, inspect, select, table
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from fedorg import errors
from fedorg.store.engine import DatabaseUnavailable, parse_url, without_secrets
from fedorg.store.sqlite import SharedEngine, create_private, sqlite_path
from fedorg.store.tables import metadata
from fedorg.store.units import failing_of, is_unwritable

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

Progress: TypeAlias = Callable[[str], None]
"""Called with the name of each revision once it is applied."""

SCRIPTS: Final = Path(__file__).with_name("migrations")

_LOCK: Final = int.from_bytes(b"fedorg", "big")
_PATIENCE_SECONDS: Final = 120.0
# Of SQLite's machine, between two looks at whether somebody pressed Ctrl-C: some milliseconds.
_STEPS: Final = 100_000
# Alembic keeps the command that runs in module globals: two threads of one process take turns.
_ONE_COMMAND: Final = threading.Lock()
_VERSIONS: Final = table("alembic_version", column("version_num"))


class MigrationRefused(errors.Unavailable):
    """The database is in a state that no revision leads out of; the message says which, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationState:
    """Where a database stands. ``current`` is None before the first revision.

    ``unknown`` is a recorded revision this version does not have; ``torn`` names what does not fit the recorded
    revision: tables that should not be there yet, tables that are missing, or several revisions recorded at once.
    """

    current: str | None
    head: str
    pending: tuple[str, ...] = ()
    unknown: str | None = None
    torn: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing of fedorg is there yet; ``migrate`` makes it from nothing."""
        return self.current is None and not self.torn

    @property
    def is_torn(self) -> bool:
        """No revision leads from here to ``head``; ``migrate`` refuses too."""
        return self.unknown is not None or bool(self.torn)

    @property
    def is_current(self) -> bool:
        """A server of this version may start on it."""
        return not (self.is_torn or self.pending)

    def explain(self) -> str:
        """Where the database stands and what to do, in sentences for an administrator."""
        if self.unknown is not None:
            return (
                f"The database is at revision {self.unknown}, which this version of fedorg does not know: a newer "
                "version has used it. Install that version again, or restore a backup made before it."
            )
        if self.torn:
            return (
                f"The database is half-migrated: at revision {self.current or 'none'}, but these do not fit: "
                f"{', '.join(self.torn)}. Restore a backup, or use another database."
            )
        if self.pending:
            return (
                f"The database is at revision {self.current or 'none'} and this version of fedorg needs {self.head}: "
                "run `fedorg migrate`."
            )
        return f"The database is up to date, at revision {self.head}."


async def check(url: str) -> MigrationState:
    """Where the database at ``url`` stands; changes nothing, and creates no file.

    Raises ``DatabaseUnavailable``.
    """
    return await asyncio.to_thread(_check, url)


def place_of(url: str) -> str:
    """Where a database is, for an administrator: the whole path of a file, an address without its password."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return str(sqlite_path(parsed))
    return without_secrets(parsed)


async def migrate(url: str, progress: Progress | None = None, *, until: str | None = None) -> list[str]:
    """``apply_pending`` on a thread, with ``progress`` on the event loop. A cancelled caller does not stop it."""
    loop = asyncio.get_running_loop()

    def report(revision: str) -> None:
        if progress is not None:
            loop.call_soon_threadsafe(progress, revision)

    return await asyncio.to_thread(apply_pending, url, report, until=until)


def apply_pending(url: str, progress: Progress, *, until: str | None = None) -> list[str]:
    """Apply the revisions that are pending, in order, and return their names; none if another process did. Blocks.

    With ``until`` those after that revision are left out, for a backup that was made at it. Raises
    ``MigrationRefused``, also for a revision this version does not have, and ``DatabaseUnavailable``.
    """
    if until is not None and until not in _revisions():
        raise MigrationRefused(
            f"Revision {until} is not one of this version of fedorg: a newer version made it. Install that version."
        )
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        _make_file(parsed)
    applied: list[str] = []
    with connect(parsed, "BEGIN EXCLUSIVE") as conn:
        _take_turns(conn)
        while (revision := _apply_next(conn, until)) is not None:
            progress(revision)
            applied.append(revision)
    return applied


def _check(url: str) -> MigrationState:
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not _has_file(parsed):
        revisions = _revisions()
        return MigrationState(current=None, head=revisions[-1], pending=revisions)
    with connect(parsed, "BEGIN") as conn, conn.begin():
        return state_of(conn)


def _has_file(url: URL) -> bool:
    try:
        return sqlite_path(url).exists()
    except OSError as problem:
        raise DatabaseUnavailable(url, problem) from problem


def _make_file(url: URL) -> None:
    """The embedded database is the only thing a first start has to find a place for."""
    path = sqlite_path(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        create_private(path)
    except (FileExistsError, NotADirectoryError) as problem:
        raise DatabaseUnavailable(url, NotADirectoryError(f"{path.parent} is not a folder")) from problem
    except OSError as problem:
        raise DatabaseUnavailable(url, problem) from problem


def _apply_next(conn: Connection, until: str | None) -> str | None:
    """Apply the oldest pending revision in one transaction; None when there is none."""
    with conn.begin():
        state = state_of(conn)
        if state.is_torn:
            raise MigrationRefused(state.explain())
        if not state.pending or (until is not None and state.current == until):
            return None
        if state.is_empty and conn.dialect.name == "postgresql":
            _require_all_letters(conn)
        _apply(conn, state.pending[0])
        return state.pending[0]


def _require_all_letters(conn: Connection) -> None:
    encoding = conn.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise MigrationRefused(
            f"The database is encoded in {encoding}, which has no letters for what people and other servers write. "
            "Make it anew: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."
        )


def _apply(conn: Connection, revision: str) -> None:
    from alembic.config import Config  # noqa: PLC0415 - see the module header
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415 - likewise

    with _ONE_COMMAND:
        scripts = _read_scripts(SCRIPTS)

        def upgrade(current: Any, _context: object) -> Any:  # noqa: ANN401 - as Alembic's cookbook has it
            return scripts._upgrade_revs(revision, current)  # noqa: SLF001 - likewise

        config = Config(attributes={"connection": conn})
        with EnvironmentContext(config, scripts, fn=upgrade, destination_rev=revision):
            scripts.run_env()


@lru_cache(maxsize=1)
def _read_scripts(folder: Path) -> "ScriptDirectory":
    """All revisions, read once: each of Alembic's commands would read every one of them again."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see the module header

    return ScriptDirectory(str(folder))


@contextlib.contextmanager
def connect(url: URL, begin: str) -> Iterator[Connection]:
    """A connection of its own, without a limit on how long a statement takes; ``begin`` is for SQLite.

    Raises ``DatabaseUnavailable``, also when the database fails later, as on a full disk, and ``KeyboardInterrupt``
    within a statement too.
    """
    try:
        conn = _open_sqlite(url, begin) if url.get_backend_name() == "sqlite" else _open_postgresql(url)
    except (OSError, sqlite3.Error, SQLAlchemyError) as problem:
        raise DatabaseUnavailable(url, problem) from problem
    try:
        with conn:
            yield conn
    except OperationalError as problem:
        if getattr(problem.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            raise KeyboardInterrupt from problem
        raise DatabaseUnavailable(url, problem) from problem
    except DBAPIError as problem:
        if failing_of(problem) is None and not is_unwritable(problem):
            raise
        raise DatabaseUnavailable(url, problem) from problem


def _open_sqlite(url: URL, begin: str) -> Connection:
    raw = sqlite3.connect(sqlite_path(url), timeout=_PATIENCE_SECONDS, isolation_level=None)
    try:
        # The first look into the file; opening alone accepts anything.
        raw.execute("PRAGMA schema_version")
        raw.set_progress_handler(_listen, _STEPS)
        return SharedEngine().connect(raw, begin)
    except BaseException:
        raw.close()
        raise


def _listen() -> None:
    """Called by SQLite within long statements: Python hears signals only where it runs.

    What Ctrl-C raises here ends the statement, which then fails as interrupted.
    """


def _open_postgresql(url: URL) -> Connection:
    from fedorg.store import postgresql  # noqa: PLC0415 - the driver is loaded by those who use it

    conn = create_engine(postgresql.session_url(url), poolclass=NullPool, hide_parameters=True).connect()
    try:
        with conn.begin():
            postgresql.require_session(conn)
            # What is done here takes its time, in the database and out of it.
            conn.exec_driver_sql("SET statement_timeout = 0")
            conn.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
    except BaseException:
        conn.close()
        raise
    return conn


def _take_turns(conn: Connection) -> None:
    """Wait until no other process migrates; the lock goes with the connection. SQLite locks by its transactions."""
    if conn.dialect.name == "postgresql":
        with conn.begin():
            conn.exec_driver_sql("SELECT pg_advisory_lock(%(key)s)", {"key": _LOCK})


def state_of(conn: Connection) -> MigrationState:
    """Where the database behind a connection stands; ``check`` and ``migrate`` open one themselves."""
    revisions = _revisions()
    present, ours = set(inspect(conn).get_table_names()), set(metadata.tables)
    recorded = _recorded(conn) if _VERSIONS.name in present else ()
    head = revisions[-1]
    if len(recorded) > 1:
        return MigrationState(current=recorded[0], head=head, torn=tuple(f"revision {name}" for name in recorded))
    current = recorded[0] if recorded else None
    if current is not None and current not in revisions:
        return MigrationState(current=current, head=head, unknown=current)
    pending = revisions[revisions.index(current) + 1 :] if current is not None else revisions
    torn = present & ours if current is None else ours - present if not pending else set[str]()
    return MigrationState(
        current=current, head=head, pending=pending, torn=tuple(f"table {name}" for name in sorted(torn))
    )


def _recorded(conn: Connection) -> tuple[str, ...]:
    """What Alembic wrote down; more than one row means that somebody meddled."""
    return tuple(conn.execute(select(_VERSIONS.c.version_num).order_by(_VERSIONS.c.version_num)).scalars())


def _revisions() -> tuple[str, ...]:
    """All revisions of this version, oldest first: the numbers their files begin with."""
    return tuple(sorted(path.name.partition("_")[0] for path in (SCRIPTS / "versions").glob("[0-9]*_*.py")))
