"""Which actor speaks for this node, and what peers say of themselves: their actor, and what they can do.

FEP-d556 and FEP-2677 for the actor, FEP-844e for what a server implements.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import pytest

from federation import node_actor
from federation.discovery import parse_jrd
from federation.signatures import Scheme
from fedorg.activitypub import discovery
from fedorg.activitypub.capabilities import ED25519, RFC9421
from fedorg.activitypub.policy import NotAdmitted
from fedorg.domain.visibility import Tier
from fedorg.errors import NotFound
from fedorg.services import peers
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.peering import be_followed, fetch
from tests.node.serving import NodeServer
from tests.node.talking import WorkingServer

APPLICATION: Final = "https://www.w3.org/ns/activitystreams#Application"


@pytest.fixture
async def peer() -> AsyncIterator[FakePeer]:
    """A server with fred."""
    async with running_peer() as running:
        running.add_user("fred")
        yield running


@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_address_of_the_node_leads_to_its_actor(node_server: NodeServer, slash: str) -> None:
    """WebFinger for the node itself, with and without a slash, answers the actor under both relations."""
    answer = await fetch(node_server, f"/.well-known/webfinger?resource={node_server.url}{slash}")

    assert answer.headers["content-type"] == "application/jrd+json"
    actor = f"{node_server.url}/actor"
    assert node_actor.actor_of_jrd(parse_jrd(answer.json())) == actor
    assert {link["rel"] for link in answer.json()["links"]} == {node_actor.SERVICE_REL, "self"}
    assert (await fetch(node_server, actor)).json()["type"] == "Application"


async def test_the_list_of_statements_names_the_actor(node_server: NodeServer) -> None:
    """The list of NodeInfo documents links to the actor, beside the documents."""
    answer = (await fetch(node_server, "/.well-known/nodeinfo")).json()

    assert {"rel": APPLICATION, "href": f"{node_server.url}/actor"} in answer["links"]
    assert len(answer["links"]) == 3


async def test_our_own_client_finds_it(node_server: NodeServer) -> None:
    """What is served is what is asked for."""
    node = node_server.node

    assert await node_actor.find_node_actor(node.client, node.settings.domain) == f"{node_server.url}/actor"


async def test_another_handle_domain_leads_to_the_actor_as_well(
    serve: Callable[..., Awaitable[NodeServer]],
) -> None:
    """The domain of the handles answers for the node, other domains do not."""
    server = await serve(handle_domain="org.example")

    ours = await fetch(server, "/.well-known/webfinger?resource=http://org.example/")
    theirs = await fetch(server, "/.well-known/webfinger?resource=http://b.example/")

    assert ours.json()["subject"] == "http://org.example/"
    assert ours.json()["aliases"] == [f"{server.url}/actor"]
    assert theirs.is_client_error


async def test_a_closed_node_names_nobody(serve: Callable[..., Awaitable[NodeServer]]) -> None:
    """Where there is no federation there is no actor to speak of."""
    server = await serve(federation_mode="closed", default_reach="node")

    webfinger = await fetch(server, f"/.well-known/webfinger?resource={server.url}/")
    links = (await fetch(server, "/.well-known/nodeinfo")).json()["links"]

    assert webfinger.status_code == 404
    assert APPLICATION not in {link["rel"] for link in links}


def add_node_actor(peer: FakePeer, **members: Any) -> str:  # noqa: ANN401 - JSON
    """The peer gets an actor of its own, found by WebFinger; its id."""
    uri = peer.add_user("server")
    peer.documents["/users/server"] |= {"type": "Application", **members}
    peer.handles[f"{peer.url}/"] = uri
    return uri


def implements(*addresses: str) -> dict[str, Any]:
    return {"generator": {"type": "Application", "implements": [{"href": address} for address in addresses]}}


async def test_a_peer_is_asked_anew_who_speaks_for_it(node_server: NodeServer, peer: FakePeer) -> None:
    """The actor and what it says it implements are kept; what this node has no use for is not."""
    uri = add_node_actor(peer, **implements(RFC9421, "https://b.example/other"))
    await peers.set_tier(node_server.node, peer.domain, Tier.PARTNER)

    await discovery.refresh_peer(node_server.node, peer.domain)

    known = (await peers.get_peer(node_server.node, peer.domain)).peer
    assert (known.node_actor, known.implements) == (uri, (RFC9421,))


@pytest.mark.parametrize("trouble", ["silent", "elsewhere", "other id"])
async def test_what_a_peer_does_not_prove_is_not_kept(node_server: NodeServer, peer: FakePeer, trouble: str) -> None:
    """An actor on a server that does not agree, at another id, or none at all, speaks for nobody."""
    await peers.set_tier(node_server.node, peer.domain, Tier.PARTNER)
    async with running_peer() as other:
        if trouble == "elsewhere":
            peer.handles[f"{peer.url}/"] = other.add_user("server")
        if trouble == "other id":
            add_node_actor(peer)
            peer.documents["/users/alias"] = peer.documents["/users/server"]
            peer.handles[f"{peer.url}/"] = peer.actor("alias")

        await discovery.refresh_peer(node_server.node, peer.domain)

    assert (await peers.get_peer(node_server.node, peer.domain)).peer.node_actor is None


async def test_nobody_unknown_or_blocked_is_asked(node_server: NodeServer, peer: FakePeer) -> None:
    """A stranger is not found, a blocked server is refused, and neither hears of it."""
    add_node_actor(peer)
    with pytest.raises(NotFound):
        await discovery.refresh_peer(node_server.node, peer.domain)
    await peers.set_tier(node_server.node, peer.domain, Tier.BLOCKED)

    with pytest.raises(NotAdmitted):
        await discovery.refresh_peer(node_server.node, peer.domain)

    assert not peer.asked


async def test_a_peer_that_says_so_is_signed_for_with_ed25519(working: WorkingServer, peer: FakePeer) -> None:
    """What an actor says of its software decides with which key its server is written to."""
    alice = await working.person("alice")
    peer.documents["/users/fred"] |= implements(RFC9421, ED25519)
    await be_followed(working, peer, "fred", alice)

    await alice.api.post("/api/v1/statuses", json={"status": "Hello"})
    created = await peer.wait_for("Create", "Hello")

    assert peer.keys_seen[peer.received.index(created)] == f"{working.server.url}/users/alice#ed25519-key"
    known = (await peers.get_peer(working.server.node, peer.domain)).peer
    assert set(known.implements) == {RFC9421, ED25519}


async def test_a_peer_that_boasts_gets_rsa_all_the_same(working: WorkingServer, peer: FakePeer) -> None:
    """A server that does not understand what it says it does gets the same activity signed with RSA at once."""
    alice = await working.person("alice")
    peer.documents["/users/fred"] |= implements(ED25519)
    peer.refused_keys.add(f"{working.server.url}/users/alice#ed25519-key")
    await be_followed(working, peer, "fred", alice)

    await alice.api.post("/api/v1/statuses", json={"status": "Hello"})
    created = await peer.wait_for("Create", "Hello")

    assert peer.keys_seen[peer.received.index(created)] == f"{working.server.url}/users/alice#main-key"


async def test_a_peer_that_learnt_rfc_9421_is_tried_with_it_again(working: WorkingServer, peer: FakePeer) -> None:
    """What was remembered of a server ends with its saying that it can do better."""
    alice = await working.person("alice")
    peer.refused_scheme = Scheme.RFC9421
    await be_followed(working, peer, "fred", alice)
    await peer.wait_for("Accept")
    await working.deliver_all()
    before = (await peers.get_peer(working.server.node, peer.domain)).peer.signature_scheme
    peer.refused_scheme = None
    peer.add_user("gina")
    peer.documents["/users/gina"] |= implements(RFC9421)

    await be_followed(working, peer, "gina", alice)
    await peer.wait_for("Accept", peer.actor("gina"))

    assert before == Scheme.CAVAGE
    assert peer.schemes[-1] is Scheme.RFC9421
