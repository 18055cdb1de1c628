"""A unit of work on its way to a database thread, and its answer on the way back.

The caller waits for ``answer`` on the event loop; the unit runs on a database thread, which only fills the call in;
``settle`` then answers on the loop again. Nobody but the caller holds ``answer``, so that a caller who is cancelled
gives up the answer and not the unit.

Of the units that wait, those that people wait for go first, then those of other servers, then those of jobs: each waits
for so many seconds longer than it would in order, and for no more.
"""

import asyncio
import itertools
import queue
import sqlite3
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final, Generic, ParamSpec, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from fedorg import errors, log

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound="Call[Any]")

# Primary result codes, https://www.sqlite.org/rescode.html: of what may pass without a change of the node.
_SQLITE_FAILING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_SQLITE_PRIMARY: Final = 0xFF
# Classes of SQLSTATE, https://www.postgresql.org/docs/15/errcodes-appendix.html: connections, rollbacks, resources,
# objects in use, operator intervention, system errors.
_POSTGRESQL_FAILING: Final = ("08", "40", "53", "55", "57", "58")
_POSTGRESQL_FULL: Final = "53100"
# Rights that a role lacks.
_POSTGRESQL_FORBIDDEN: Final = "42501"
# A server that follows another, as in the middle of a change from one to the other: of a statement, and of BEGIN.
_POSTGRESQL_READONLY: Final = frozenset({"25006", "0A000"})

_numbers: Final = itertools.count()

logger = log.get_logger()


class DatabaseClosed(errors.Unavailable):
    """The unit came after ``close`` began; it did not run."""

    def __init__(self) -> None:
        super().__init__("The database is closed")


class Turn(IntEnum):
    """Whom a unit is for, as the seconds for which it lets others go first."""

    PEOPLE = 0
    PEERS = 5
    JOBS = 10


class Call(Generic[T]):
    """One unit with its arguments bound; made on the event loop that waits for the answer.

    ``is_jotted`` says that a power cut may undo it (``Database.jot``), ``is_reading`` that it must not write.
    """

    __slots__ = ("_place", "_problem", "_result", "_unit", "answer", "is_jotted", "is_reading")

    def __init__(
        self, unit: Callable[[Connection], T], turn: Turn, *, is_jotted: bool = False, is_reading: bool = False
    ) -> None:
        self.is_jotted, self.is_reading = is_jotted, is_reading
        loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[T] = loop.create_future()
        self._place = (loop.time() + turn, next(_numbers))
        self._unit = unit
        self._result: T | None = None
        self._problem: BaseException | None = None

    def __lt__(self, other: "Call[Any]") -> bool:
        """Whether it goes before another."""
        return self._place < other._place

    def run(self, conn: Connection) -> None:
        """Run the unit and keep its result; raises what it raises. Database thread."""
        self._result = self._unit(conn)

    def fail(self, problem: BaseException) -> None:
        """Make ``problem`` the answer, whatever the unit returned; as ``Failing`` if it is one. Either side."""
        failing = failing_of(problem)
        if failing is None and not self.is_reading and is_unwritable(problem):
            failing = errors.DatabaseFailing()
        if failing is not None:
            logger.warning("database.failing", error=str(getattr(problem, "orig", None) or problem).strip())
            failing.__cause__ = problem
        self._problem = failing or problem

    @property
    def failed(self) -> bool:
        """Whether the answer will be an error."""
        return self._problem is not None

    @property
    def abandoned(self) -> bool:
        """Whether the caller was cancelled and waits no longer."""
        return self.answer.done()

    def settle(self) -> None:
        """Give the caller the answer, if there still is a caller. Event loop."""
        problem = self._problem
        if self.answer.done():
            if problem is not None:
                logger.warning("database.unit_failed_unseen", error=repr(problem))
        elif problem is None:
            self.answer.set_result(cast("T", self._result))
        elif isinstance(problem, StopIteration):
            # A future refuses to carry this one, and its caller would wait for ever.
            unheard = RuntimeError("a unit of work raised StopIteration")
            unheard.__cause__ = problem
            self.answer.set_exception(unheard)
        else:
            self.answer.set_exception(problem)


class Waiting(Generic[C]):
    """Units that wait for a thread, in the order in which they go."""

    def __init__(self) -> None:
        self._calls: queue.PriorityQueue[C] = queue.PriorityQueue()

    def __bool__(self) -> bool:
        return not self._calls.empty()

    def add(self, call: C) -> None:
        """Let one more wait. Any thread, as the rest."""
        self._calls.put_nowait(call)

    def take(self) -> C | None:
        """The one that goes next, which waits no longer; None when no more do."""
        try:
            return self._calls.get_nowait()
        except queue.Empty:
            return None


def failing_of(problem: BaseException) -> errors.Failing | None:
    """What a driver's error says about the database as a whole; None when it is about the unit."""
    original = problem.orig if isinstance(problem, DBAPIError) else problem
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", 0) & _SQLITE_PRIMARY
        if code == sqlite3.SQLITE_FULL:
            return errors.NoRoom()
        return errors.DatabaseFailing() if code in _SQLITE_FAILING else None
    if not isinstance(problem, DBAPIError):
        return None
    state = getattr(original, "sqlstate", None)
    if state == _POSTGRESQL_FULL:
        return errors.NoRoom()
    is_cut_off = problem.connection_invalidated or (state is None and isinstance(problem, OperationalError))
    if is_cut_off or state == _POSTGRESQL_FORBIDDEN or (state or "").startswith(_POSTGRESQL_FAILING):
        return errors.DatabaseFailing()
    return None


def is_unwritable(problem: BaseException) -> bool:
    """Whether the database can be read only: for whoever may write this is about all of it."""
    original = problem.orig if isinstance(problem, DBAPIError) else problem
    if isinstance(original, sqlite3.Error):
        return getattr(original, "sqlite_errorcode", 0) & _SQLITE_PRIMARY == sqlite3.SQLITE_READONLY
    return getattr(original, "sqlstate", None) in _POSTGRESQL_READONLY
