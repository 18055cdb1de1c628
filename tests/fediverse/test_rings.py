"""Nodes whose people all follow each other: what they say, boost, edit and delete goes round, and comes to rest."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fediverse.nodes import Member, RunningNode, settle, wait_for

DELIVERED: Final = re.compile(r'^fedorg_deliveries_total\{result="delivered"\} ([0-9.e+]+)$', re.MULTILINE)


@dataclass(slots=True, kw_only=True)
class Ring:
    """One person on each node; everybody follows all others. ``told`` is how much was delivered until it was asked."""

    members: list[Member]
    told: int = 0

    async def deliveries(self) -> int:
        """How much was delivered since it was last asked, once all nodes are idle."""
        await settle(*(member.node for member in self.members))
        before, self.told = self.told, sum([await _delivered(member) for member in self.members])
        return self.told - before


@pytest.fixture(params=[2, 3])
async def ring(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ring]:
    """A ring of so many nodes."""
    async with AsyncExitStack() as stack:
        members = []
        for name in ("anna", "bela", "carla")[: request.param]:
            node = RunningNode(name=name, folder=tmp_path / name)
            stack.push_async_callback(node.close)
            await node.create(name)
            await node.start()
            members.append(await stack.enter_async_context(node.member(name)))
        for follower in members:
            for followed in members:
                if follower is not followed:
                    await follower.follow(followed)
        yield Ring(members=members)


@pytest.mark.timeout(300)
async def test_what_goes_round_comes_to_rest(ring: Ring) -> None:
    """Of a deed each node tells each other no more than two things: that, and what became of its own boost of it."""
    anna, number = ring.members[0], len(ring.members)
    most = 2 * number * (number - 1)
    await ring.deliveries()
    root = await anna.post("/api/v1/statuses", {"status": "Shall we dance?"})
    assert await ring.deliveries() == number - 1

    for member in ring.members:
        here = await _find(member, root["uri"])
        await member.post("/api/v1/statuses", {"status": f"{anna.handle} I will", "in_reply_to_id": here["id"]})
    assert await ring.deliveries() <= number * most
    answers = [await _own(member, "I will") for member in ring.members]
    for act in ("reblog", "favourite"):
        for member in ring.members:
            for one in (root, *answers):
                here = await _find(member, one["uri"])
                await member.post(f"/api/v1/statuses/{here['id']}/{act}")
        assert await ring.deliveries() <= number * (number + 1) * most

    for member, answer in zip(ring.members, answers, strict=True):
        changed = await member.http.put(f"/api/v1/statuses/{answer['id']}", data={"status": "Not today"})
        assert changed.is_success, changed.text
    assert await ring.deliveries() <= number * most
    for member, answer in zip(ring.members, answers, strict=True):
        assert (await member.http.delete(f"/api/v1/statuses/{answer['id']}")).is_success
    assert await ring.deliveries() <= number * most
    assert (await anna.http.delete(f"/api/v1/statuses/{root['id']}")).is_success
    assert await ring.deliveries() <= most
    assert [await member.home() for member in ring.members] == [[]] * number


async def _find(member: Member, uri: str) -> dict[str, Any]:
    """A status as it is at a member's node, once it is there."""

    async def look() -> dict[str, Any] | None:
        found = await member.get("/api/v2/search", {"q": uri, "type": "statuses", "resolve": "true"})
        return next(iter(found["statuses"]), None)

    return await wait_for(look, uri)


async def _own(member: Member, words: str) -> dict[str, Any]:
    me = await member.get("/api/v1/accounts/verify_credentials")
    page = await member.get(f"/api/v1/accounts/{me['id']}/statuses")
    return next(status for status in page if words in status["content"])


async def _delivered(member: Member) -> int:
    found = DELIVERED.search((await member.http.get("/metrics?name[]=fedorg_deliveries_total")).text)
    return int(float(found[1])) if found else 0
