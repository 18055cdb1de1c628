"""The promises of ``Database`` on either engine: transactions, answers, cancellation, closing, crashes."""

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from fedorg.store.engine import Database, DatabaseClosed, DatabaseUnavailable, Turn, open_database
from tests.node.engine_units import (
    PATIENCE_SECONDS,
    Held,
    create_numbers,
    increment,
    insert,
    insert_and_raise,
    numbers,
)

WRITER = Path(__file__).with_name("engine_writer.py")


@pytest.fixture
async def db(empty_url: str) -> AsyncIterator[Database]:
    """A database with one table of numbers."""
    opened = await open_database(empty_url, readers=3, pool_size=4)
    await opened.write(create_numbers)
    yield opened
    await opened.close()


@asynccontextmanager
async def narrow(url: str) -> AsyncIterator[Database]:
    """The like, with one place for reads and one for writes, or one for both."""
    db = await open_database(url, readers=1, pool_size=1)
    try:
        await db.write(create_numbers)
        yield db
    finally:
        await db.close()


async def test_a_unit_gets_its_arguments_and_its_result_comes_back(db: Database) -> None:
    """Positional and named arguments reach the unit; what it returns reaches the caller."""
    assert await db.write(insert, number=7) == 7
    assert await db.write(insert, 8) == 8
    assert await db.read(numbers) == [7, 8]


async def test_what_is_jotted_down_is_stored_when_it_is_answered(db: Database) -> None:
    """It is read at once, the result comes back, and a unit that raises leaves nothing."""
    assert await db.jot(Turn.JOBS, insert, 7) == 7
    assert await db.read(numbers) == [7]

    with pytest.raises(KeyError):
        await db.jot(Turn.JOBS, insert_and_raise, 8, KeyError())
    assert await db.read(numbers) == [7]


async def test_what_a_unit_raises_reaches_its_caller_and_undoes_its_work(db: Database) -> None:
    """A unit that raises stores nothing, and the caller gets the very exception."""
    problem = LookupError("no such account")

    with pytest.raises(LookupError) as raised:
        await db.write(insert_and_raise, 1, problem)

    assert raised.value is problem
    assert await db.read(numbers) == []


async def test_a_unit_that_exhausts_an_iterator_does_not_hang_its_caller(db: Database) -> None:
    """StopIteration, which no future carries, arrives as an error through both doors."""

    def exhaust(_conn: Connection) -> int:
        return next(iter(()))

    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(db.read(exhaust), PATIENCE_SECONDS)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(db.write(exhaust), PATIENCE_SECONDS)


async def test_a_unit_that_fails_harms_no_other(db: Database) -> None:
    """Among units handed over together, the one that breaks a key fails and all others are stored."""
    await db.write(insert, 5)

    answers = await asyncio.gather(*(db.write(insert, number) for number in range(10)), return_exceptions=True)

    assert isinstance(answers[5], IntegrityError)
    assert [answer for answer in answers if isinstance(answer, int)] == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert await db.read(numbers) == list(range(10))


async def test_a_unit_that_fails_only_at_the_commit_is_told(db: Database) -> None:
    """A constraint checked at the end of the transaction is an error of the write, and stores nothing."""
    await db.write(
        lambda conn: conn.execute(
            text("CREATE TABLE parts (whole INTEGER REFERENCES numbers (number) DEFERRABLE INITIALLY DEFERRED)")
        ).close()
    )

    def orphan(conn: Connection) -> None:
        insert(conn, 1)
        conn.execute(text("INSERT INTO parts (whole) VALUES (2)"))

    with pytest.raises(IntegrityError):
        await db.write(orphan)

    assert await db.read(numbers) == []
    assert await db.write(insert, 3) == 3


async def test_concurrent_writers_lose_nothing(db: Database, empty_url: str) -> None:
    """Two hundred concurrent increments of one row, from two openings of the database, all count."""
    await db.write(insert, 0)
    other = await open_database(empty_url, pool_size=4)
    try:
        await asyncio.gather(*(opened.write(increment) for opened in (db, other) for _ in range(100)))
    finally:
        await other.close()

    assert await db.read(numbers) == [200]


@pytest.mark.parametrize("door", ["read", "write"])
async def test_people_go_first_and_jobs_last(empty_url: str, door: Literal["read", "write"]) -> None:
    """Whatever came first: units of people run before those of other servers, and these before those of jobs."""
    async with narrow(empty_url) as db:
        asked = db.read_in_turn if door == "read" else db.write_in_turn
        held, order = Held(numbers), list[tuple[Turn, int]]()
        first = asyncio.create_task(asked(Turn.JOBS, held))
        await held.stopped()
        turns = [Turn.JOBS, Turn.PEERS, Turn.PEOPLE] * 2
        waiting = [
            asyncio.create_task(asked(turn, lambda _, one: order.append(one), (turn, number)))
            for number, turn in enumerate(turns)
        ]
        await asyncio.sleep(0)

        held.release()
        await asyncio.gather(first, *waiting)

    assert order == sorted(order)


async def test_whoever_let_others_go_first_for_long_enough_is_next(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much people ask, jobs get their turn."""
    async with narrow(empty_url) as db:
        held, order = Held(numbers), list[Turn]()
        first = asyncio.create_task(db.write(held))
        await held.stopped()
        waiting = [asyncio.create_task(db.write_in_turn(Turn.JOBS, lambda _: order.append(Turn.JOBS)))]
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        with monkeypatch.context() as later:
            moment = loop.time() + Turn.JOBS + 1
            later.setattr(loop, "time", lambda: moment)
            waiting.append(asyncio.create_task(db.write(lambda _: order.append(Turn.PEOPLE))))
            await asyncio.sleep(0)

        held.release()
        await asyncio.gather(first, *waiting)

    assert order == [Turn.JOBS, Turn.PEOPLE]


async def test_a_reader_sees_one_snapshot(db: Database) -> None:
    """A unit that reads twice sees the same rows twice, whatever is committed in between; the next one sees them."""
    await db.write(insert, 1)
    held = Held(numbers)
    reading = asyncio.create_task(db.read(held))
    await held.stopped()

    await db.write(insert, 2)
    held.release()

    assert await reading == ([1], [1])
    assert await db.read(numbers) == [1, 2]


async def test_what_is_not_committed_is_not_seen(db: Database) -> None:
    """Readers do not wait for a writer and do not see its work before it is done."""
    held = Held(lambda conn: conn.execute(text("UPDATE numbers SET number = 2")).rowcount)
    await db.write(insert, 1)
    writing = asyncio.create_task(db.write(held))
    await held.stopped()

    assert await db.read(numbers) == [1]
    held.release()

    assert await writing == (1, 1)
    assert await db.read(numbers) == [2]


async def test_a_reader_cannot_write(db: Database) -> None:
    """A read that tries to write is refused by the database."""
    with pytest.raises(DBAPIError, match=r"read-?only"):
        await db.read(insert, 1)

    assert await db.read(numbers) == []


async def test_a_glance_sees_what_is_committed(db: Database) -> None:
    """A glance sees what was answered before it, gets its arguments, and ends with what its unit raises."""

    def find(conn: Connection, number: int) -> int:
        if number not in numbers(conn):
            raise LookupError(number)
        return number

    with pytest.raises(LookupError):
        await db.glance(Turn.PEOPLE, find, 7)
    await db.write(insert, 7)

    assert await db.glance(Turn.PEOPLE, find, 7) == 7
    assert await db.glance(Turn.JOBS, numbers) == [7]


async def test_a_glance_cannot_write(db: Database) -> None:
    """What writes by mistake is refused, and the next glance is none the worse."""
    with pytest.raises(DBAPIError, match=r"read-?only"):
        await db.glance(Turn.PEOPLE, insert, 7)

    assert await db.glance(Turn.PEOPLE, numbers) == []


async def test_a_cancelled_caller_does_not_undo_its_unit(db: Database) -> None:
    """The unit of a cancelled caller commits, whether it runs already or still waits for its turn."""
    held = Held(lambda conn: insert(conn, 1) if not numbers(conn) else 1)
    running = asyncio.create_task(db.write(held))
    await held.stopped()
    waiting = asyncio.create_task(db.write(insert, 2))
    await asyncio.sleep(0)

    running.cancel()
    waiting.cancel()
    answers = await asyncio.gather(running, waiting, return_exceptions=True)
    held.release()
    await db.write(insert, 3)

    assert [type(answer) for answer in answers] == [asyncio.CancelledError] * 2
    assert await rows_in_the_end(db, 3) == [1, 2, 3]


async def test_a_cancelled_reader_leaves_its_connection_usable(db: Database) -> None:
    """However many readers are cancelled in the middle, the next ones are answered."""
    for _ in range(10):
        held = Held(numbers)
        reading = asyncio.create_task(db.read(held))
        await held.stopped()
        reading.cancel()
        await asyncio.wait((reading,))
        held.release()

    assert await asyncio.gather(*(db.read(numbers) for _ in range(10))) == [[]] * 10


async def test_closing_finishes_what_was_handed_over(db: Database, empty_url: str) -> None:
    """Close waits for the unit that runs and those behind it; all are answered and stored, later ones refused."""
    held = Held(numbers)
    first = asyncio.create_task(db.write(held))
    await held.stopped()
    waiting = [asyncio.create_task(db.write(insert, number)) for number in range(200)]
    reading = [asyncio.create_task(db.read(numbers)) for _ in range(20)]
    await asyncio.sleep(0)

    closing = [asyncio.create_task(db.close()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(DatabaseClosed):
        await db.write(insert, 1000)
    with pytest.raises(DatabaseClosed):
        await db.read(numbers)
    assert not any(task.done() for task in closing)
    held.release()
    await asyncio.gather(*closing)

    assert first.done()
    assert [await write for write in waiting] == list(range(200))
    assert all(read.done() for read in reading)
    again = await open_database(empty_url)
    try:
        assert await again.read(numbers) == list(range(200))
    finally:
        await again.close()


async def test_closing_ends_every_thread(empty_url: str) -> None:
    """Nothing keeps the interpreter from ending once the database is closed."""
    before = set(threading.enumerate())
    opened = await open_database(empty_url, readers=3, pool_size=3)
    await asyncio.gather(*(opened.read(lambda conn: conn.scalar(text("SELECT 1"))) for _ in range(6)))

    await opened.close()

    assert await no_thread_but(before)


async def test_a_cancelled_opening_leaves_nothing_open(empty_url: str) -> None:
    """Whoever gives up while the database is being opened leaves no thread behind."""
    before = set(threading.enumerate())
    for turns in range(6):
        opening = asyncio.create_task(open_database(empty_url, readers=3))
        for _ in range(turns):
            await asyncio.sleep(0.001)
        opening.cancel()
        done = (await asyncio.gather(opening, return_exceptions=True))[0]
        if not isinstance(done, asyncio.CancelledError):
            assert not isinstance(done, BaseException)
            await done.close()

    assert await no_thread_but(before)


@pytest.mark.parametrize(
    "url",
    ["mysql://localhost/fedorg", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://localhost/x", "nonsense"],
)
async def test_other_kinds_of_database_are_refused(url: str) -> None:
    """Only a file of SQLite and a PostgreSQL server will do, and the sentence says so."""
    with pytest.raises(ValueError, match="database"):
        await open_database(url)


async def test_a_database_that_cannot_be_opened_is_named_without_its_password(tmp_path: Path) -> None:
    """The sentence has the address and the reason, never the password; no thread is left."""
    before = set(threading.enumerate())
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1") as refusal:
        await open_database("postgresql://node:opensesame@127.0.0.1:1/fedorg")
    with pytest.raises(DatabaseUnavailable, match=r"nowhere"):
        await open_database(f"sqlite:///{tmp_path / 'nowhere' / 'node.db'}")
    with pytest.raises(DatabaseUnavailable, match=r"not a database"):
        await open_database(f"sqlite:///{__file__}")

    assert "opensesame" not in str(refusal.value)
    assert await no_thread_but(before)


def test_a_thread_that_cannot_open_its_database_ends_before_its_event_loop() -> None:
    """Whatever ends at once on such a fault, as a command does, hears nothing more of the thread."""
    for _ in range(50):
        with pytest.raises(DatabaseUnavailable, match="not a database"):
            asyncio.run(open_database(f"sqlite:///{__file__}"))


async def test_an_acknowledged_write_survives_the_death_of_its_process(db: Database, empty_url: str) -> None:
    """A process is killed in the middle of its writes: every number it printed is stored, none twice."""
    for round_ in range(3):
        await db.write(lambda conn: conn.execute(text("DELETE FROM numbers")).close())
        writer = await asyncio.create_subprocess_exec(
            sys.executable, str(WRITER), empty_url, "1000000", stdout=asyncio.subprocess.PIPE
        )
        assert writer.stdout is not None
        acknowledged = [int(await writer.stdout.readline()) for _ in range(20 + 37 * round_)]

        writer.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in (await writer.stdout.read()).splitlines(keepends=True) if b"\n" in line]
        await writer.wait()

        stored = await db.read(numbers)
        assert set(acknowledged) <= set(stored)
        # At most the five units that were under way are stored without having been acknowledged.
        assert len(stored) <= len(acknowledged) + 5


async def test_a_statement_is_compiled_once_for_all_connections(db: Database) -> None:
    """What one connection compiled, the others of the same database use."""
    before = Compiled.times
    await db.read(count_compilations)
    first = Compiled.times - before
    together = threading.Barrier(3)

    def once_on_each(conn: Connection) -> None:
        together.wait(PATIENCE_SECONDS)
        count_compilations(conn)

    await asyncio.gather(*(db.read(once_on_each) for _ in range(3)), db.write(count_compilations))

    assert first == 1
    assert Compiled.times == before + 1


class Compiled(FunctionElement[int]):
    """An expression that counts how often it is turned into SQL."""

    inherit_cache: bool | None = True
    times = 0


@compiles(Compiled)
def _compile(_element: Compiled, _compiler: SQLCompiler, **_options: object) -> str:
    Compiled.times += 1
    return "1"


def count_compilations(conn: Connection) -> None:
    assert conn.scalar(select(Compiled())) == 1


async def rows_in_the_end(db: Database, count: int) -> list[int]:
    """The numbers, once there are ``count`` of them or patience ends."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        if len(await db.read(numbers)) >= count:
            break
        await asyncio.sleep(0.01)
    return await db.read(numbers)


async def no_thread_but(before: set[threading.Thread]) -> bool:
    """Whether the threads of a database end; those of ``asyncio.to_thread`` belong to the event loop."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        if {thread for thread in threading.enumerate() if not thread.name.startswith("uvloop_")} <= before:
            return True
        await asyncio.sleep(0.01)
    return False
