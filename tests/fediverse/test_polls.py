"""Polls between two real nodes: votes travel, tallies come back, and the end is told on both."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.fediverse.conftest import Fediverse, running_fediverse
from tests.fediverse.nodes import Member, wait_for
from tests.fediverse.test_faults_clock import SHIFTED, set_clock

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR = 3600


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def quick(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fediverse]:
    """Two nodes that go by one clock, which the test sets."""
    folder = Path(tmp_path_factory.mktemp("polls"))
    (folder / "clock").write_text("0")
    settings = {"FEDORG_TEST_CLOCK": str(folder / "clock")}
    async with running_fediverse(folder, settings=settings, program=("-c", SHIFTED)) as running:
        yield running


async def ask(author: Member, words: str, **fields: str) -> dict[str, Any]:
    """Post a poll; its status."""
    poll = {"poll[options][]": ["Tea", "Coffee"], "poll[expires_in]": str(HOUR)} | {
        f"poll[{name}]": value for name, value in fields.items()
    }
    status: dict[str, Any] = await author.post("/api/v1/statuses", {"status": words, **poll})
    return status


async def vote(voter: Member, words: str, choice: int) -> dict[str, Any]:
    """Vote in the poll of a status in the home timeline; the poll."""
    status = await voter.home_status(words)
    poll: dict[str, Any] = await voter.post(f"/api/v1/polls/{status['poll']['id']}/votes", {"choices[]": str(choice)})
    return poll


async def wait_for_poll(viewer: Member, poll: dict[str, Any], **expected: object) -> dict[str, Any]:
    """The poll, once its members are as expected; looked at by way of a timeline, which asks nobody."""

    async def look() -> dict[str, Any] | None:
        home = await viewer.get("/api/v1/timelines/home")
        found = next((one["poll"] for one in home if (one["poll"] or {}).get("id") == poll["id"]), None)
        return found if found and all(found[name] == value for name, value in expected.items()) else None

    return await wait_for(look, f"{expected} in the poll {poll['id']} as {viewer.handle} sees it")


def totals(poll: dict[str, Any]) -> list[int | None]:
    return [option["votes_count"] for option in poll["options"]]


async def poll_notice(member: Member, words: str) -> dict[str, Any]:
    """The notification that a poll is over."""

    async def look() -> dict[str, Any] | None:
        found = await member.get("/api/v1/notifications", {"types[]": "poll"})
        return next((one for one in found if words in one["status"]["content"]), None)

    return await wait_for(look, f"the end of {words!r} for {member.handle}")


async def test_polls_are_voted_in_and_ended_between_nodes(quick: Fediverse) -> None:
    """Votes are counted where the poll lives, told to every node that has it, and final numbers are the same on both.

    One poll shows its numbers, the other one, in the other direction, hides them until the end.
    """
    alice, bob, bella = quick.alice, quick.bob, quick.bella
    for follower, author in ((bob, alice), (bella, alice), (alice, bob)):
        await follower.follow(author)
    shown, hidden = await asyncio.gather(ask(alice, "Shown?"), ask(bob, "Hidden?", hide_totals="true"))

    there, here = await asyncio.gather(vote(bob, "Shown?", 1), vote(alice, "Hidden?", 0))

    assert (totals(there), there["own_votes"]) == ([0, 1], [1])
    assert (totals(here), here["own_votes"]) == ([1, 0], [0])
    counted = await wait_for_poll(alice, shown["poll"], votes_count=1)
    assert (totals(counted), counted["voters_count"]) == ([0, 1], 1)
    assert totals(await wait_for_poll(bob, hidden["poll"], votes_count=1)) == [None, None]
    # Bob and Bella look at the same copy; the numbers are those that came back.
    assert totals(await wait_for_poll(bella, there, voters_count=1)) == [0, 1]
    assert (await vote(bella, "Shown?", 0))["own_votes"] == [0]
    await quick.settle()
    set_clock(quick.a, 2 * HOUR)

    told = await asyncio.gather(
        *(poll_notice(one, "Shown?") for one in (alice, bob, bella)),
        *(poll_notice(one, "Hidden?") for one in (bob, alice)),
    )
    assert {notice["account"]["username"] for notice in told[:3]} == {"alice"}
    for viewer, poll in ((alice, shown["poll"]), (bob, there)):
        assert totals(await wait_for_poll(viewer, poll, expired=True, votes_count=2)) == [1, 1]
    for viewer, poll in ((bob, hidden["poll"]), (alice, here)):
        assert totals(await wait_for_poll(viewer, poll, expired=True, votes_count=1)) == [1, 0]
    await quick.settle()
    for member in (alice, bob):
        kinds = {one["type"] for one in await member.get("/api/v1/notifications")}
        assert kinds == {"follow", "poll"}
        account = await member.get("/api/v1/accounts/verify_credentials")
        statuses = await member.get(f"/api/v1/accounts/{account['id']}/statuses")
        assert [status["poll"] is not None for status in statuses] == [True]
