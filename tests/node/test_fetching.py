"""Who may fetch what from a node: every reach and visibility, unsigned and signed, and the documents themselves."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.fediverse.nodes import Member, RunningNode
from tests.node.fake_peer import ACTIVITY_JSON, FakePeer, running_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    """A node with one member."""
    running = RunningNode(name="here", folder=Path(tmp_path_factory.mktemp("fetching")) / "here")
    await running.create("alice")
    await running.start()
    yield running
    await running.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def alice(node: RunningNode) -> AsyncIterator[Member]:
    """The member, signed in."""
    async with node.member("alice") as member:
        yield member


@pytest_asyncio.fixture(loop_scope="module")
async def peer() -> AsyncIterator[FakePeer]:
    """An open peer with two users."""
    async with running_peer() as running:
        running.add_user("fred")
        running.add_user("gina")
        yield running


async def post(alice: Member, **form: str) -> str:
    """The address of a new status."""
    status = await alice.post("/api/v1/statuses", {"status": f"Words {next(NUMBERS)}", **form})
    return str(status["uri"])


async def fetch(node: RunningNode, uri: str, **headers: str) -> httpx.Response:
    async with node.http() as http:
        return await http.get(uri, headers={"Accept": ACTIVITY_JSON, **headers})


async def signed_fetch(node: RunningNode, peer: FakePeer, uri: str, by: str) -> httpx.Response:
    return await fetch(node, uri, **peer.sign_get(uri, by=by))


async def follow(node: RunningNode, peer: FakePeer, name: str) -> None:
    activity = peer.activity("Follow", peer.actor(name), f"{node.url}/users/alice", next(NUMBERS))
    message = peer.sign(f"{node.url}/inbox", activity, by=name)
    async with node.http() as http:
        answer = await http.post("/inbox", content=message.body, headers=dict(message.headers))
    assert answer.status_code == 202
    await peer.wait_for("Accept", activity["id"])


@pytest.mark.parametrize("visibility", ["public", "unlisted"])
async def test_what_is_open_is_given_to_everybody(node: RunningNode, alice: Member, visibility: str) -> None:
    """A public or unlisted status without a narrower reach needs no signature."""
    uri = await post(alice, visibility=visibility)

    answer = await fetch(node, uri)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == ACTIVITY_JSON
    assert (answer.json()["id"], answer.json()["type"]) == (uri, "Note")
    assert "fedorg" not in str(answer.json()["to"] + answer.json()["cc"])


@pytest.mark.parametrize("reach", ["node", "organisation", "partners"])
@pytest.mark.parametrize("visibility", ["public", "unlisted", "private"])
async def test_what_has_a_narrower_reach_is_hidden_from_the_world(
    node: RunningNode, alice: Member, peer: FakePeer, reach: str, visibility: str
) -> None:
    """Nobody unsigned, and no peer outside the reach, gets it, whatever its visibility."""
    uri = await post(alice, visibility=visibility, reach=reach)

    for suffix in ("", "/activity", "/replies"):
        assert (await fetch(node, uri + suffix)).status_code == 404
        assert (await signed_fetch(node, peer, uri + suffix, "fred")).status_code == 404


@pytest.mark.parametrize(
    ("tier", "reach", "status"),
    [
        ("sibling", "organisation", 200),
        ("sibling", "partners", 200),
        ("sibling", "node", 404),
        ("partner", "organisation", 404),
        ("partner", "partners", 200),
        ("partner", "node", 404),
    ],
)
async def test_a_signed_fetch_is_answered_inside_the_reach(
    node: RunningNode, alice: Member, peer: FakePeer, tier: str, reach: str, status: int
) -> None:
    """The tier of the signer's server decides; reach node is for no peer at all."""
    await node.command("peer", "tier", peer.domain, tier)
    uri = await post(alice, visibility="public", reach=reach)

    answer = await signed_fetch(node, peer, uri, "fred")

    assert answer.status_code == status
    assert answer.headers["cache-control"] == "private, no-store"
    if status == 200:
        assert "https://www.w3.org/ns/activitystreams#Public" not in answer.text
        assert answer.json()["reach"] == reach


async def test_a_private_status_is_given_to_servers_of_followers(
    node: RunningNode, alice: Member, peer: FakePeer
) -> None:
    """Before the follow is accepted the status is not there, afterwards it is."""
    uri = await post(alice, visibility="private")

    before = await signed_fetch(node, peer, uri, "fred")
    await follow(node, peer, "fred")
    after = await signed_fetch(node, peer, uri, "fred")

    assert (before.status_code, after.status_code) == (404, 200)
    assert after.json()["to"] == [f"{node.url}/users/alice/followers"]


async def test_a_direct_status_is_given_to_its_addressee(node: RunningNode, alice: Member, peer: FakePeer) -> None:
    """Another actor of the same server does not get it."""
    uri = await post(alice, status=f"@gina@{peer.domain} a word", visibility="direct")

    assert (await signed_fetch(node, peer, uri, "fred")).status_code == 404
    answer = await signed_fetch(node, peer, uri, "gina")

    assert answer.status_code == 200
    assert (answer.json()["to"], answer.json()["cc"]) == ([peer.actor("gina")], [])


async def test_a_forged_signature_shows_nothing_more(node: RunningNode, alice: Member, peer: FakePeer) -> None:
    """A signature that does not verify counts as none: what is hidden stays so, what is open stays open."""
    await node.command("peer", "tier", peer.domain, "sibling")
    hidden, shown = await post(alice, reach="organisation"), await post(alice)

    forged = {uri: peer.sign_get(uri, by="fred", key_name="forged") for uri in (hidden, shown)}

    assert (await fetch(node, hidden, **forged[hidden])).status_code == 404
    assert (await fetch(node, shown, **forged[shown])).status_code == 200


async def test_a_signature_holds_for_one_address(node: RunningNode, alice: Member, peer: FakePeer) -> None:
    """What was signed for one status does not open another."""
    await node.command("peer", "tier", peer.domain, "sibling")
    one, other = await post(alice, reach="organisation"), await post(alice, reach="organisation")

    assert (await fetch(node, other, **peer.sign_get(one, by="fred"))).status_code == 404


async def test_a_blocked_peer_gets_nothing(node: RunningNode, alice: Member, peer: FakePeer) -> None:
    """Its signed requests are refused alike, whether there is something or not."""
    uri = await post(alice)
    await node.command("peer", "tier", peer.domain, "blocked")

    there = await signed_fetch(node, peer, uri, "fred")
    absent = await signed_fetch(node, peer, f"{node.url}/users/alice/statuses/1", "fred")
    actor = await signed_fetch(node, peer, f"{node.url}/users/alice", "fred")

    assert [answer.status_code for answer in (there, absent, actor)] == [403, 403, 403]
    assert there.content == absent.content
    assert not peer.asked


async def test_a_deleted_status_is_as_if_it_never_was(node: RunningNode, alice: Member) -> None:
    """After it was deleted, a status is not there."""
    uri = await post(alice)
    await alice.http.delete(f"/api/v1/statuses/{uri.rsplit('/', 1)[1]}")

    assert (await fetch(node, uri)).status_code == 404


async def test_the_outbox_holds_what_is_open_and_nothing_else(node: RunningNode, alice: Member) -> None:
    """Pages of the outbox list open statuses, newest first, down to the last."""
    shown = [await post(alice) for _ in range(3)]
    hidden = [await post(alice, visibility="private"), await post(alice, reach="organisation")]

    collection = (await fetch(node, f"{node.url}/users/alice/outbox")).json()
    listed: list[str] = []
    following: str | None = collection["first"]
    while following is not None:
        page = (await fetch(node, following)).json()
        listed += [activity["object"]["id"] for activity in page["orderedItems"]]
        following = page.get("next")

    assert listed[:3] == list(reversed(shown))
    assert not set(hidden) & set(listed)
    assert len(listed) == len(set(listed))


async def test_a_hidden_network_is_a_number(node: RunningNode, alice: Member, peer: FakePeer) -> None:
    """Followers are listed until their account hides them; then only their number is told."""
    await follow(node, peer, "gina")
    followers = f"{node.url}/users/alice/followers"

    shown = (await fetch(node, f"{followers}?page=true")).json()
    await alice.http.patch("/api/v1/accounts/update_credentials", data={"hide_collections": "true"})
    hidden = (await fetch(node, followers)).json()
    page = (await fetch(node, f"{followers}?page=true")).json()
    await alice.http.patch("/api/v1/accounts/update_credentials", data={"hide_collections": "false"})

    assert peer.actor("gina") in shown["orderedItems"]
    assert hidden["totalItems"] >= 1
    assert "first" not in hidden
    assert page.get("orderedItems", []) == []


async def test_audience_collections_are_not_there(node: RunningNode) -> None:
    """Other servers ask for them and get a quick no."""
    for reach in ("organisation", "partners"):
        assert (await fetch(node, f"{node.url}/audiences/{reach}")).status_code == 404


async def test_browsers_are_sent_to_the_page(node: RunningNode, alice: Member) -> None:
    """The same address is a document for servers and a page for people."""
    uri = await post(alice)
    async with node.http(Accept="text/html,application/xhtml+xml,*/*;q=0.8") as http:
        profile, status = await http.get("/users/alice"), await http.get(uri)

    assert profile.headers["location"].endswith("/@alice")
    assert status.headers["location"].endswith(f"/@alice/{uri.rsplit('/', 1)[1]}")


@pytest.mark.parametrize(
    "resource", ["acct:alice@{domain}", "acct:ALICE@{domain}", "alice@{domain}", "{url}/users/alice", "{url}/@alice"]
)
async def test_a_handle_leads_to_its_actor(node: RunningNode, resource: str) -> None:
    """WebFinger answers for the handle, the actor and the page, always with the canonical handle."""
    answer = await fetch(
        node, f"{node.url}/.well-known/webfinger?resource={resource.format(domain=node.domain, url=node.url)}"
    )

    assert answer.headers["content-type"] == "application/jrd+json"
    jrd: dict[str, Any] = answer.json()
    assert jrd["subject"] == f"acct:alice@{node.domain}"
    assert {"rel": "self", "type": ACTIVITY_JSON, "href": f"{node.url}/users/alice"} in jrd["links"]


@pytest.mark.parametrize(
    ("resource", "status"),
    [("acct:nobody@{domain}", 404), ("acct:alice@elsewhere.example", 404), ("", 400), ("acct:", 400), ("@@@", 400)],
)
async def test_other_handles_lead_nowhere(node: RunningNode, resource: str, status: int) -> None:
    """Unknown people, other servers' people, and what is no handle."""
    answer = await fetch(node, f"{node.url}/.well-known/webfinger?resource={resource.format(domain=node.domain)}")

    assert answer.status_code == status


async def test_a_closed_node_is_silent(tmp_path: Path, peer: FakePeer) -> None:
    """Without federation there is no actor, no WebFinger and no inbox."""
    closed = RunningNode(
        name="closed",
        folder=tmp_path / "closed",
        settings={"FEDORG_FEDERATION_MODE": "closed", "FEDORG_DEFAULT_REACH": "node"},
    )
    await closed.start()
    try:
        activity = peer.activity("Follow", peer.actor("fred"), f"{closed.url}/users/owner", 1)
        message = peer.sign(f"{closed.url}/inbox", activity, by="fred")
        async with closed.http() as http:
            inbox = await http.post("/inbox", content=message.body, headers=dict(message.headers))
            found = [
                (await http.get(path, headers={"Accept": ACTIVITY_JSON})).status_code
                for path in (
                    "/users/owner",
                    "/actor",
                    "/users/owner/outbox",
                    "/users/owner/followers",
                    f"/.well-known/webfinger?resource=acct:owner@{closed.domain}",
                )
            ]
    finally:
        await closed.close()

    assert inbox.status_code == 403
    assert found == [404] * 5
    assert not peer.asked
