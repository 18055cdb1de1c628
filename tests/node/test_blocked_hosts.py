"""A block of a host holds for every host below it; no other word about a server does (issue 5: subdomain rules)."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from fedorg.domain.visibility import Tier
from fedorg.services import peers
from tests.node.fake_peer import running_peer
from tests.node.meeting import Meeting
from tests.node.peering import be_followed
from tests.node.serving import NodeServer
from tests.node.talking import run_jobs, success


@pytest.fixture
async def below(serve: Callable[..., Awaitable[NodeServer]]) -> AsyncIterator[Meeting]:
    """A node, and a peer on a host below others."""
    server = await serve()
    async with running_peer("a.peer.localhost") as peer, run_jobs(server) as working:
        yield Meeting(working=working, peer=peer)


async def test_a_host_below_a_blocked_one_is_not_spoken_with(below: Meeting) -> None:
    """What it sends is refused, what was meant for it stays here, and nobody is looked up there (S15)."""
    anna = await below.working.person("anna")
    fred = below.add("fred")
    below.add("rita")
    await be_followed(below.working, below.peer, "fred", anna)
    await peers.set_tier(below.node, "peer.localhost", Tier.BLOCKED)
    await below.working.deliver_all()
    heard = len(below.peer.received)

    success(await anna.api.post("/api/v1/statuses", data={"status": "Hello", "reach": "public"}))
    await below.working.settle()
    await below.working.deliver_all()
    refused = await below.post(below.peer.activity("Like", fred, below.actor(anna), 77), "fred")
    query = {"q": f"@rita@{below.peer.domain}", "resolve": "true", "type": "accounts"}
    found = success(await anna.api.get("/api/v2/search", params=query))["accounts"]

    assert refused == 403
    assert found == []
    assert below.peer.received[heard:] == []
    await peers.set_tier(below.node, "peer.localhost", Tier.OPEN)
    assert (await below.find(anna, "rita"))["username"] == "rita"


async def test_a_host_below_a_sibling_is_a_stranger(below: Meeting) -> None:
    """What is for the organisation does not go to it."""
    anna = await below.working.person("anna")
    below.add("fred")
    await be_followed(below.working, below.peer, "fred", anna)
    await peers.set_tier(below.node, "peer.localhost", Tier.SIBLING)

    success(await anna.api.post("/api/v1/statuses", data={"status": "Secret", "reach": "organisation"}))
    success(await anna.api.post("/api/v1/statuses", data={"status": "Open", "reach": "public"}))
    await below.working.settle()
    await below.working.deliver_all()

    told = [one["object"]["content"] for one in below.peer.received if one["type"] == "Create"]
    assert told == ["<p>Open</p>"]
