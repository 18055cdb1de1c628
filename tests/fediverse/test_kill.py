"""A node may be killed at any moment: what it acknowledged is not lost, and nothing happens twice.

``FEDORG_TEST_SEED`` repeats the moments of an earlier run; ``make test-long`` kills more often.
"""

import asyncio
import contextlib
import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from tests.databases import PostgresqlServer
from tests.fediverse import chaos, ledger
from tests.fediverse.chaos import ANSWER, ENTRY, Cast, Record, numbers_in, read_all
from tests.fediverse.nodes import RunningNode, settle

KILLS_SHORT = 6
KILLS_LONG = 50
# Patience for the busiest machine: the nodes work off what waits at many a second.
DRAIN_SECONDS = 120.0
DRAIN_SECONDS_EACH = 1.0


@pytest.fixture
def two_databases(dialect: str, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Addresses of two databases of the same kind; empty means the node's own embedded one."""
    if dialect == "sqlite":
        yield "", ""
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    names = server.create_migrated(), server.create_migrated()
    yield server.url(names[0]), server.url(names[1])
    for name in names:
        server.drop(name)


@pytest.fixture
async def two_nodes(two_databases: tuple[str, str], tmp_path: Path) -> AsyncIterator[tuple[RunningNode, RunningNode]]:
    """Two nodes that run, on databases of the same kind."""
    nodes = tuple(
        RunningNode(name=name, folder=tmp_path / name, database_url=url)
        for name, url in zip(("aster", "birch"), two_databases, strict=True)
    )
    try:
        yield nodes[0], nodes[1]
    finally:
        for node in nodes:
            await node.close()


@pytest.mark.timeout(600)
async def test_a_killed_node_loses_nothing_and_doubles_nothing(two_nodes: tuple[RunningNode, RunningNode]) -> None:
    """Two nodes killed a few times under load hold every acknowledged status once, everywhere it belongs."""
    await _live_through(KILLS_SHORT, *two_nodes)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_fifty_kills_lose_nothing_and_double_nothing(two_nodes: tuple[RunningNode, RunningNode]) -> None:
    """The same for half a hundred kills."""
    await _live_through(KILLS_LONG, *two_nodes)


async def _live_through(kills: int, a: RunningNode, b: RunningNode) -> None:
    seed = int(os.environ.get("FEDORG_TEST_SEED") or secrets.randbelow(1_000_000))
    print(f"FEDORG_TEST_SEED={seed}")  # noqa: T201 - shown if the test fails
    await asyncio.gather(a.start(), b.start())
    await asyncio.gather(a.create("alice", "bob"), b.create("carl", "dora", "eve"))
    record = Record()

    async with signed_in(a, b) as cast:
        await meet(cast)
        stopped = asyncio.Event()
        async with asyncio.TaskGroup() as load:
            load.create_task(chaos.write_until(stopped, cast, record))
            load.create_task(chaos.react_until(stopped, cast, record))
            await chaos.kill_at_random(Random(seed), (a, b), kills, record)  # noqa: S311 - moments, not secrets
            stopped.set()
        await let_work_end(a, b, DRAIN_SECONDS + DRAIN_SECONDS_EACH * len(record.acknowledged))

        await _check_what_members_see(cast, record)
    await asyncio.gather(a.stop(), b.stop())
    assert (ledger.faults(a), ledger.faults(b)) == ({}, {})


async def meet(cast: Cast) -> None:
    """Everybody knows whom they write to, so that nobody has to be looked up while their node is down."""
    await cast.bob.follow(cast.alice)
    await cast.dora.follow(cast.alice)
    await cast.alice.find(cast.carl)
    await cast.alice.find(cast.dora)


async def let_work_end(a: RunningNode, b: RunningNode, seconds: float) -> None:
    """An hour later, as far as the queues can tell, and another: a reply may wait for what comes in the first."""
    for _ in range(2):
        await asyncio.gather(a.stop(), b.stop())
        for node in (a, b):
            ledger.let_time_pass(node)
        await asyncio.gather(a.start(), b.start())
        await settle(a, b, seconds=seconds)


async def _check_what_members_see(cast: Cast, record: Record) -> None:
    me = await cast.alice.get("/api/v1/accounts/verify_credentials")
    own = await read_all(cast.alice, f"/api/v1/accounts/{me['id']}/statuses")
    entries = numbers_in(own, ENTRY)
    assert len(record.acknowledged) > chaos.RATE, "the load was too small to mean anything"
    assert set(record.acknowledged) <= set(entries) <= set(record.acknowledged) | record.given_up
    assert len(entries) == len(set(entries)) == me["statuses_count"]
    assert {status["id"] for status in own} >= set(record.acknowledged.values())
    assert me["followers_count"] == 3

    for reader in (cast.bob, cast.dora):
        assert numbers_in(await read_all(reader, "/api/v1/timelines/home"), ENTRY) == entries
    for name, member in (("bob", cast.bob), ("carl", cast.carl)):
        told = await read_all(member, "/api/v1/notifications")
        assert numbers_in([one["status"] for one in told], ENTRY) == sorted(record.mentioning(name, entries))
    await _check_what_alice_is_told(cast, record)
    replies = Counter(answered for number, answered in record.replies.items() if number in entries)
    replies.update(record.answered)
    counted = {number: status["replies_count"] for status in own for number in numbers_in([status], ENTRY)}
    assert counted == {number: replies[number] for number in entries}


async def _check_what_alice_is_told(cast: Cast, record: Record) -> None:
    told = await read_all(cast.alice, "/api/v1/notifications")
    answers = [one["status"] for one in told if one["type"] == "mention"]
    assert numbers_in(answers, ANSWER) == sorted(record.answered)
    for name, favoured in record.favoured_by.items():
        mine = [one["status"] for one in told if one["type"] == "favourite" and one["account"]["username"] == name]
        assert numbers_in(mine, ENTRY) == sorted(favoured)
    assert sum(one["type"] == "follow" for one in told) == 3


@asynccontextmanager
async def signed_in(a: RunningNode, b: RunningNode) -> AsyncIterator[Cast]:
    """Everybody with a client: two people on the first node, three on the other."""
    async with contextlib.AsyncExitStack() as clients:
        alice, bob = [await clients.enter_async_context(a.member(name)) for name in ("alice", "bob")]
        carl, dora, eve = [await clients.enter_async_context(b.member(name)) for name in ("carl", "dora", "eve")]
        yield Cast(alice=alice, bob=bob, carl=carl, dora=dora, eve=eve)
