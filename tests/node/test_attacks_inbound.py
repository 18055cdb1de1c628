"""Attacks by peers that sign correctly: what they may fill, stall, or make look like somebody else's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.visibility import Tier
from fedorg.errors import NotFound
from fedorg.services import peers
from fedorg.store.tables import statuses
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.serving import NodeServer
from tests.node.talking import WorkingServer, post, success

NUMBERS = count(1)
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


@pytest.fixture
async def peer() -> AsyncIterator[FakePeer]:
    """A server whose users are hostile."""
    async with running_peer() as running:
        running.add_user("mallory")
        yield running


@pytest.fixture
async def third() -> AsyncIterator[FakePeer]:
    """A server that has nothing to do with the attack."""
    async with running_peer() as running:
        running.add_user("victim")
        yield running


def note(peer: FakePeer, by: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A note of a user of the peer, served by it too."""
    path = f"/notes/{next(NUMBERS)}"
    made = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{peer.url}{path}",
        "type": "Note",
        "attributedTo": peer.actor(by),
        "content": "<p>Hello</p>",
        "to": [PUBLIC],
        **fields,
    }
    peer.documents[path] = made
    return made


async def send(working: WorkingServer, peer: FakePeer, kind: str, object_: object, **fields: Any) -> None:  # noqa: ANN401 - JSON
    """Mallory sends an activity, and it is taken."""
    activity = peer.activity(kind, peer.actor("mallory"), object_, next(NUMBERS)) | fields
    message = peer.sign(f"{working.server.url}/inbox", activity, by="mallory")
    answer = await working.server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
    assert answer.status_code == 202, answer.text


async def count_statuses(working: WorkingServer) -> int:
    def unit(conn: Connection) -> int:
        return conn.execute(sa.select(sa.func.count()).select_from(statuses)).scalar_one()

    return await working.server.node.read(unit)


async def test_s13_a_status_cannot_claim_the_page_of_another_server(working: WorkingServer, peer: FakePeer) -> None:
    """A ``url`` on another server than the id is not believed: a search for that page finds nothing of this author."""
    alice = await working.person("alice")
    page = "https://press.example/@spokesperson/1"
    await send(working, peer, "Create", note(peer, "mallory", url=page, to=[PUBLIC, alice_uri(working)]))
    await working.settle()

    found = success(await alice.api.get("/api/v2/search", params={"q": page, "type": "statuses"}))
    told = success(await alice.api.get("/api/v1/notifications"))

    assert found["statuses"] == []
    assert told[0]["status"]["url"].startswith(peer.url)


async def test_s13_an_account_cannot_claim_the_page_of_another_server(working: WorkingServer, peer: FakePeer) -> None:
    """The page of a profile belongs to the server of the actor, else its id is shown."""
    alice = await working.person("alice")
    peer.documents["/users/mallory"]["url"] = "https://press.example/@spokesperson"
    await send(working, peer, "Create", note(peer, "mallory", to=[PUBLIC, alice_uri(working)]))
    await working.settle()

    told = success(await alice.api.get("/api/v1/notifications"))

    assert told[0]["account"]["url"] == peer.actor("mallory")


def alice_uri(working: WorkingServer) -> str:
    return f"{working.server.url}/users/alice"


async def test_s7_an_actor_writes_the_name_of_its_server_in_the_one_form(
    working: WorkingServer, peer: FakePeer
) -> None:
    """An identity on ``LOCALHOST`` is nobody: tiers are looked up by the canonical name of the server."""
    shouted = peer.actor("mallory").replace("localhost", "LOCALHOST")
    document = peer.documents["/users/mallory"]
    document |= {"id": shouted, "publicKey": document["publicKey"] | {"id": f"{shouted}#main-key", "owner": shouted}}
    peer.handles = dict.fromkeys(peer.handles, shouted)
    await working.person("alice")

    with pytest.raises(NotFound):
        await working.server.node.resolver.account(working.server.node, f"mallory@{peer.domain}")


async def test_s28_a_stranger_cannot_fill_the_node_with_what_it_announces(
    working: WorkingServer, peer: FakePeer, third: FakePeer
) -> None:
    """A boost that concerns nobody here makes this node neither fetch nor keep what is boosted."""
    await working.person("alice")
    boosted = note(third, "victim")

    await send(working, peer, "Announce", boosted["id"], to=[PUBLIC])
    await working.settle()

    assert await count_statuses(working) == 0
    assert not third.asked


async def test_s59_a_reply_cannot_hang_under_what_its_author_cannot_see(working: WorkingServer, peer: FakePeer) -> None:
    """Who guesses the address of a private status neither counts under it nor joins its thread."""
    alice = await working.person("alice")
    private = await post(alice, "For followers", visibility="private")
    await send(
        working, peer, "Create", note(peer, "mallory", inReplyTo=private["uri"], to=[PUBLIC, alice_uri(working)])
    )
    await working.settle()

    after = success(await alice.api.get(f"/api/v1/statuses/{private['id']}"))
    context = success(await alice.api.get(f"/api/v1/statuses/{private['id']}/context"))
    (told,) = success(await alice.api.get("/api/v1/notifications"))

    assert (after["replies_count"], context["descendants"]) == (0, [])
    assert told["status"]["in_reply_to_id"] is None


async def test_a_mention_asks_nobody_outside_the_mode(
    serve: Callable[..., Awaitable[NodeServer]], peer: FakePeer
) -> None:
    """Outside mode open, what a member types is no question to a stranger; a peer is asked."""
    server = await serve(federation_mode="partners", default_reach="partners")
    alice = await server.person("alice")
    await alice.api.post("/api/v1/statuses", data={"status": f"@mallory@{peer.domain} hello", "visibility": "private"})
    asked_before = sum(peer.asked.values())
    await peers.set_tier(server.node, peer.domain, Tier.PARTNER)

    await alice.api.post("/api/v1/statuses", data={"status": f"@mallory@{peer.domain} hello", "visibility": "private"})

    assert asked_before == 0
    assert peer.asked["/.well-known/webfinger"]
