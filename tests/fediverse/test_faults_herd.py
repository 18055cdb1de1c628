"""A thundering herd at one inbox, and a storm of mentions: all that was taken has its effect, and the API answers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import NullPool, create_engine, text

from tests.benchmarks.crowd import Crowd, running_crowd
from tests.fediverse import ledger
from tests.fediverse.chaos import read_all
from tests.fediverse.nodes import Member, RunningNode, settle, wait_for
from tests.fediverse.traffic import percentile, resting_bytes, tell, times, traffic

HOSTS = 50
AT_ONCE = 32
HERD = 150
HERD_LONG = 5000
NAMED_LONG = 2000


async def test_a_herd_and_a_storm(tmp_path: Path) -> None:
    """A few hundred deliveries at once, a third of which mention one member."""
    async with besieged(tmp_path) as (crowd, alice, bob):
        await _stampede(crowd, alice, bob, HERD, named=HERD // 3)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_five_thousand_deliveries_at_once(tmp_path: Path) -> None:
    """A herd of 5,000 of which 2,000 mention one member, twice: the second takes no more memory than the first."""
    async with besieged(tmp_path) as (crowd, alice, bob):
        before = await resting_bytes(alice.node)
        sizes = []
        for _ in range(2):
            p95 = await _stampede(crowd, alice, bob, HERD_LONG, named=NAMED_LONG)
            assert max(p95) < 1.0, p95
            sizes.append(await resting_bytes(alice.node))
        tell("memory in MiB", before=before >> 20, after=[one >> 20 for one in sizes])
        # What the first leaves is code and caches, which are bounded.
        assert sizes[1] <= sizes[0] * 1.1


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_status_that_mentions_very_many(tmp_path: Path) -> None:
    """One status names a member, 60 people here, a thousand elsewhere: those here are told once, nobody is asked."""
    names = [f"p{number}" for number in range(60)]
    async with besieged(tmp_path, *names) as (crowd, alice, bob):
        node = alice.node
        here = [f"{node.url}/users/{name}" for name in ("alice", *names)]
        elsewhere = [f"https://nobody{number}.localhost:{crowd.port}/users/x" for number in range(1000)]
        note = crowd.note(0, "Dear all")
        note["tag"] = [{"type": "Mention", "href": uri} for uri in [*here, *elsewhere]]
        note["cc"] += here
        asked = sum(crowd.asked.values())
        async with traffic(bob, bob) as going:
            assert await _deliver(alice, [crowd.sign(0, f"{node.url}/inbox", "Create", note)]) == {202: 1}
            await going.goes_on(10)
        await settle(node)
        told = await read_all(alice, "/api/v1/notifications")
        assert sum(one["type"] == "mention" for one in told) == 1
        assert sum(crowd.asked.values()) - asked < 60
        going.tell("a status that mentions 1,061", asked=sum(crowd.asked.values()) - asked)


@asynccontextmanager
async def besieged(folder: Path, *more: str) -> AsyncIterator[tuple[Crowd, Member, Member]]:
    """Alice is mentioned by everybody; Bob follows nobody and reads what is public."""
    async with running_crowd(folder) as crowd:
        crowd.grow(HOSTS)
        node = RunningNode(name="aster", folder=folder / "aster", settings={"FEDORG_CA_FILE": str(crowd.authority)})
        try:
            await node.create("alice", "bob", *more)
            await node.start()
            async with node.member("alice") as alice, node.member("bob") as bob:
                await bob.follow(alice)
                yield crowd, alice, bob
            await node.stop()
            assert ledger.faults(node) == {}
        finally:
            await node.close()


async def _stampede(crowd: Crowd, alice: Member, bob: Member, herd: int, *, named: int) -> tuple[float, float, float]:
    """So many deliveries at once, ``named`` of which mention Alice; p95 of pages, posts and notifications meanwhile."""
    node = alice.node
    known = len(await read_all(alice, "/api/v1/notifications"))
    messages = []
    for number in range(herd):
        note = crowd.note(number % HOSTS, f"Me too {crowd.numbers}")
        if number < named:
            note["tag"] = [{"type": "Mention", "href": f"{node.url}/users/alice"}]
            note["cc"].append(f"{node.url}/users/alice")
        messages.append(crowd.sign(number % HOSTS, f"{node.url}/inbox", "Create", note))
    told: list[float] = []
    stopped = asyncio.Event()

    async def read_notifications() -> None:
        while not stopped.is_set():
            started = time.monotonic()
            page = await alice.get("/api/v1/notifications", {"limit": "40"})
            assert len(page) <= 40
            told.append(time.monotonic() - started)
            await asyncio.sleep(0.2)

    async with traffic(bob, bob) as going, asyncio.TaskGroup() as reading:
        reading.create_task(read_notifications())
        started = time.monotonic()
        answers = await _deliver(alice, messages)
        accepted = time.monotonic() - started
        await _until_handled(node)
        handled = time.monotonic() - started
        stopped.set()
    assert set(answers) == {202}
    assert going.wrong == []
    await settle(node, seconds=300)
    mentions = [one for one in await read_all(alice, "/api/v1/notifications") if one["type"] == "mention"]
    assert len(mentions) == len({one["status"]["id"] for one in mentions})
    assert len(await read_all(alice, "/api/v1/notifications")) - known == named
    going.tell(
        f"a herd of {herd} deliveries, {named} of them mentions",
        accepted=f"{herd / accepted:.0f}/s",
        handled_after=f"{handled:.1f} s",
        notifications=times(told),
    )
    return going.p95("GET"), going.p95("POST"), percentile(told, 95)


async def _deliver(member: Member, messages: list[tuple[dict[str, str], bytes]]) -> dict[int, int]:
    """Deliver all at once, again what is put off; how often each answer came."""
    turns = asyncio.Semaphore(AT_ONCE)
    answers: dict[int, int] = {}

    async def deliver(http: httpx.AsyncClient, headers: dict[str, str], body: bytes) -> None:
        async with turns:
            answer = await http.post("/inbox", headers=headers, content=body)
            answers[answer.status_code] = answers.get(answer.status_code, 0) + 1

    async with member.node.http() as http:
        await asyncio.gather(*(deliver(http, headers, body) for headers, body in messages))
    return answers


async def _until_handled(node: RunningNode) -> None:
    """Return once nothing is left to do that others caused."""
    engine = create_engine(ledger.database_of(node), poolclass=NullPool)

    async def look() -> bool | None:
        with engine.connect() as conn:
            left = conn.execute(text("SELECT count(*) FROM jobs WHERE lane IS NOT NULL")).scalar()
        return left == 0 or None

    await wait_for(look, "the herd to be handled", 600, every=0.2)
