"""A unit of work on its way to a database thread, and its answer on the way back.

The caller waits for ``answer`` on the event loop; the unit runs on a database thread, which only fills the call in;
``settle`` then answers on the loop again. Nobody but the caller holds ``answer``, so that a caller who is cancelled
gives up the answer and not the unit.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar, cast

from sqlalchemy import Connection

from fedorg import errors, log

P = ParamSpec("P")
T = TypeVar("T")

logger = log.get_logger()


class DatabaseClosed(errors.Unavailable):
    """The unit came after ``close`` began; it did not run."""

    def __init__(self) -> None:
        super().__init__("The database is closed")


class Call(Generic[T]):
    """One unit with its arguments bound; made on the event loop that waits for the answer."""

    __slots__ = ("_problem", "_result", "_unit", "answer")

    def __init__(self, unit: Callable[[Connection], T]) -> None:
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._unit = unit
        self._result: T | None = None
        self._problem: BaseException | None = None

    def run(self, conn: Connection) -> None:
        """Run the unit and keep its result; raises what it raises. Database thread."""
        self._result = self._unit(conn)

    def fail(self, problem: BaseException) -> None:
        """Make ``problem`` the answer, whatever the unit returned. Either side."""
        self._problem = problem

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
