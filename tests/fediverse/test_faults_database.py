"""The database fails under a running node: everybody is told clearly, nothing acknowledged is lost, and it goes on."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.databases import PostgresqlServer
from tests.fediverse import ledger
from tests.fediverse.nodes import Member, RunningNode, reserved_port, wait_for
from tests.fediverse.traffic import Traffic, is_clear, traffic

# More than a writer waits for its turn.
LOCKED_SECONDS = 17.0
AWAY_SECONDS = 4.0
CUTS = 4
CUTS_LONG = 60


@asynccontextmanager
async def two_people(node: RunningNode) -> AsyncIterator[tuple[Member, Member]]:
    """The node runs; Alice writes there and Bob, who follows her, reads."""
    try:
        await node.create("alice", "bob")
        await node.start()
        async with node.member("alice") as alice, node.member("bob") as bob:
            await bob.follow(alice)
            yield alice, bob
    finally:
        await node.close()


async def test_a_locked_database_is_waited_for_and_then_refused(tmp_path: Path) -> None:
    """While another program holds SQLite's write lock, people read on; who writes is told to come again."""
    node = RunningNode(name="aster", folder=tmp_path / "aster")
    async with two_people(node) as (alice, bob):
        async with traffic(alice, bob) as going:
            held = sqlite3.connect(ledger.database_of(node).database or "", isolation_level=None)
            held.execute("BEGIN IMMEDIATE")
            locked = time.monotonic()
            await going.refused(503)
            assert (await alice.http.get("/health")).is_success
            await asyncio.sleep(max(0.0, locked + LOCKED_SECONDS - time.monotonic()))

            async def many() -> bool | None:
                return going.statuses("GET", locked)[200] > 20 or None

            await wait_for(many, "people to read on")
            reads = going.statuses("GET", locked)
            held.close()
            back = await going.goes_on()
        assert set(reads) == {200}
        going.tell("SQLite locked for 17 s", back_after=f"{back:.2f} s")
        await going.nothing_is_lost()


@pytest.fixture
async def on_postgresql(postgresql_server: PostgresqlServer, tmp_path: Path) -> AsyncIterator[RunningNode]:
    """A node on a database of the server for tests."""
    name = postgresql_server.create_migrated()
    yield RunningNode(name="aster", folder=tmp_path / "aster", database_url=postgresql_server.url(name))
    postgresql_server.drop(name)


@pytest.mark.long
async def test_connections_to_postgresql_are_cut_for_a_minute(on_postgresql: RunningNode) -> None:
    """A node whose connections are cut under load loses nothing; most requests do not even notice."""
    async with two_people(on_postgresql) as (alice, bob):
        async with traffic(alice, bob) as going:
            with as_administrator(on_postgresql) as administrator:
                await cut_again_and_again(on_postgresql, administrator, going, CUTS_LONG)
        going.tell(f"PostgreSQL's connections cut {CUTS_LONG} times")
        assert going.statuses("POST")[200] > going.statuses("POST")[503]
        await going.nothing_is_lost()


async def test_postgresql_cuts_connections_and_is_away_for_a_while(on_postgresql: RunningNode) -> None:
    """Few notice that connections are cut. While there are none, requests are refused clearly; then all goes on."""
    node = on_postgresql
    async with two_people(node) as (alice, bob):
        async with traffic(alice, bob) as going:
            with as_administrator(node) as administrator:
                await cut_again_and_again(node, administrator, going, CUTS)
                allow_connections(node, administrator, allowed=False)
                away = time.monotonic()
                cut_connections(node, administrator)
                await going.refused(503)
                await going.refused(503, "GET")
                assert is_clear(await alice.http.get("/health"))
                page = await bob.http.get("/@alice", headers={"Accept": "text/html"})
                assert (page.status_code, "database" in page.text) == (503, True)
                await asyncio.sleep(max(0.0, away + AWAY_SECONDS - time.monotonic()))
                allow_connections(node, administrator, allowed=True)
            back = await going.goes_on()
        going.tell(f"PostgreSQL away for {AWAY_SECONDS:.0f} s", back_after=f"{back:.2f} s")
        await going.nothing_is_lost()
    # Every second that it is away has a line of the log, and no more than that.
    said = [line for event in ("worker.claim_failed", "streams.failed") for line in node.log_lines(event)]
    assert (said != [], [line for line in said if "exception" in line]) == (True, [])


@pytest.mark.long
async def test_postgresql_crashes_and_starts_again(tmp_path: Path) -> None:
    """The server itself is ended like by a power cut, three times, and started again."""
    with own_server(tmp_path) as (url, control):
        node = RunningNode(name="aster", folder=tmp_path / "aster", database_url=url)
        async with two_people(node) as (alice, bob):
            async with traffic(alice, bob) as going:
                slowest = 0.0
                for _ in range(3):
                    control("stop", "-m", "immediate")
                    await going.refused(503)
                    control("start")
                    slowest = max(slowest, await going.goes_on())
            going.tell("PostgreSQL crashed three times", back_after=f"at most {slowest:.2f} s")
            await going.nothing_is_lost()


async def cut_again_and_again(node: RunningNode, administrator: psycopg.Connection, going: Traffic, cuts: int) -> None:
    """Cut all connections so many times, and see each time that it goes on."""
    for _ in range(cuts):
        await asyncio.to_thread(cut_connections, node, administrator)
        await going.goes_on(2)


@contextmanager
def as_administrator(node: RunningNode) -> Iterator[psycopg.Connection]:
    """A connection to the server of a node's database, beside that database."""
    url = ledger.database_of(node).set(drivername="postgresql", database="postgres")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


def cut_connections(node: RunningNode, administrator: psycopg.Connection) -> None:
    """End every connection to a node's database."""
    ended = administrator.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
        (ledger.database_of(node).database,),
    ).fetchall()
    assert ended


def allow_connections(node: RunningNode, administrator: psycopg.Connection, *, allowed: bool) -> None:
    """Let nobody connect to a node's database, or everybody again."""
    name = sql.Identifier(ledger.database_of(node).database or "")
    administrator.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(name, sql.Literal(allowed)))


@contextmanager
def own_server(folder: Path) -> Iterator[tuple[str, Callable[..., None]]]:
    """The address of a database on a PostgreSQL server of this test, and ``pg_ctl`` for it; skips without programs."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    if programs is None:
        pytest.skip("no programs of a PostgreSQL server in /usr/lib/postgresql")
    data = Path(tempfile.mkdtemp(prefix="fedorg-postgresql-"))
    # The server refuses to run for root.
    run_as = [] if os.getuid() else ["runuser", "-u", "postgres", "--"]
    if run_as:
        shutil.chown(data, "postgres")

    def run(program: str, *words: str) -> None:
        with (folder / "postgresql.log").open("ab") as log:
            subprocess.run(
                [*run_as, programs / program, "-D", data, *words], check=True, stdout=log, stderr=log, cwd="/"
            )

    def control(*words: str) -> None:
        run("pg_ctl", "-w", "-o", f"-p {port} -k {data} -c listen_addresses=127.0.0.1", *words)

    with reserved_port() as port:
        run("initdb", "-A", "trust", "-U", "postgres")
        control("start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres", control
        finally:
            control("stop", "-m", "immediate")
            shutil.rmtree(data)
