"""Three real nodes: what is pinned on one stands on the others, and who comes late finds threads and profiles whole."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.fediverse.nodes import Member, RunningNode, settle, wait_for

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

NUMBERS: Final = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Alice, Bob and Carol, each on a node of their own; Bob follows Alice, Carol knows nobody."""

    alice: Member
    bob: Member
    carol: Member

    async def settle(self) -> None:
        await settle(self.alice.node, self.bob.node, self.carol.node)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The nodes, open to everybody."""
    folder = tmp_path_factory.mktemp("completion")
    async with AsyncExitStack() as stack:
        members = {}
        for name in ("alice", "bob", "carol"):
            node = RunningNode(name=name, folder=folder / name)
            stack.push_async_callback(node.close)
            await node.create(name)
            await node.start()
            members[name] = await stack.enter_async_context(node.member(name))
        await members["bob"].follow(members["alice"])
        yield World(**members)


async def post(author: Member, words: str, **form: str) -> dict[str, Any]:
    status: dict[str, Any] = await author.post("/api/v1/statuses", {"status": words, **form})
    return status


async def find_status(reader: Member, uri: str) -> dict[str, Any]:
    """The status with an address, resolved from its node if need be."""
    (status,) = (await reader.get("/api/v2/search", {"q": uri, "type": "statuses", "resolve": "true"}))["statuses"]
    found: dict[str, Any] = status
    return found


async def pinned(reader: Member, account_id: str) -> list[str]:
    statuses = await reader.get(f"/api/v1/accounts/{account_id}/statuses", {"pinned": "true"})
    return [status["uri"] for status in statuses]


async def test_a_pin_appears_on_the_other_node_and_goes_again(world: World) -> None:
    """A follower's node shows what was pinned, in the order of the pins, until it is unpinned."""
    alice = await world.bob.find(world.alice)
    first, second = await post(world.alice, "First"), await post(world.alice, "Second")
    for status in (first, second):
        await world.alice.post(f"/api/v1/statuses/{status['id']}/pin")

    async def shows(uris: list[str]) -> bool | None:
        return await pinned(world.bob, alice) == uris or None

    await wait_for(lambda: shows([second["uri"], first["uri"]]), "both pins")
    await world.alice.post(f"/api/v1/statuses/{second['id']}/unpin")

    await wait_for(lambda: shows([first["uri"]]), "the pin to go")


async def test_who_comes_late_finds_a_profile_whole(world: World) -> None:
    """Looked at for the first time on a third node, a profile brings its statuses, pins, hashtags and numbers."""
    early, private = await post(world.alice, "Long before"), await post(world.alice, "Quiet", visibility="private")
    await world.alice.post(f"/api/v1/statuses/{early['id']}/pin")
    await world.alice.post("/api/v1/featured_tags", {"name": "Gardening"})
    account = await world.carol.find(world.alice)
    path = f"/api/v1/accounts/{account}"
    await world.carol.get(path)

    async def is_whole() -> bool | None:
        listed = {status["uri"] for status in await world.carol.get(f"{path}/statuses")}
        assert private["uri"] not in listed
        return (early["uri"] in listed and early["uri"] in await pinned(world.carol, account)) or None

    await wait_for(is_whole, "the profile to be filled")
    await world.settle()
    assert [tag["name"] for tag in await world.carol.get(f"{path}/featured_tags")] == ["Gardening"]
    assert (await world.carol.get(path))["followers_count"] == 1
    assert await world.carol.home() == []


async def test_a_thread_is_completed_on_a_third_node(world: World) -> None:
    """Somebody who finds one status of a conversation sees all of it, wherever its parts live."""
    root = await post(world.alice, f"Question {next(NUMBERS)}")
    seen = await find_status(world.bob, root["uri"])
    answer = await post(world.bob, f"{world.alice.handle} Answer", in_reply_to_id=seen["id"])
    received = await find_status(world.alice, answer["uri"])
    thanks = await post(world.alice, "Thanks", in_reply_to_id=received["id"])
    await post(world.alice, "Between us", in_reply_to_id=received["id"], visibility="private")
    await world.settle()
    found = await find_status(world.carol, answer["uri"])

    async def context() -> list[str] | None:
        path = f"/api/v1/statuses/{found['id']}/context"
        around = await world.carol.get(path)
        uris = [one["uri"] for one in (*around["ancestors"], *around["descendants"])]
        return uris if len(uris) >= 2 else None

    assert await wait_for(context, "the thread") == [root["uri"], thanks["uri"]]
    await world.settle()
    assert await context() == [root["uri"], thanks["uri"]]
