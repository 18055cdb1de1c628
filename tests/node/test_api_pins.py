"""Pins over the client API and between servers: who may pin what, who sees it, who is told, and who is believed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.node.fake_peer import FakePeer, running_peer
from tests.node.peering import add_note, be_followed, fetch, find, find_status, follow_remote, send, signed_fetch
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, contents, entities, entity, follow, post, refusal, success


@pytest.fixture
async def peer() -> AsyncIterator[FakePeer]:
    """A server with two users whose pins lie in a collection."""
    async with running_peer() as running:
        for name in ("fred", "gina"):
            uri = running.add_user(name)
            running.documents[f"/users/{name}"]["featured"] = f"{uri}/featured"
        yield running


async def pin(author: Member, status: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    return entity(await author.api.post(f"/api/v1/statuses/{status['id']}/pin"), "Status")


async def unpin(author: Member, status: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    return entity(await author.api.post(f"/api/v1/statuses/{status['id']}/unpin"), "Status")


async def pinned(reader: Member, account_id: str, **params: str) -> list[str]:
    answer = await reader.api.get(f"/api/v1/accounts/{account_id}/statuses", params={"pinned": "true", **params})
    return contents(entities(answer, "Status"))


async def test_pins_stand_on_the_profile_the_latest_first(working: WorkingServer) -> None:
    """What is pinned says so to its author, is listed for others in the order of the pins, and leaves with its pin."""
    anna, bert = await working.person("anna"), await working.person("bert")
    first, second = await post(anna, "First"), await post(anna, "Second")

    assert (first["pinned"], (await pin(anna, second))["pinned"], (await pin(anna, first))["pinned"]) == (
        False,
        True,
        True,
    )
    await pin(anna, first)

    assert await pinned(bert, anna.id) == ["First", "Second"]
    assert await pinned(bert, anna.id, limit="1") == ["First"]
    assert "pinned" not in success(await bert.api.get(f"/api/v1/statuses/{first['id']}"))
    assert (await unpin(anna, first))["pinned"] is False
    assert (await unpin(anna, first))["pinned"] is False
    assert await pinned(bert, anna.id) == ["Second"]
    await anna.api.delete(f"/api/v1/statuses/{second['id']}")
    assert await pinned(bert, anna.id) == []


async def test_what_cannot_be_pinned_is_refused_in_mastodons_words(working: WorkingServer) -> None:
    """Somebody else's, a boost, a direct message, and a sixth one; what one cannot see is not there."""
    anna, bert = await working.person("anna"), await working.person("bert")
    hers, boosted = await post(anna, "Hers"), await post(bert, "His")
    direct = await post(anna, "@bert psst", visibility="direct")
    private = await post(bert, "For followers", visibility="private")
    boost = success(await anna.api.post(f"/api/v1/statuses/{boosted['id']}/reblog"))

    async def refused(status: dict[str, Any], by: Member = anna, code: int = 422) -> str:
        return refusal(await by.api.post(f"/api/v1/statuses/{status['id']}/pin"), code)

    assert await refused(hers, by=bert) == "Validation failed: Someone else's post cannot be pinned"
    assert await refused(boost) == "Validation failed: A boost cannot be pinned"
    assert await refused(direct) == (
        "Validation failed: Posts that are only visible to mentioned users cannot be pinned"
    )
    assert await refused(private, code=404) == await refused({"id": "999"}, code=404)
    for number in range(5):
        await pin(anna, await post(anna, f"Pinned {number}"))
    assert await refused(hers) == "Validation failed: You have already pinned the maximum number of posts"
    assert "pinned" not in success(await anna.api.get(f"/api/v1/statuses/{direct['id']}"))
    instance = success(await anna.api.get("/api/v2/instance"))
    assert instance["configuration"]["accounts"]["max_pinned_statuses"] == 5


async def test_a_private_pin_is_for_followers(working: WorkingServer) -> None:
    """A pinned followers-only status is listed to followers and to nobody else."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await follow(bert, anna)
    await pin(anna, await post(anna, "For followers", visibility="private"))

    assert await pinned(bert, anna.id) == ["For followers"]
    assert await pinned(carl, anna.id) == []
    assert success(await working.server.anonymous.get(f"/api/v1/accounts/{anna.id}/statuses?pinned=true")) == []


async def test_servers_of_followers_are_told_of_pins(working: WorkingServer, peer: FakePeer) -> None:
    """An Add to the featured collection when a status is pinned, a Remove when the pin is taken back."""
    anna = await working.person("anna")
    await be_followed(working, peer, "fred", anna)
    status = await post(anna, "Look at this")

    await pin(anna, status)
    added = await peer.wait_for("Add")
    await unpin(anna, status)
    removed = await peer.wait_for("Remove")

    actor = f"{working.server.url}/users/anna"
    document = (await fetch(working.server, actor)).json()
    for activity in (added, removed):
        assert (activity["actor"], activity["object"]) == (actor, status["uri"])
        assert activity["target"] == document["featured"]


async def test_a_pin_goes_no_further_than_its_status(working: WorkingServer, peer: FakePeer) -> None:
    """A follower's server outside the reach hears nothing of the pin, and finds nothing in the collection."""
    anna = await working.person("anna")
    await be_followed(working, peer, "fred", anna)
    limited = await post(anna, "Inside", reach="organisation")

    await pin(anna, limited)
    await pin(anna, await post(anna, "For all"))
    await peer.wait_for("Add")

    assert limited["uri"] not in str(peer.received)
    featured = await signed_fetch(
        working.server, peer, f"{working.server.url}/users/anna/collections/featured", by="fred"
    )
    assert featured.json()["totalItems"] == 1
    assert limited["uri"] not in featured.text


async def test_a_pin_of_a_peer_stands_on_its_profile(working: WorkingServer, peer: FakePeer) -> None:
    """Somebody who is followed pins a status unknown here: it is fetched, shown as pinned, and not told as news."""
    anna = await working.person("anna")
    account = await follow_remote(working, anna, peer, "fred")
    uri = add_note(peer, content="<p>Pinned long ago</p>")

    await send(working, peer, "Add", uri, by="fred", target=f"{peer.actor('fred')}/featured")

    assert await pinned(anna, account["id"]) == ["Pinned long ago"]
    assert contents(success(await anna.api.get("/api/v1/timelines/home"))) == []
    await send(working, peer, "Remove", uri, by="fred", target=f"{peer.actor('fred')}/featured")
    assert await pinned(anna, account["id"]) == []


async def test_nobody_pins_for_somebody_else(working: WorkingServer, peer: FakePeer) -> None:
    """A collection that is not the sender's own, and a status of somebody else, change nothing (S5)."""
    anna = await working.person("anna")
    fred = await follow_remote(working, anna, peer, "fred")
    gina = await follow_remote(working, anna, peer, "gina")
    hers = add_note(peer, by="gina")
    assert await find_status(anna, hers) is not None

    await send(working, peer, "Add", hers, by="fred", target=f"{peer.actor('gina')}/featured")
    await send(working, peer, "Add", hers, by="fred", target=f"{peer.actor('fred')}/featured")
    await send(working, peer, "Add", hers, by="fred", target=f"{peer.actor('fred')}/outbox")

    assert (await pinned(anna, fred["id"]), await pinned(anna, gina["id"])) == ([], [])
    await send(working, peer, "Add", hers, by="gina", target=f"{peer.actor('gina')}/featured")
    await send(working, peer, "Remove", hers, by="fred", target=f"{peer.actor('gina')}/featured")
    assert len(await pinned(anna, gina["id"])) == 1


async def test_a_strangers_pin_is_not_fetched(working: WorkingServer, peer: FakePeer) -> None:
    """Nobody can make this server fetch things by pinning them."""
    anna = await working.person("anna")
    await find(anna, peer.actor("fred"))
    uri = add_note(peer)

    await send(working, peer, "Add", uri, by="fred", target=f"{peer.actor('fred')}/featured")

    assert peer.asked[uri.removeprefix(peer.url)] == 0


async def test_pins_have_a_page(node_server: NodeServer) -> None:
    """The profile shows what is pinned to visitors."""
    anna = await node_server.person("anna")
    status = success(await anna.api.post("/api/v1/statuses", json={"status": "Read me first"}))
    browser = await node_server.browser()
    before = (await browser.open("/@anna")).text

    await anna.api.post(f"/api/v1/statuses/{status['id']}/pin")

    after = (await browser.open("/@anna")).text
    assert ("Pinned" in before, "Pinned" in after) == (False, True)
    assert after.count("Read me first") == 2
