"""The clock of a node jumps, and jumps back: ids grow, nothing hangs, nobody is signed out, and what was refused comes.

The clock is that of the node alone, shifted by what stands in a file; that of its peer and of this test are right.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fediverse import ledger
from tests.fediverse.chaos import ENTRY, numbers_in, read_all
from tests.fediverse.nodes import PASSWORD, Member, RunningNode, settle, submit, wait_for
from tests.fediverse.traffic import tell

# Others take what is dated up to half a day ahead (S14).
AHEAD = 6 * 3600
BEHIND = 86_400
SHIFTED = """
import os
from datetime import timedelta
from pathlib import Path

from fedorg import app, cli

shift = Path(os.environ["FEDORG_TEST_CLOCK"])
app.open_node.__wrapped__.__kwdefaults__["now"] = lambda: app.utc_now() + timedelta(seconds=int(shift.read_text()))
cli.main(prog_name="fedorg")
"""


@asynccontextmanager
async def shifted_node(folder: Path) -> AsyncIterator[RunningNode]:
    """A node whose clock is set by ``set_clock``; it runs."""
    settings = {"FEDORG_TEST_CLOCK": str(folder / "clock")}
    (folder / "clock").write_text("0")
    node = RunningNode(name="aster", folder=folder / "aster", settings=settings, program=("-c", SHIFTED))
    try:
        await node.create("alice", "bob")
        await node.start()
        yield node
    finally:
        await node.close()


def set_clock(node: RunningNode, seconds: int) -> None:
    """From now on the node's clock is so much ahead of the right one."""
    where = Path(node.settings["FEDORG_TEST_CLOCK"])
    draft = where.with_suffix(".new")
    draft.write_text(str(seconds))
    draft.rename(where)


async def test_a_clock_jumps_and_nothing_hangs_or_is_lost(tmp_path: Path) -> None:
    """Ahead by hours and back, killed meanwhile and started again, then behind by a day: see the module header."""
    async with playing(tmp_path) as played:
        await _live_through(played)


async def test_what_waits_for_its_time_outlasts_a_clock_that_jumps(tmp_path: Path) -> None:
    """Set back by a day and ahead by hours: a peer that is away gets its backlog once, and plans keep their day."""
    async with playing(tmp_path) as played:
        await played.birch.kill()
        await _leave_waiting(played)
        await played.birch.start()
        await played.aster.command("peer", "retry", played.birch.domain)
        await played.all_arrives()
        plans = await played.alice.get("/api/v1/scheduled_statuses")
        assert [plan["params"]["text"] for plan in plans] == ["entry 99"]
        await played.alice.http.delete(f"/api/v1/scheduled_statuses/{plans[0]['id']}")
        await settle(played.aster, played.birch)


async def _leave_waiting(played: "Played") -> None:
    """A backlog for a peer that is away, and plans for today and for next week, while the clock goes to and fro."""
    await played.write(5)
    await logged(played.aster, "delivery.retry")
    soon, next_week = (datetime.now(UTC) + timedelta(hours=hours) for hours in (3, 7 * 24))
    for number, moment in ((5, soon), (99, next_week)):
        plan = {"status": f"entry {number}", "scheduled_at": moment.isoformat()}
        await played.alice.post("/api/v1/statuses", plan)
    set_clock(played.aster, -BEHIND)
    await logged(played.aster, "clock.jumped")
    set_clock(played.aster, 0)
    await logged(played.aster, "clock.jumped", more_than=1)
    assert len(await played.alice.get("/api/v1/scheduled_statuses")) == 2

    set_clock(played.aster, AHEAD)
    planned = await played.bob.home_status("entry 5")
    played.written.append(planned["id"])
    set_clock(played.aster, 0)
    await logged(played.aster, "clock.jumped", more_than=3)
    await played.write(2)


@dataclass(slots=True, kw_only=True)
class Played:
    """Alice and Bob live where the clock jumps, Dora elsewhere; Alice's entries are numbered."""

    aster: RunningNode
    birch: RunningNode
    alice: Member
    bob: Member
    dora: Member
    written: list[str] = field(default_factory=list)

    async def write(self, entries: int = 3) -> None:
        """Alice writes so many entries."""
        for _ in range(entries):
            status = await self.alice.post("/api/v1/statuses", {"status": f"entry {len(self.written)}"})
            self.written.append(status["id"])

    async def all_arrives(self, *, within: float = 60.0) -> None:
        """Everything that Alice wrote is before Bob and Dora, once."""
        started = time.monotonic()

        async def look() -> bool | None:
            pages = [await read_all(reader, "/api/v1/timelines/home") for reader in (self.bob, self.dora)]
            return all(numbers_in(page, ENTRY) == [*range(len(self.written))] for page in pages) or None

        await wait_for(look, "all entries before all readers", within)
        tell("clock set right", all_there_after=f"{time.monotonic() - started:.1f} s")


@asynccontextmanager
async def playing(folder: Path) -> AsyncIterator[Played]:
    """Whoever lives on both nodes follows Alice; at the end nothing is lost or doubled on either."""
    async with AsyncExitStack() as stack:
        aster = await stack.enter_async_context(shifted_node(folder))
        birch = RunningNode(name="birch", folder=folder / "birch")
        stack.push_async_callback(birch.close)
        await birch.create("dora")
        await birch.start()
        async with aster.member("alice") as alice, aster.member("bob") as bob, birch.member("dora") as dora:
            await bob.follow(alice)
            await dora.follow(alice)
            await alice.follow(dora)
            yield Played(aster=aster, birch=birch, alice=alice, bob=bob, dora=dora)
        await asyncio.gather(aster.stop(), birch.stop())
        assert (ledger.faults(aster), ledger.faults(birch)) == ({}, {})


async def _live_through(played: Played) -> None:
    await played.write()
    await played.all_arrives()
    async with signed_in_browser(played.aster, "alice") as browser:
        await _live_with(played, browser)
    await settle(played.aster, played.birch)


async def _live_with(played: Played, browser: httpx.AsyncClient) -> None:
    """The clock is set, and set right, three times."""
    aster, birch, alice, dora = played.aster, played.birch, played.alice, played.dora
    set_clock(aster, AHEAD)
    await played.write()
    await dora.post("/api/v1/statuses", {"status": "Can you hear me?"})
    (refusal, *_) = await logged(aster, "activity.refused")
    assert (refusal["error"], "too old" in refusal["reason"]) == ("Unauthorized", True)
    (retried, *_) = await logged(aster, "delivery.retry")
    assert "401" in retried["reason"]
    assert (await logged(aster, "clock.jumped"))[-1]["seconds"] == pytest.approx(AHEAD, abs=5)

    set_clock(aster, 0)
    await played.write()
    await birch.command("peer", "retry", aster.domain)
    await alice.home_status("Can you hear me?")
    await played.all_arrives()
    await _all_is_in_order(played)
    assert (await browser.get("/account/reach")).status_code == 200

    set_clock(aster, AHEAD)
    await played.write()
    await aster.kill()
    set_clock(aster, 0)
    await aster.start()
    await played.write()
    await played.all_arrives()

    put_off = len(aster.log_lines("delivery.retry"))
    set_clock(aster, -BEHIND)
    await played.write()
    await logged(aster, "delivery.retry", more_than=put_off)
    set_clock(aster, 0)
    await played.all_arrives()
    await _all_is_in_order(played)
    assert (await browser.get("/account/reach")).status_code == 200


async def _all_is_in_order(played: Played) -> None:
    """Ids grow with every entry, and Alice's own page shows them by their order."""
    ids = [int(status_id) for status_id in played.written]
    assert ids == sorted(set(ids))
    me = await played.alice.get("/api/v1/accounts/verify_credentials")
    own = await read_all(played.alice, f"/api/v1/accounts/{me['id']}/statuses")
    assert [status["id"] for status in own] == played.written[::-1]


async def logged(node: RunningNode, event: str, *, more_than: int = 0) -> list[dict[str, Any]]:
    """The lines of an event, once there are more than so many."""

    async def look() -> list[dict[str, Any]] | None:
        lines = node.log_lines(event)
        return lines if len(lines) > more_than else None

    return await wait_for(look, f"{event} in the log of {node.name}")


@asynccontextmanager
async def signed_in_browser(node: RunningNode, username: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is signed in on the pages."""
    async with node.http() as http:
        page = await http.get("/auth/sign_in", follow_redirects=True)
        await submit(http, page, name=username, password=PASSWORD)
        yield http
