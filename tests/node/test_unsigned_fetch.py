"""What a node tells servers that sign nothing, by its setting; signed requests get the same under each of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any, Final

import pytest

from fedorg.domain.visibility import Tier
from fedorg.services import peers
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.peering import fetch, signed_fetch
from tests.node.serving import Member, NodeServer
from tests.node.talking import run_jobs, success

NUMBERS: Final = count(1)
LISTS: Final = ("outbox", "outbox?page=true", "followers", "following", "collections/featured", "collections/tags")
PARTS: Final = ("", "/activity", "/replies", "/likes", "/shares")
# Enough to verify a signature, and nothing of the person.
KEY_BEARER: Final = {
    "@context",
    "id",
    "type",
    "preferredUsername",
    "inbox",
    "manuallyApprovesFollowers",
    "publicKey",
    "assertionMethod",
}

Serve = Callable[..., Awaitable[NodeServer]]


@pytest.fixture
async def peer() -> AsyncIterator[FakePeer]:
    """A server that signs when it wants to."""
    async with running_peer() as running:
        running.add_user("fred")
        yield running


async def post(alice: Member, **fields: str) -> str:
    """The address of a new status."""
    status = success(await alice.api.post("/api/v1/statuses", json={"status": f"Words {next(NUMBERS)}", **fields}))
    return str(status["uri"])


async def statuses_of(server: NodeServer, addresses: list[str], **headers: str) -> list[int]:
    return [(await fetch(server, address, **headers)).status_code for address in addresses]


def everything(server: NodeServer, uri: str) -> list[str]:
    """Every document about a status and its author but the actor."""
    return [f"{server.url}/users/alice/{name}" for name in LISTS] + [f"{uri}{part}" for part in PARTS]


async def test_by_default_what_is_for_everybody_is_told_to_everybody(serve: Serve) -> None:
    """Statuses, lists and actors need no signature."""
    server = await serve()
    uri = await post(await server.person("alice"))

    assert set(await statuses_of(server, everything(server, uri))) == {200}
    assert (await fetch(server, "/users/alice")).json()["outbox"]


@pytest.mark.parametrize("policy", ["actors", "none"])
async def test_statuses_and_lists_need_a_signature(serve: Serve, peer: FakePeer, policy: str) -> None:
    """Unsigned or with a signature that proves nothing: 401; with one that does, as ever."""
    server = await serve(unsigned_fetch=policy)
    uri = await post(await server.person("alice"))
    addresses = everything(server, uri)

    unsigned = await statuses_of(server, addresses)
    forged = [
        (await fetch(server, address, **peer.sign_get(address, by="fred", key_name="forged"))).status_code
        for address in addresses
    ]
    signed = [(await signed_fetch(server, peer, address, by="fred")).status_code for address in addresses]

    assert set(unsigned) == {401}
    assert set(forged) == {401}
    assert set(signed) == {200}


@pytest.mark.parametrize("policy", ["actors", "none"])
async def test_the_refusal_tells_nothing(serve: Serve, policy: str) -> None:
    """What is there, what is not, and what is not for the world are refused byte for byte alike (S47)."""
    server = await serve(unsigned_fetch=policy)
    alice = await server.person("alice")
    addresses = [
        await post(alice),
        await post(alice, visibility="private"),
        await post(alice, reach="organisation"),
        f"{server.url}/users/alice/statuses/1",
        f"{server.url}/users/nobody/statuses/1",
        f"{server.url}/users/alice/outbox",
        f"{server.url}/users/nobody/outbox",
    ]

    answers = [await fetch(server, address) for address in addresses]

    assert len({(answer.status_code, answer.content) for answer in answers}) == 1


async def test_a_signature_opens_no_more_than_before(serve: Serve, peer: FakePeer) -> None:
    """Who signs sees what is for its server, not what is for others."""
    server = await serve(unsigned_fetch="none")
    alice = await server.person("alice")

    hidden = await signed_fetch(server, peer, await post(alice, visibility="private"), by="fred")
    await peers.set_tier(server.node, peer.domain, Tier.BLOCKED)
    blocked = await signed_fetch(server, peer, await post(alice), by="fred")

    assert (hidden.status_code, blocked.status_code) == (404, 403)


async def test_actors_are_told_with_policy_actors(serve: Serve) -> None:
    """The whole account, as Mastodon shows it."""
    server = await serve(unsigned_fetch="actors")
    await server.person("alice")

    answer = await fetch(server, "/users/alice")

    assert answer.json()["followers"] == f"{server.url}/users/alice/followers"
    assert answer.headers["cache-control"] == "public, max-age=60"


async def test_with_policy_none_only_keys_are_told(serve: Serve, peer: FakePeer) -> None:
    """Unsigned an account is a name and its keys; signed it is all there is; neither is kept in between (S48)."""
    server = await serve(unsigned_fetch="none")
    alice = await server.person("alice")
    await alice.api.patch("/api/v1/accounts/update_credentials", data={"display_name": "Alice A.", "note": "About me"})
    address = f"{server.url}/users/alice"

    unsigned = await fetch(server, address)
    forged = await fetch(server, address, **peer.sign_get(address, by="fred", key_name="forged"))
    signed = await signed_fetch(server, peer, address, by="fred")

    for answer in (unsigned, forged):
        document: dict[str, Any] = answer.json()
        assert document.keys() == KEY_BEARER
        assert document["publicKey"]["owner"] == address
    assert signed.json()["name"] == "Alice A."
    assert {answer.headers["cache-control"] for answer in (unsigned, signed)} == {"private, no-store"}
    assert "Signature" in unsigned.headers["vary"]


async def test_the_nodes_own_actor_is_told_to_everybody(serve: Serve) -> None:
    """Others need its key to verify what it signs; asking them to sign first would never end."""
    server = await serve(unsigned_fetch="none")

    actor = (await fetch(server, "/actor")).json()
    found = await fetch(server, f"/.well-known/webfinger?resource={server.url}/")

    assert (actor["type"], actor["id"]) == ("Application", f"{server.url}/actor")
    assert found.status_code == 200


async def test_pages_for_people_are_not_meant(serve: Serve) -> None:
    """A browser is sent to the page as before."""
    server = await serve(unsigned_fetch="none")
    uri = await post(await server.person("alice"))

    answers = [await server.anonymous.get(path, headers={"Accept": "text/html"}) for path in ("/users/alice", uri)]

    assert [answer.is_redirect for answer in answers] == [True, True]


async def test_peers_that_sign_notice_nothing(serve: Serve, peer: FakePeer) -> None:
    """Under the strictest setting a peer follows, is answered and gets what is posted."""
    server = await serve(unsigned_fetch="none")
    async with run_jobs(server):
        alice = await server.person("alice")
        activity = peer.activity("Follow", peer.actor("fred"), f"{server.url}/users/alice", next(NUMBERS))
        message = peer.sign(f"{server.url}/inbox", activity, by="fred")
        await server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
        await peer.wait_for("Accept", activity["id"])

        await alice.api.post("/api/v1/statuses", json={"status": "Hello"})

        assert (await peer.wait_for("Create", "Hello"))["actor"] == f"{server.url}/users/alice"
