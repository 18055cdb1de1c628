"""Units of work on a table of numbers, for the tests of the storage engine."""

import asyncio
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection, text

from fedorg.store.changes import notify

PATIENCE_SECONDS: Final = 20

T = TypeVar("T")


def create_numbers(conn: Connection) -> None:
    conn.execute(text("CREATE TABLE numbers (number INTEGER PRIMARY KEY)"))


def insert(conn: Connection, number: int) -> int:
    conn.execute(text("INSERT INTO numbers (number) VALUES (:number)"), {"number": number})
    return number


def insert_with_news(conn: Connection, number: int) -> None:
    insert(conn, number)
    notify(conn)


def insert_and_raise(conn: Connection, number: int, problem: BaseException) -> None:
    insert_with_news(conn, number)
    raise problem


def increment(conn: Connection) -> None:
    conn.execute(text("UPDATE numbers SET number = number + 1"))


def numbers(conn: Connection) -> list[int]:
    return list(conn.scalars(text("SELECT number FROM numbers ORDER BY number")))


class Held(Generic[T]):
    """A unit that does its work, stops before its end until it is released, and does the same again."""

    def __init__(self, unit: Callable[[Connection], T]) -> None:
        self._unit = unit
        self._stopped = threading.Event()
        self._released = threading.Event()

    def __call__(self, conn: Connection) -> tuple[T, T]:
        before = self._unit(conn)
        self._stopped.set()
        assert self._released.wait(PATIENCE_SECONDS)
        return before, self._unit(conn)

    async def stopped(self) -> None:
        assert await asyncio.to_thread(self._stopped.wait, PATIENCE_SECONDS)

    def release(self) -> None:
        self._released.set()
