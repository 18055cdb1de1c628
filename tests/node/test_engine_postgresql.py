"""What is particular to PostgreSQL: conflicts that are tried again, a server that goes away, the bounded pool."""

import asyncio
import contextlib
import re
import struct
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import psycopg
import pytest
from sqlalchemy import URL, Connection, make_url, text

from fedorg.errors import DatabaseFailing
from fedorg.jobs.leases import LEASE, TRUSTED
from fedorg.store import migrate
from fedorg.store.engine import Database, DatabaseUnavailable, Turn, open_database
from tests.databases import PostgresqlServer
from tests.node.engine_units import PATIENCE_SECONDS, create_numbers, insert, insert_with_news, numbers
from tests.node.serving import serve_node

POOL_SIZE: Final = 3
# SSLRequest and GSSENCRequest.
ENCRYPTIONS: Final = (struct.pack("!I", 80877103), struct.pack("!I", 80877104))


@pytest.fixture
def name(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """A new database on the server."""
    made = postgresql_server.create_empty()
    yield made
    postgresql_server.drop(made)


@pytest.fixture
async def db(postgresql_server: PostgresqlServer, name: str) -> AsyncIterator[Database]:
    """A PostgreSQL database with one table of numbers."""
    opened = await open_database(postgresql_server.url(name), pool_size=POOL_SIZE)
    await opened.write(create_numbers)
    yield opened
    await opened.close()


def end_all_connections(server: PostgresqlServer, name: str) -> int:
    """As a restart of the server would; how many there were."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as administrator:
        ended = administrator.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = %s", [name]
        ).fetchone()
    assert ended is not None
    return int(ended[0])


async def test_a_pooler_is_refused(postgresql_server: PostgresqlServer, name: str) -> None:
    """What does not hand on the settings of a session, as PgBouncer is told with ``ignore_startup_parameters``."""
    direct = make_url(postgresql_server.url(name))
    async with handing_on(direct, without=b"options") as port:
        through = direct.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)

        with pytest.raises(DatabaseUnavailable, match="PgBouncer"):
            await open_database(through)
        with pytest.raises(DatabaseUnavailable, match="PgBouncer"):
            await migrate.check(through)

    async with handing_on(direct, without=b"nothing") as port:
        through = direct.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        await (await open_database(through)).close()


@asynccontextmanager
async def handing_on(server: URL, *, without: bytes) -> AsyncIterator[int]:
    """The port of what hands connections on to a server, without one of the parameters with which they start.

    Spec: https://www.postgresql.org/docs/15/protocol-message-formats.html, StartupMessage.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            while (start := await reader.readexactly(_length(await reader.readexactly(4)))) in ENCRYPTIONS:
                writer.write(b"N")
            kept = re.sub(rb"(?<=\0)%s\0[^\0]*\0" % without, b"", start)
            further, onward = await asyncio.open_connection(server.host, server.port)
            onward.write(struct.pack("!I", 4 + len(kept)) + kept)
            await asyncio.gather(_copy(reader, onward), _copy(further, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]


def _length(field: bytes) -> int:
    """What follows the length of a message, which counts itself."""
    (length,) = struct.unpack("!I", field)
    return int(length) - len(field)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer), contextlib.suppress(ConnectionError):
        while some := await reader.read(65536):
            writer.write(some)


async def test_the_loser_of_a_deadlock_is_run_again(db: Database) -> None:
    """Two units that lock two rows in opposite order are both answered, and both changes are stored."""
    await asyncio.gather(db.write(insert, 10), db.write(insert, 20))
    both_hold_one = threading.Barrier(2)
    runs: list[int] = []

    def lock(conn: Connection, first: int, second: int) -> None:
        runs.append(first)
        change = text("UPDATE numbers SET number = number WHERE number = :number")
        conn.execute(change, {"number": first})
        if len(runs) <= 2:
            both_hold_one.wait(PATIENCE_SECONDS)
        conn.execute(change, {"number": second})
        insert(conn, first + 1)

    await asyncio.gather(db.write(lock, 10, 20), db.write(lock, 20, 10))

    assert len(runs) == 3
    assert await db.read(numbers) == [10, 11, 20, 21]


async def test_a_unit_that_goes_on_losing_is_told(db: Database) -> None:
    """A conflict that never ends is an error, not an endless loop."""
    runs: list[int] = []

    def lose(conn: Connection) -> None:
        runs.append(1)
        conn.execute(text("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"))

    with pytest.raises(DatabaseFailing):
        await db.write(lose)

    assert 1 < len(runs) < 20


async def test_units_after_a_lost_connection_reconnect(
    db: Database, postgresql_server: PostgresqlServer, name: str
) -> None:
    """When the server has cut all connections, the next units are answered as if nothing had happened."""
    for number in range(3):
        await asyncio.gather(*(db.read(numbers) for _ in range(POOL_SIZE)))
        assert await asyncio.to_thread(end_all_connections, postgresql_server, name) > 0

        assert await db.write(insert, number) == number
        assert await db.read(numbers) == list(range(number + 1))


async def test_news_are_heard_again_after_a_lost_connection(
    db: Database, postgresql_server: PostgresqlServer, name: str
) -> None:
    """A subscriber whose connection was cut is woken, and hears what is written afterwards."""
    subscription = db.changes.subscribe()
    assert await subscription.wait(PATIENCE_SECONDS), "listening began"
    await asyncio.to_thread(end_all_connections, postgresql_server, name)

    assert await subscription.wait(PATIENCE_SECONDS), "it may have missed something"
    while await subscription.wait(0.5):
        pass
    waiting = asyncio.create_task(subscription.wait(PATIENCE_SECONDS))
    await db.write(insert_with_news, 1)

    assert await waiting


async def test_sessions_are_in_utc_with_a_statement_timeout(db: Database) -> None:
    """Whatever the server's own defaults are."""

    def settings(conn: Connection) -> list[object]:
        names = ("TimeZone", "statement_timeout", "transaction_isolation", "transaction_read_only")
        return [conn.exec_driver_sql(f"SHOW {name}").scalar() for name in names]

    assert await db.write(settings) == ["UTC", "30s", "read committed", "off"]
    assert await db.read(settings) == ["UTC", "30s", "repeatable read", "on"]
    assert await db.write(settings) == ["UTC", "30s", "read committed", "off"]


async def test_a_server_that_lets_nothing_be_written_is_failing(db: Database) -> None:
    """One that follows another, in the middle of a change between them, or a role that lost its rights."""
    refusal = "DO $$ BEGIN RAISE EXCEPTION 'not here' USING ERRCODE = '{}'; END $$"
    for state in ("25006", "0A000", "42501"):
        with pytest.raises(DatabaseFailing):
            await db.write(Connection.exec_driver_sql, refusal.format(state))


async def test_what_is_jotted_down_waits_for_no_disk(db: Database) -> None:
    """In its own transaction alone; the next one on the same connection waits again."""

    def commits(conn: Connection) -> object:
        return conn.exec_driver_sql("SHOW synchronous_commit").scalar()

    assert await db.write(commits) == "on"
    assert await db.jot(Turn.JOBS, commits) == "off"
    assert await db.write(commits) == "on"


async def test_the_number_of_connections_is_bounded(db: Database, name: str) -> None:
    """However many units wait, the server sees no more connections than the pool allows."""

    def connections(conn: Connection) -> int:
        found = conn.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name"), {"name": name})
        return int(found or 0)

    counted = await asyncio.gather(*(db.read(connections) for _ in range(50)))

    assert 1 <= max(counted) <= POOL_SIZE


@pytest.mark.parametrize("most", [1, 4])
async def test_an_administrator_says_how_many_connections_there_are(
    postgresql_server: PostgresqlServer, tmp_path: Path, most: int
) -> None:
    """Members wait for each other then, and are answered; beside these there is one for news."""
    name = postgresql_server.create_migrated()
    url = postgresql_server.url(name)
    async with serve_node(url, tmp_path, postgresql_connections=most) as server:
        anna = await server.person("anna")
        asked = [anna.api.post("/api/v1/statuses", data={"status": f"Number {number}"}) for number in range(20)]
        asked += [anna.api.get("/api/v1/timelines/home", params={"limit": number}) for number in range(1, 21)]
        answers = await asyncio.gather(*asked)
        all_at_once = threading.Barrier(most)
        await asyncio.gather(*(server.node.read(lambda _: all_at_once.wait(PATIENCE_SECONDS)) for _ in range(most)))
        with psycopg.connect(postgresql_server.url("postgres")) as administrator:
            found = administrator.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]).fetchone()
    postgresql_server.give_back(name)

    assert {answer.status_code for answer in answers} == {200}
    assert found is not None
    assert most <= found[0] <= most + 1


async def test_who_stands_still_in_a_transaction_loses_it_before_its_leases_end(db: Database) -> None:
    """What a stopped process began is undone by the server while nobody can have taken over its jobs yet."""
    shown = await db.read(lambda conn: conn.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one())

    assert shown == f"{(LEASE - TRUSTED).total_seconds():.0f}s"
