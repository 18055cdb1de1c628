"""Several processes of one node: they agree, any of them may be killed at any moment, and the service goes on."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.databases import PostgresqlServer
from tests.fediverse import chaos, ledger
from tests.fediverse.chaos import ENTRY, Record, numbers_in, read_all
from tests.fediverse.nodes import Member, RunningNode, settle, wait_for
from tests.fediverse.test_kill import let_work_end, meet, signed_in

KILLS = 6
PROCESSES = ("--processes", "2", "--workers", "2")


@pytest.fixture
async def nodes(
    dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[RunningNode, RunningNode]]:
    """A node of four processes, and one of a single one."""
    server: PostgresqlServer | None = None
    name = url = ""
    if dialect == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        assert server is not None
        name = server.create_migrated()
        url = server.url(name)
    many = RunningNode(name="aster", folder=tmp_path / "aster", database_url=url, options=PROCESSES)
    one = RunningNode(name="birch", folder=tmp_path / "birch")
    try:
        yield many, one
    finally:
        await many.close()
        await one.close()
        if server is not None:
            server.drop(name)


@pytest.mark.timeout(600)
async def test_processes_of_a_node_are_killed_and_nothing_is_lost(nodes: tuple[RunningNode, RunningNode]) -> None:
    """While members write, web servers and workers are killed at random: nothing is lost or doubled, streams go on."""
    many, one = nodes
    seed = secrets.randbelow(1_000_000)
    print(f"seed {seed}")  # noqa: T201 - shown if the test fails
    await asyncio.gather(many.start(), one.start())
    await asyncio.gather(many.create("alice", "bob"), one.create("carl", "dora", "eve"))
    record = Record()
    async with signed_in(many, one) as cast:
        await meet(cast)
        stopped = asyncio.Event()
        heard: set[int] = set()
        async with asyncio.TaskGroup() as load:
            load.create_task(chaos.write_until(stopped, cast, record))
            listening = load.create_task(_listen(cast.bob, heard))
            await _kill_some(many, record, Random(seed))  # noqa: S311 - moments, not secrets
            await _streams_go_on(record, heard)
            stopped.set()
            listening.cancel()
        await settle(many, one, seconds=120)
        metrics = await _metrics(many)
        assert "fedorg_requests_total" in metrics
        await let_work_end(many, one, 120)
        own = await read_all(cast.alice, f"/api/v1/accounts/{await _own_id(cast.alice)}/statuses")
        entries = numbers_in(own, ENTRY)
        assert set(record.acknowledged) <= set(entries) <= set(record.acknowledged) | record.given_up
        assert len(entries) == len(set(entries))
        for reader in (cast.bob, cast.dora):
            assert numbers_in(await read_all(reader, "/api/v1/timelines/home"), ENTRY) == entries
    await asyncio.gather(many.stop(), one.stop())
    assert (ledger.faults(many), ledger.faults(one)) == ({}, {})


async def _kill_some(node: RunningNode, record: Record, random: Random) -> None:
    """One process now and then, and at last the supervisor itself: its processes end with it."""
    for _ in range(KILLS):
        await _acknowledged(record, len(record.acknowledged) + random.randint(3, 12))
        node.kill_one(random)
    await _acknowledged(record, len(record.acknowledged) + 3)
    await node.kill()
    await node.start()


async def _streams_go_on(record: Record, heard: set[int]) -> None:
    """What is written from now on is heard, by way of whichever process answers now."""
    begun = len(record.acknowledged)

    async def look() -> bool | None:
        # Whatever comes until it is opened again is not repeated.
        return bool(heard & set(list(record.acknowledged)[begun:])) or None

    await wait_for(look, "streams to go on")


async def _acknowledged(record: Record, count: int) -> None:
    async def look() -> bool | None:
        return len(record.acknowledged) >= count or None

    await wait_for(look, f"{count} acknowledged entries", 120)


async def _listen(member: Member, heard: set[int]) -> None:
    """Hear the stream of a member as a client does: where it breaks, it is opened again."""
    while True:
        try:
            async with member.http.stream("GET", "/api/v1/streaming/user", timeout=30) as answer:
                async for line in answer.aiter_lines():
                    heard.update(int(number) for number in ENTRY.findall(line))
        except OSError:
            pass
        except Exception as problem:
            if type(problem).__module__.partition(".")[0] != "httpx":
                raise
        await asyncio.sleep(0.1)


async def _metrics(node: RunningNode) -> str:
    async with node.http() as http:
        return (await http.get("/metrics")).text


async def _own_id(member: Member) -> Any:  # noqa: ANN401 - JSON
    return (await member.get("/api/v1/accounts/verify_credentials"))["id"]
