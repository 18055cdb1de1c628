"""Two servers find out that they disagree on who follows whom, and settle it, without anybody else's say (FEP-8fcf)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from federation import synchronisation
from federation.signatures import Scheme
from federation.synchronisation import HEADER, Synchronisation
from fedorg.domain.accounts import Account
from fedorg.domain.visibility import Tier
from fedorg.services import peers
from fedorg.store import accounts, relationships
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.peering import be_followed, fetch, find, follow_remote, signed_fetch
from tests.node.serving import Member
from tests.node.talking import WorkingServer, success

NUMBERS = count(1)


@pytest.fixture
async def peer() -> AsyncIterator[FakePeer]:
    """A server with fred, who is followed, and gina."""
    async with running_peer() as running:
        running.add_user("fred")
        running.add_user("gina")
        yield running


@pytest.fixture
async def alice(working: WorkingServer) -> Member:
    """A member."""
    return await working.person("alice")


def uri_of(working: WorkingServer, name: str) -> str:
    return f"{working.server.url}/users/{name}"


async def deliver(
    working: WorkingServer,
    peer: FakePeer,
    listed: list[str],
    *,
    header: Synchronisation | None = None,
    unsigned: bool = False,
    scheme: Scheme = Scheme.RFC9421,
) -> None:
    """Fred writes to his followers, who are ``listed`` as far as they live here; the node settles what differs."""
    fred = peer.actor("fred")
    part = f"{fred}/followers_synchronization"
    peer.documents["/users/fred/followers_synchronization"] = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": part,
        "type": "OrderedCollection",
        "orderedItems": listed,
    }
    value = header or Synchronisation(
        collection_id=f"{fred}/followers", url=part, digest=synchronisation.digest(listed)
    )
    note = {
        "id": f"{peer.url}/notes/{next(NUMBERS)}",
        "type": "Note",
        "attributedTo": fred,
        "content": "For followers",
        "to": [f"{fred}/followers"],
    }
    activity = peer.activity("Create", fred, note, next(NUMBERS))
    text = {HEADER: synchronisation.render(value)}
    message = peer.sign(
        f"{working.server.url}/inbox", activity, by="fred", scheme=scheme, more={} if unsigned else text
    )
    headers = {**message.headers, **text}
    answer = await working.server.anonymous.post("/inbox", content=message.body, headers=headers)
    assert answer.status_code == 202, answer.text
    await working.settle()


async def relationship(member: Member, account: dict[str, Any]) -> dict[str, Any]:
    found = success(await member.api.get("/api/v1/accounts/relationships", params={"id[]": account["id"]}))
    return dict(found[0])


def asked(peer: FakePeer) -> int:
    return peer.asked["/users/fred/followers_synchronization"]


def undone(peer: FakePeer) -> list[str]:
    return [one["actor"] for one in peer.received if one["type"] == "Undo"]


# What comes in


async def test_who_agrees_is_asked_nothing(working: WorkingServer, peer: FakePeer, alice: Member) -> None:
    """The digest of the very followers costs no fetch and changes nothing."""
    fred = await follow_remote(working, alice, peer, "fred")

    await deliver(working, peer, [uri_of(working, "alice")])

    assert asked(peer) == 0
    assert (await relationship(alice, fred))["following"]


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_a_follow_that_the_other_side_forgot_ends(
    working: WorkingServer, peer: FakePeer, alice: Member, scheme: Scheme
) -> None:
    """Who is not listed follows no more, and is told so by the relationship; nothing is sent, the other side knows."""
    fred = await follow_remote(working, alice, peer, "fred")

    await deliver(working, peer, [], scheme=scheme)

    assert asked(peer) == 1
    assert not (await relationship(alice, fred))["following"]
    assert undone(peer) == []


async def test_a_follow_that_is_not_wanted_here_is_undone_there(
    working: WorkingServer, peer: FakePeer, alice: Member
) -> None:
    """Who is listed and does not follow says so; who is listed, and nobody of this server, is nobody's business."""
    await find(alice, peer.actor("fred"))
    listed = [uri_of(working, "alice"), uri_of(working, "nobody"), peer.actor("gina"), "https://b.example/users/x"]

    await deliver(working, peer, listed)
    await working.deliver_all()

    assert undone(peer) == [uri_of(working, "alice")]
    (undo,) = (one for one in peer.received if one["type"] == "Undo")
    assert (undo["object"]["type"], undo["object"]["object"]) == ("Follow", peer.actor("fred"))


async def test_a_request_that_the_other_side_lists_was_accepted(
    working: WorkingServer, peer: FakePeer, alice: Member
) -> None:
    """The answer to a request may be lost; that its target lists the follower is as good."""
    fred = await find(alice, peer.actor("fred"))
    await alice.api.post(f"/api/v1/accounts/{fred['id']}/follow")
    await working.settle()

    await deliver(working, peer, [uri_of(working, "alice")])

    assert (await relationship(alice, fred))["following"]
    assert undone(peer) == []


async def test_a_list_over_several_pages_is_read_whole(working: WorkingServer, peer: FakePeer, alice: Member) -> None:
    """Pages are followed; a list that is not whole ends nothing."""
    fred = await follow_remote(working, alice, peer, "fred")
    bob = await working.person("bob")
    await find(bob, peer.actor("fred"))
    part = f"{peer.actor('fred')}/followers_synchronization"
    header = Synchronisation(collection_id=f"{peer.actor('fred')}/followers", url=f"{part}_paged", digest="0" * 64)
    pages: dict[str, dict[str, Any]] = {
        "": {"type": "OrderedCollection", "id": f"{part}_paged", "totalItems": 2, "first": f"{part}_1"},
        "1": {"type": "OrderedCollectionPage", "id": f"{part}_1", "orderedItems": [uri_of(working, "alice")]},
        "2": {"type": "OrderedCollectionPage", "id": f"{part}_2", "orderedItems": [uri_of(working, "bob")]},
    }
    path = "/users/fred/followers_synchronization"
    peer.documents |= {f"{path}_paged": pages[""], f"{path}_1": pages["1"], f"{path}_2": pages["2"]}

    await deliver(working, peer, [], header=header)
    half = (await relationship(alice, fred))["following"], undone(peer)
    pages["1"]["next"] = f"{part}_2"
    working.server.clock.advance(timedelta(minutes=6))
    await deliver(working, peer, [], header=header)
    await working.deliver_all()

    assert half == (True, [])
    assert (await relationship(alice, fred))["following"]
    assert undone(peer) == [uri_of(working, "bob")]


@pytest.mark.parametrize("whose", ["gina", "third"])
async def test_a_header_about_somebody_elses_collection_is_nothing(
    working: WorkingServer, peer: FakePeer, alice: Member, whose: str
) -> None:
    """Nobody makes this node forget or ask for followers of anybody but the sender."""
    fred = await follow_remote(working, alice, peer, "fred")
    async with running_peer() as third:
        third.add_user("third")
        owner = peer.actor("gina") if whose == "gina" else third.actor("third")
        for collection, url in (
            (f"{owner}/followers", f"{owner}/followers_synchronization"),
            (f"{peer.actor('fred')}/followers", f"{third.actor('third')}/followers_synchronization"),
        ):
            header = Synchronisation(collection_id=collection, url=url, digest="0" * 64)
            await deliver(working, peer, [], header=header)

        assert not third.asked
    assert asked(peer) == 0
    assert not peer.asked["/users/gina/followers_synchronization"]
    assert (await relationship(alice, fred))["following"]


async def test_a_header_that_is_not_signed_is_nothing(working: WorkingServer, peer: FakePeer, alice: Member) -> None:
    """Somebody on the way could have put it there."""
    fred = await follow_remote(working, alice, peer, "fred")

    await deliver(working, peer, [], unsigned=True)

    assert asked(peer) == 0
    assert (await relationship(alice, fred))["following"]


async def test_a_sender_that_never_agrees_is_asked_now_and_then(
    working: WorkingServer, peer: FakePeer, alice: Member
) -> None:
    """A digest that never fits costs one question in some minutes, however much is sent."""
    fred = await follow_remote(working, alice, peer, "fred")
    listed = [uri_of(working, "alice")]
    odd = Synchronisation(
        collection_id=f"{peer.actor('fred')}/followers",
        url=f"{peer.actor('fred')}/followers_synchronization",
        digest="f" * 64,
    )

    for _ in range(3):
        await deliver(working, peer, listed, header=odd)
    soon = asked(peer)
    working.server.clock.advance(timedelta(minutes=6))
    await deliver(working, peer, listed, header=odd)

    assert (soon, asked(peer)) == (1, 2)
    assert (await relationship(alice, fred))["following"]


@pytest.mark.parametrize("trouble", ["ill", "redirect", "absent", "nonsense"])
async def test_a_list_that_cannot_be_had_ends_nothing(
    working: WorkingServer, peer: FakePeer, alice: Member, trouble: str
) -> None:
    """Whatever is wrong with the list, nobody loses whom they follow."""
    fred = await follow_remote(working, alice, peer, "fred")
    path = "/users/fred/followers_synchronization"
    header = Synchronisation(
        collection_id=f"{peer.actor('fred')}/followers", url=f"{peer.actor('fred')}/{trouble}", digest="0" * 64
    )
    async with running_peer() as third:
        third.documents[path] = {"type": "OrderedCollection", "orderedItems": []}
        peer.documents["/users/fred/nonsense"] = {"type": "Note", "id": f"{peer.url}/x", "orderedItems": []}
        peer.redirects["/users/fred/redirect"] = f"{third.url}{path}"
        peer.is_ill = trouble == "ill"
        await deliver(working, peer, [], header=header)
        peer.is_ill = False

    assert (await relationship(alice, fred))["following"]


async def test_a_list_without_end_is_given_up(working: WorkingServer, peer: FakePeer, alice: Member) -> None:
    """S28: pages that lead to each other cost a number of questions, and nobody loses whom they follow."""
    fred = await follow_remote(working, alice, peer, "fred")
    path = "/users/fred/followers_synchronization"
    part = f"{peer.url}{path}"
    for name, following in (("a", "b"), ("b", "a")):
        page = {"type": "OrderedCollectionPage", "id": f"{part}_{name}", "next": f"{part}_{following}"}
        peer.documents[f"{path}_{name}"] = page | {"orderedItems": []}
    header = Synchronisation(collection_id=f"{peer.actor('fred')}/followers", url=f"{part}_a", digest="0" * 64)

    await deliver(working, peer, [], header=header)

    assert peer.asked[f"{path}_a"] + peer.asked[f"{path}_b"] == 20
    assert (await relationship(alice, fred))["following"]


async def test_a_list_that_is_too_long_is_given_up(working: WorkingServer, peer: FakePeer, alice: Member) -> None:
    """S28: more followers than are compared end nothing, and the pages behind them are not asked for."""
    fred = await follow_remote(working, alice, peer, "fred")
    path = "/users/fred/followers_synchronization"
    part = f"{peer.url}{path}"
    many = [f"https://b.example/users/{number}" for number in range(2_500)]
    for name, following in (("a", "b"), ("b", "c"), ("c", "d")):
        page = {"type": "OrderedCollectionPage", "id": f"{part}_{name}", "next": f"{part}_{following}"}
        peer.documents[f"{path}_{name}"] = page | {"orderedItems": many}
    header = Synchronisation(collection_id=f"{peer.actor('fred')}/followers", url=f"{part}_a", digest="0" * 64)

    await deliver(working, peer, [], header=header)

    assert [peer.asked[f"{path}_{name}"] for name in "abc"] == [1, 1, 0]
    assert (await relationship(alice, fred))["following"]


# What goes out


async def account_of(working: WorkingServer, peer: FakePeer, name: str) -> Account:
    found = await working.server.node.read(accounts.find_by_uri, peer.actor(name))
    assert found is not None
    return found


@pytest.mark.parametrize(("visibility", "has_header"), [("private", True), ("public", False), ("direct", False)])
async def test_what_is_for_followers_says_who_they_are_there(
    working: WorkingServer, peer: FakePeer, alice: Member, visibility: str, *, has_header: bool
) -> None:
    """The digest is that of alice's followers at that server, under the signature; nothing else carries one."""
    async with running_peer() as other:
        other.add_user("olga")
        await be_followed(working, other, "olga", alice)
        for name in ("fred", "gina"):
            await be_followed(working, peer, name, alice)
        await alice.api.post(
            "/api/v1/statuses", json={"status": f"@fred@{peer.domain} hello", "visibility": visibility}
        )
        created = await peer.wait_for("Create")

    headers = peer.headers[peer.received.index(created)]
    assert (HEADER in headers) == has_header
    if has_header:
        value = synchronisation.parse(headers[HEADER])
        assert value.digest == synchronisation.digest([peer.actor("fred"), peer.actor("gina")])
        assert value.collection_id == f"{uri_of(working, 'alice')}/followers"
        assert '"collection-synchronization"' in headers["Signature-Input"]


async def test_a_server_is_told_its_own_followers_and_nobody_elses(
    working: WorkingServer, peer: FakePeer, alice: Member
) -> None:
    """Signed by anybody of a server it lists that server's people; unsigned, forged or blocked it lists nothing."""
    part = f"{uri_of(working, 'alice')}/followers_synchronization"
    await alice.api.patch("/api/v1/accounts/update_credentials", data={"hide_collections": "true"})
    async with running_peer() as other:
        other.add_user("olga")
        await be_followed(working, other, "olga", alice)
        await be_followed(working, peer, "fred", alice)

        ours = await signed_fetch(working.server, peer, part, by="gina")
        theirs = await signed_fetch(working.server, other, part, by="olga")
        forged = await fetch(working.server, part, **peer.sign_get(part, by="gina", key_name="forged"))
        unsigned = await fetch(working.server, part)
        absent = await signed_fetch(
            working.server, peer, f"{uri_of(working, 'nobody')}/followers_synchronization", by="gina"
        )
        await peers.set_tier(working.server.node, other.domain, Tier.BLOCKED)
        blocked = await signed_fetch(working.server, other, part, by="olga")

    assert ours.json()["orderedItems"] == [peer.actor("fred")]
    assert ours.headers["cache-control"] == "private, no-store"
    assert theirs.json()["orderedItems"] == [other.actor("olga")]
    statuses = [answer.status_code for answer in (forged, unsigned, absent, blocked)]
    assert statuses == [401, 401, 404, 403]


async def test_a_follower_that_only_this_node_knows_is_named(
    working: WorkingServer, peer: FakePeer, alice: Member
) -> None:
    """The list is what is stored here: a peer that does not know a follow any more finds it and undoes it."""
    await be_followed(working, peer, "fred", alice)
    fred = await account_of(working, peer, "fred")
    node = working.server.node

    before = await node.read(relationships.list_followers_at, alice.user.account_id, peer.domain, 10)
    await node.write(relationships.delete_follow, fred.id, alice.user.account_id)
    after = await signed_fetch(working.server, peer, f"{uri_of(working, 'alice')}/followers_synchronization", by="fred")

    assert before == [peer.actor("fred")]
    assert after.json().get("orderedItems", []) == []
