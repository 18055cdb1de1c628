"""What is particular to SQLite: groups of units in one commit, the lock between processes, aiosqlite's thread."""

import asyncio
import json
import os
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import aiosqlite
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, OperationalError

from fedorg.errors import DatabaseFailing
from fedorg.store import pace, sqlite
from fedorg.store.engine import Database, Turn, open_database
from tests.node.engine_units import PATIENCE_SECONDS, Held, create_numbers, insert, insert_and_raise, numbers

# https://www.sqlite.org/pragma.html#pragma_synchronous
_NORMAL: Final = 1
_FULL: Final = 2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "node.db"


@pytest.fixture
async def db(path: Path) -> AsyncIterator[Database]:
    """A SQLite database with one table of numbers."""
    opened = await open_database(f"sqlite:///{path}", readers=2)
    await opened.write(create_numbers)
    yield opened
    await opened.close()


def insert_in_transaction(conn: Connection, number: int) -> object:
    """The transaction the number was inserted in, to compare."""
    insert(conn, number)
    return conn.get_transaction()


def synchronous(conn: Connection) -> object:
    """How far the commit will wait for the disk."""
    return conn.exec_driver_sql("PRAGMA synchronous").scalar()


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine may stop for a moment, which is nobody's fault."""
    monkeypatch.setattr(pace, "_STALL_SECONDS", PATIENCE_SECONDS)


def sleep_for(conn: Connection, seconds: float) -> int:
    """A read that waits for something."""
    numbers(conn)
    time.sleep(seconds)
    return threading.get_ident()


def read_on(conn: Connection) -> int:
    """The thread that reads."""
    numbers(conn)
    return threading.get_ident()


def count_to(conn: Connection, number: int, begun: list[int]) -> object:
    """Much work for the database; ``begun`` gets the threads that began it."""
    begun.append(threading.get_ident())
    statement = "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?) SELECT max(i) FROM c"
    return conn.exec_driver_sql(statement, (number,)).scalar()


def work(conn: Connection, seconds: float) -> int:
    """Much work for Python."""
    numbers(conn)
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass
    return threading.get_ident()


def raise_at(conn: Connection, number: int) -> int:
    """Something that is wrong with what was read."""
    numbers(conn)
    if number:
        raise KeyError(number)
    return threading.get_ident()


def make_numbers(conn: Connection) -> None:
    conn.exec_driver_sql("CREATE TABLE many (i INTEGER)")
    conn.exec_driver_sql("INSERT INTO many SELECT value FROM json_each(?)", (json.dumps([*range(300)]),))


def add_number(conn: Connection) -> None:
    conn.exec_driver_sql("INSERT INTO many VALUES (0)")


def read_half_of(conn: Connection, fails_at: int) -> int:
    """Rows one by one, up to one that is wrong."""
    rows = conn.exec_driver_sql("SELECT i FROM many")
    for row in rows:
        if row.i == fails_at:
            raise KeyError
    return threading.get_ident()


async def learn(db: Database, unit: Callable[..., object], *args: object) -> None:
    """Read until the event loop does it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await db.read(unit, *args) != threading.get_ident():
            pass


async def test_waiting_units_share_a_commit(db: Database) -> None:
    """Units that wait while another runs are committed together, but not more than the bound at once."""
    held = Held(numbers)
    first = asyncio.create_task(db.write(held))
    await held.stopped()
    waiting = [asyncio.create_task(db.write(insert_in_transaction, number)) for number in range(100)]
    await asyncio.sleep(0)

    held.release()
    await first
    transactions = await asyncio.gather(*waiting)

    assert len(set(map(id, transactions))) < len(transactions)
    assert max(map(transactions.count, transactions)) <= sqlite.GROUP_MAX
    assert await db.read(numbers) == list(range(100))


async def test_a_unit_that_raises_undoes_only_its_own_part_of_the_group(db: Database) -> None:
    """Within one commit, each unit that raises gets its own exception and its neighbours are stored."""
    held = Held(numbers)
    first = asyncio.create_task(db.write(held))
    await held.stopped()
    problems = [KeyError(number) for number in range(5)]
    good = [asyncio.create_task(db.write(insert, number)) for number in range(5)]
    bad = [asyncio.create_task(db.write(insert_and_raise, 10 + n, problem)) for n, problem in enumerate(problems)]
    await asyncio.sleep(0)

    held.release()
    await first

    assert await asyncio.gather(*good) == [0, 1, 2, 3, 4]
    assert await asyncio.gather(*bad, return_exceptions=True) == problems
    assert await db.read(numbers) == [0, 1, 2, 3, 4]


async def test_a_commit_that_fails_is_told_to_the_whole_group(db: Database) -> None:
    """Nobody is told that a write succeeded whose commit did not."""
    await db.write(
        lambda conn: conn.execute(
            text("CREATE TABLE parts (whole INTEGER REFERENCES numbers (number) DEFERRABLE INITIALLY DEFERRED)")
        ).close()
    )

    def orphan(conn: Connection) -> object:
        conn.execute(text("INSERT INTO parts (whole) VALUES (77)"))
        return conn.get_transaction()

    together = await asyncio.gather(db.write(insert, 1), db.write(orphan), db.write(insert, 2), return_exceptions=True)
    stored = await db.read(numbers)

    # Either a unit was in the group of the orphan and is not stored, or it was not and is.
    told = [answer for answer in together if isinstance(answer, int)]
    assert isinstance(together[1], IntegrityError)
    assert stored == told
    assert len(told) < 2
    assert await db.write(insert, 3) == 3


async def test_a_unit_that_ends_the_transaction_harms_nobody_silently(db: Database) -> None:
    """A unit that rolls back behind the engine's back is an error for all whose work it took along."""

    def roll_back(conn: Connection) -> None:
        conn.exec_driver_sql("ROLLBACK")

    answers = await asyncio.gather(
        db.write(insert, 1), db.write(roll_back), db.write(insert, 2), return_exceptions=True
    )
    stored = await db.read(numbers)

    assert isinstance(answers[1], OperationalError)
    assert stored == [answer for answer in answers if isinstance(answer, int)]
    with pytest.raises(OperationalError, match="transaction"):
        await db.write(roll_back)
    assert await db.write(insert, 3) == 3


async def test_a_lock_that_is_not_given_back_in_time_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process holds the database for too long, writers are told and readers go on; later all is well."""
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.1)
    db = await open_database(f"sqlite:///{path}")
    try:
        await db.write(create_numbers)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        answers = await asyncio.gather(*(db.write(insert, number) for number in range(100)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {DatabaseFailing}
        assert await db.read(numbers) == []

        other.close()
        assert await db.write(insert, 1) == 1
    finally:
        await db.close()


async def test_the_file_is_set_up_for_a_server(db: Database, path: Path) -> None:
    """WAL, foreign keys enforced, commits forced to the disk; the file is its owner's alone."""

    def pragmas(conn: Connection) -> list[object]:
        return [
            conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys", "synchronous")
        ]

    assert await db.write(pragmas) == ["wal", 1, _FULL]
    assert await db.read(pragmas) == ["wal", 1, _FULL]
    assert os.stat(path).st_mode & 0o777 == 0o600  # noqa: PTH116  one call, no loop to block


@pytest.mark.usefixtures("unhurried")
async def test_what_is_short_is_read_by_the_event_loop(db: Database) -> None:
    """Once that is known of it, and other tasks have their turn in between; what jobs read is not."""
    others = 0

    async def count() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    assert await db.read(read_on) != threading.get_ident()
    await learn(db, read_on)

    counting = asyncio.create_task(count())
    for _ in range(2000):
        assert await db.read(read_on) == threading.get_ident()
    counting.cancel()

    assert others > 1
    assert await db.read_in_turn(Turn.JOBS, read_on) != threading.get_ident()


@pytest.mark.usefixtures("unhurried")
async def test_what_turns_out_to_be_long_is_read_by_a_reader(db: Database) -> None:
    """The event loop gives up a read that takes many steps; the next of its kind goes to a reader at once."""
    begun = [0]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while begun.pop() != threading.get_ident():
            await db.read(count_to, 1, begun)

    assert await db.read(count_to, 1_000_000, begun) == 1_000_000
    assert begun.pop(0) == threading.get_ident() != begun.pop()
    await db.read(count_to, 1, begun)
    assert begun.pop() != threading.get_ident()


@pytest.mark.usefixtures("unhurried")
async def test_what_takes_long_to_make_of_rows_is_read_by_a_reader(db: Database) -> None:
    """Where it was short before, until it is so again."""
    await learn(db, work, 0.0)

    while await db.read(work, 0.02) == threading.get_ident():
        pass

    await learn(db, work, 0.0)


async def test_a_read_that_keeps_the_event_loop_waiting_sends_its_kind_away(db: Database) -> None:
    """As from a disk that is slow: the thread did nothing, and yet everybody waited."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        # The machine may stop during one that was short, which looks the same.
        while await db.read(sleep_for, 0.0) != threading.get_ident() or (
            await db.read(sleep_for, 0.03) != threading.get_ident()
        ):
            pass

    assert await db.read(sleep_for, 0.0) != threading.get_ident()


@pytest.mark.usefixtures("unhurried")
async def test_what_a_short_read_raises_reaches_its_caller(db: Database) -> None:
    """And the next one is not disturbed by it."""
    await learn(db, raise_at, 0)

    with pytest.raises(KeyError):
        await db.read(raise_at, 1)
    assert await db.read(raise_at, 0) == threading.get_ident()


@pytest.mark.usefixtures("unhurried")
async def test_a_read_that_failed_halfway_holds_no_snapshot(db: Database) -> None:
    """Whoever keeps its exception keeps nobody from seeing what was written since."""
    await db.write(make_numbers)
    await learn(db, read_half_of, -1)
    with pytest.raises(KeyError) as kept:
        await db.read(read_half_of, 2)

    await db.write(add_number)
    version = await db.version()
    await db.write(add_number)

    assert kept.value is not None
    assert await db.version() != version
    assert await db.glance(Turn.PEOPLE, lambda conn: conn.exec_driver_sql("SELECT count(*) FROM many").scalar()) == 302


async def test_what_is_jotted_down_waits_for_no_disk(db: Database) -> None:
    """The next write waits for it again, and so does what is jotted down in the same transaction."""
    held = Held(synchronous)
    assert await db.jot(Turn.JOBS, synchronous) == _NORMAL

    first = asyncio.create_task(db.write(held))
    await held.stopped()
    second = asyncio.create_task(db.jot(Turn.JOBS, synchronous))
    await asyncio.sleep(0)
    held.release()

    assert await first == (_FULL, _FULL)
    assert await second == _FULL
    assert await db.jot(Turn.JOBS, synchronous) == _NORMAL


async def test_a_write_does_not_join_what_is_jotted_down(db: Database) -> None:
    """However they come: what was answered by a write survives a power cut."""
    held = Held(synchronous)
    first = asyncio.create_task(db.jot(Turn.PEOPLE, held))
    await held.stopped()
    written = asyncio.create_task(db.write(synchronous))
    jotted = asyncio.create_task(db.jot(Turn.JOBS, synchronous))
    await asyncio.sleep(0)
    held.release()

    assert [await first, await written, await jotted] == [(_NORMAL, _NORMAL), _FULL, _FULL]


async def test_a_database_that_waits_for_no_disk_does_so_for_nothing(path: Path) -> None:
    """Where the administrator chose ``normal``, a write is no more than what is jotted down."""
    db = await open_database(f"sqlite:///{path}", synchronous="normal")
    try:
        assert await db.jot(Turn.JOBS, synchronous) == _NORMAL
        assert await db.write(synchronous) == _NORMAL
    finally:
        await db.close()


async def test_a_slow_reader_does_not_hold_up_the_others(db: Database) -> None:
    """With one of two readers busy, the other one serves everybody."""
    held = Held(numbers)
    slow = asyncio.create_task(db.read(held))
    await held.stopped()

    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await asyncio.gather(*(db.read(numbers) for _ in range(20))) == [[]] * 20

    assert not slow.done()
    held.release()
    assert await slow == ([], [])


async def test_a_glance_that_would_have_to_wait_becomes_a_read(db: Database) -> None:
    """The event loop waits for no lock: a reader does, on its own thread."""
    threads = []

    def first_in_vain(conn: Connection) -> list[int]:
        threads.append(threading.get_ident())
        if len(threads) == 1:
            raise sqlite3.OperationalError("database is locked")
        return numbers(conn)

    await db.write(insert, 7)

    assert await db.glance(Turn.PEOPLE, first_in_vain) == [7]
    assert threads[0] == threading.get_ident() != threads[1]


async def test_aiosqlite_keeps_the_contract_of_its_private_door(tmp_path: Path) -> None:
    """``Connection._execute`` runs any callable on the connection's own thread, in order, and to its end.

    ``DatabaseThread.run`` depends on it. If this fails after an update of aiosqlite, that method has to change.
    """
    opened_on: list[int] = []

    def connect() -> sqlite3.Connection:
        opened_on.append(threading.get_ident())
        return sqlite3.connect(tmp_path / "contract.db")

    async with aiosqlite.Connection(connect, iter_chunk_size=64) as connection:
        calls: list[int] = []
        may_go_on = threading.Event()

        def call(number: int, *, wait: bool = False) -> int:
            if wait:
                assert may_go_on.wait(PATIENCE_SECONDS)
            calls.append(number)
            return threading.get_ident()

        given_up = asyncio.create_task(connection._execute(call, 0, wait=True))  # type: ignore[no-untyped-call]
        await asyncio.sleep(0)
        given_up.cancel()
        may_go_on.set()
        ran_on = [await connection._execute(call, number) for number in range(1, 4)]  # type: ignore[no-untyped-call]

        assert calls == [0, 1, 2, 3]
        assert opened_on == [ran_on[0]]
        assert len(set(ran_on)) == 1
        assert ran_on[0] != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await connection._execute(lambda: 1 / 0)  # type: ignore[no-untyped-call]
