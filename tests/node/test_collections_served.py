"""Collections of accounts and statuses: who finds what in them, unsigned and signed, and that no number says more."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from fedorg.domain.accounts import UserRole
from fedorg.domain.visibility import Tier
from fedorg.store import peers
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.peering import add_note, be_followed, fetch, find_status, follow_remote, send, signed_fetch
from tests.node.serving import Member
from tests.node.talking import WorkingServer, post, success

# Of each reach and visibility, who finds it: "host" is an open server with a follower, "stranger" one without.
FINDERS: dict[tuple[str, str], set[str]] = {
    ("public", "public"): {"anybody", "stranger", "host", "partner", "sibling"},
    ("public", "unlisted"): {"anybody", "stranger", "host", "partner", "sibling"},
    ("public", "private"): {"host"},
    ("partners", "public"): {"partner", "sibling"},
    ("partners", "private"): set(),
    ("organisation", "public"): {"sibling"},
    ("organisation", "unlisted"): {"sibling"},
    ("node", "public"): set(),
    ("node", "private"): set(),
}
ASKERS = ("anybody", "stranger", "host", "partner", "sibling")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A node with anna and bert, and servers of every kind, each with a user called fred."""

    working: WorkingServer
    anna: Member
    bert: Member
    peers: dict[str, FakePeer]

    async def get(self, asker: str, address: str) -> httpx.Response:
        """What an asker is answered."""
        if asker == "anybody":
            return await fetch(self.working.server, address)
        return await signed_fetch(self.working.server, self.peers[asker], address, by="fred")

    async def items(self, asker: str, address: str) -> list[Any]:
        """Everything an asker finds in a collection, page by page; the number told must be that of the items."""
        collection = (await self.get(asker, address)).json()
        found = [*collection.get("orderedItems", []), *collection.get("items", [])]
        page = collection.get("first")
        while page is not None:
            page = (await self.get(asker, page)).json() if isinstance(page, str) else page
            found += [*page.get("orderedItems", []), *page.get("items", [])]
            page = page.get("next")
        assert collection["totalItems"] == len(found)
        assert len({str(one) for one in found}) == len(found)
        return found


@pytest.fixture
async def scene(working: WorkingServer) -> AsyncIterator[Scene]:
    """The node and the servers, with what each is to the node."""
    anna, bert = await working.person("anna"), await working.person("bert")
    async with AsyncExitStack() as stack:
        found = {name: await stack.enter_async_context(running_peer()) for name in ASKERS[1:]}
        for name, peer in found.items():
            peer.add_user("fred")
            tier = Tier(name) if name in ("partner", "sibling") else Tier.OPEN
            await working.server.node.write(peers.set_tier, working.server.node.now(), peer.domain, tier)
        await be_followed(working, found["host"], "fred", anna)
        yield Scene(working=working, anna=anna, bert=bert, peers=found)


def actor(scene: Scene) -> str:
    return f"{scene.working.server.url}/users/anna"


async def test_each_finds_in_the_outbox_what_it_may_see(scene: Scene) -> None:
    """For every reach and visibility; direct statuses are in no collection, not even for those they name (S59)."""
    made = {kind: (await post(scene.anna, f"As {kind}", reach=kind[0], visibility=kind[1]))["uri"] for kind in FINDERS}
    name = f"@fred@{scene.peers['host'].domain}"
    await post(scene.anna, f"{name} psst", visibility="direct")
    await scene.working.settle()

    for asker in ASKERS:
        found = await scene.items(asker, f"{actor(scene)}/outbox")
        expected = {uri for kind, uri in made.items() if asker in FINDERS[kind]}
        assert {activity["object"]["id"] for activity in found} == expected, asker


async def test_each_finds_the_pins_it_may_see(scene: Scene) -> None:
    """The featured collection lists ids, the latest pin first, and counts no more than it lists."""
    kinds = [("public", "public"), ("public", "private"), ("partners", "public"), ("organisation", "public")]
    made = {}
    for kind in (*kinds, ("node", "public")):
        status = await post(scene.anna, f"As {kind}", reach=kind[0], visibility=kind[1])
        made[kind] = status["uri"]
        success(await scene.anna.api.post(f"/api/v1/statuses/{status['id']}/pin"))

    for asker in ASKERS:
        found = await scene.items(asker, f"{actor(scene)}/collections/featured")
        assert found == [made[kind] for kind in reversed(kinds) if asker in FINDERS[kind]], asker


async def test_each_finds_the_answers_it_may_see(scene: Scene) -> None:
    """Replies to an open status, by colleagues and by people elsewhere, each for whom it is; none of them direct."""
    root = await post(scene.anna, "What do you think?")
    made = {
        kind: (await post(scene.bert, f"As {kind}", in_reply_to_id=root["id"], reach=kind[0], visibility=kind[1]))[
            "uri"
        ]
        for kind in FINDERS
    }
    await post(scene.bert, "@anna psst", in_reply_to_id=root["id"], visibility="direct")
    await scene.working.settle()
    foreign = add_note(scene.peers["host"], inReplyTo=root["uri"])
    assert await find_status(scene.anna, foreign) is not None

    for asker in ASKERS:
        found = await scene.items(asker, f"{root['uri']}/replies")
        # Nobody elsewhere follows bert.
        expected = {uri for kind, uri in made.items() if asker in FINDERS[kind] and kind[1] != "private"}
        assert set(found) == {*expected, foreign}, asker


async def test_each_finds_in_a_thread_what_it_may_see(scene: Scene) -> None:
    """The context of a root lists it and all below, oldest first, whoever wrote them, to each what it may see."""
    root = await post(scene.anna, "What do you think?")
    answer = await post(scene.bert, "Well", in_reply_to_id=root["id"])
    made = {("public", "public"): [root["uri"], answer["uri"]]}
    for reach, visibility in FINDERS:
        below = await post(scene.anna, "Hm", in_reply_to_id=answer["id"], reach=reach, visibility=visibility)
        made.setdefault((reach, visibility), []).append(below["uri"])
    direct = await post(scene.bert, "@anna psst", in_reply_to_id=answer["id"], visibility="direct")
    note = (await scene.get("anybody", answer["uri"])).json()

    collection = (await scene.get("anybody", note["context"])).json()

    assert (collection["type"], collection["attributedTo"]) == ("OrderedCollection", actor(scene))
    for asker in ASKERS:
        found = await scene.items(asker, note["context"])
        assert set(found) == {uri for kind, uris in made.items() if asker in FINDERS[kind] for uri in uris}, asker
        assert found[:2] == [root["uri"], answer["uri"]]
    assert (await scene.get("anybody", f"{answer['uri']}/context")).status_code == 404
    assert (await scene.get("anybody", f"{direct['uri']}/context")).status_code == 404


async def test_nothing_of_a_suspended_account_is_in_the_collections_of_others(scene: Scene) -> None:
    """Neither its answers, nor its boosts, nor its part of a thread, and no number counts them (S50)."""
    mod = await scene.working.person("mod", scopes="admin:write", role=UserRole.MODERATOR)
    root = await post(scene.anna, "What do you think?")
    answer = await post(scene.bert, "Well", in_reply_to_id=root["id"])
    success(await scene.bert.api.post(f"/api/v1/statuses/{root['id']}/reblog"))
    context = (await scene.get("anybody", root["uri"])).json()["context"]
    addresses = [f"{root['uri']}/replies", f"{root['uri']}/shares", context]

    async def found(asker: str) -> list[int]:
        return [len(await scene.items(asker, address)) for address in addresses]

    assert answer["uri"] in await scene.items("anybody", addresses[0])
    assert [await found(asker) for asker in ASKERS] == [[1, 1, 2]] * len(ASKERS)
    success(await mod.api.post(f"/api/v1/admin/accounts/{scene.bert.id}/action", json={"type": "suspend"}))

    assert [await found(asker) for asker in ASKERS] == [[0, 0, 1]] * len(ASKERS)


async def test_collections_of_what_is_hidden_are_not_there(scene: Scene) -> None:
    """Whoever may not see a status gets the same 404 from each of its collections as for one that never was."""
    limited = await post(scene.anna, "Inside", reach="organisation")
    direct = await post(scene.anna, "@bert psst", visibility="direct")

    for collection in ("replies", "likes", "shares", "context"):
        for asker in ("anybody", "stranger", "host", "partner"):
            hidden = await scene.get(asker, f"{limited['uri']}/{collection}")
            absent = await scene.get(asker, f"{actor(scene)}/statuses/999/{collection}")
            assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content), (collection, asker)
            assert hidden.status_code == 404
            assert (await scene.get(asker, f"{direct['uri']}/{collection}")).status_code == 404
        assert (await scene.get("sibling", f"{limited['uri']}/{collection}")).status_code == 200


async def test_likes_are_a_number(scene: Scene) -> None:
    """How many favourited is told with the status and by its collection; who did was told to the author alone."""
    status = await post(scene.anna, "Worth a star")
    success(await scene.bert.api.post(f"/api/v1/statuses/{status['id']}/favourite"))

    note = (await scene.get("anybody", status["uri"])).json()

    told = (await scene.get("anybody", note["likes"]["id"])).json()
    assert (note["likes"]["totalItems"], told["totalItems"]) == (1, 1)
    assert not {"items", "orderedItems", "first"} & told.keys()


async def test_each_finds_the_boosts_it_may_see(scene: Scene) -> None:
    """Each ``Announce`` of an open status, of people here and elsewhere, for whom it is; it can be fetched as well."""
    status, host = await post(scene.anna, "Pass it on"), scene.peers["host"]
    boost = success(await scene.bert.api.post(f"/api/v1/statuses/{status['id']}/reblog"))
    hidden = await scene.working.person("cora")
    success(await hidden.api.post(f"/api/v1/statuses/{status['id']}/reblog", json={"visibility": "private"}))
    await send(scene.working, host, "Announce", status["uri"], by="fred", to=["as:Public"])
    (foreign,) = [uri for uri in await scene.items("anybody", f"{status['uri']}/shares") if host.url in uri]
    note, announce = (await scene.get("anybody", status["uri"])).json(), f"{boost['uri']}/activity"

    for asker in ASKERS:
        assert await scene.items(asker, note["shares"]["id"]) == [announce, foreign], asker
    announced = (await scene.get("stranger", announce)).json()
    assert (announced["type"], announced["object"]) == ("Announce", status["uri"])
    limited = await post(scene.anna, "Among us", reach="organisation")
    success(await scene.bert.api.post(f"/api/v1/statuses/{limited['id']}/reblog"))
    assert len(await scene.items("sibling", f"{limited['uri']}/shares")) == 1
    assert (await scene.get("partner", f"{limited['uri']}/shares")).status_code == 404


async def test_many_boosts_come_in_pages(scene: Scene) -> None:
    """A long list of boosts is walked to its end without gap or repetition, the suspended left out."""
    status, host = await post(scene.anna, "Viral"), scene.peers["host"]
    for number in range(63):
        host.add_user(f"u{number}", key_name="fred")
        activity = host.activity("Announce", host.actor(f"u{number}"), status["uri"], number) | {"to": ["as:Public"]}
        message = host.sign(f"{scene.working.server.url}/inbox", activity, by=f"u{number}", key_name="fred")
        answer = await scene.working.server.anonymous.post(
            "/inbox", content=message.body, headers=dict(message.headers)
        )
        assert answer.status_code == 202, answer.text
    await scene.working.settle()

    collection = (await scene.get("anybody", f"{status['uri']}/shares")).json()

    assert len(collection["first"]["items"]) == 60
    assert len(await scene.items("anybody", f"{status['uri']}/shares")) == 63


async def test_many_answers_come_in_pages(scene: Scene) -> None:
    """A long list is walked from its first page to the last without gap or repetition, oldest first."""
    root = await post(scene.anna, "Count")
    answers = [(await post(scene.bert, f"{number}", in_reply_to_id=root["id"]))["uri"] for number in range(65)]

    collection = (await scene.get("anybody", f"{root['uri']}/replies")).json()

    assert len(collection["first"]["items"]) == 60
    assert await scene.items("anybody", f"{root['uri']}/replies") == answers


async def test_whom_a_member_blocks_finds_nothing(scene: Scene) -> None:
    """A blocked account sees in no collection what its server may still see for others."""
    status = await post(scene.anna, "Hello")
    success(await scene.anna.api.post(f"/api/v1/statuses/{status['id']}/pin"))
    account = await follow_remote(scene.working, scene.anna, scene.peers["stranger"], "fred")
    scene.peers["stranger"].add_user("gina")
    success(await scene.anna.api.post(f"/api/v1/accounts/{account['id']}/block"))

    for collection in ("outbox", "collections/featured"):
        assert await scene.items("stranger", f"{actor(scene)}/{collection}") == []
        of_gina = await signed_fetch(
            scene.working.server, scene.peers["stranger"], f"{actor(scene)}/{collection}", by="gina"
        )
        assert of_gina.json()["totalItems"] == 1
    followers = await scene.get("stranger", f"{actor(scene)}/followers?page=true")
    assert followers.json()["orderedItems"] == []


async def test_a_hidden_network_tells_its_size_alone(scene: Scene) -> None:
    """Followers and followed are listed to whoever asks until their account hides them."""
    await follow_remote(scene.working, scene.anna, scene.peers["partner"], "fred")

    shown = [await scene.items("stranger", f"{actor(scene)}/{name}") for name in ("followers", "following")]
    success(await scene.anna.api.patch("/api/v1/accounts/update_credentials", data={"hide_collections": "true"}))

    assert shown == [[scene.peers["host"].actor("fred")], [scene.peers["partner"].actor("fred")]]
    for name in ("followers", "following"):
        collection = (await scene.get("sibling", f"{actor(scene)}/{name}")).json()
        page = (await scene.get("sibling", f"{actor(scene)}/{name}?page=true")).json()
        assert collection["totalItems"] == 1
        for document in (collection, page):
            assert not {"items", "orderedItems", "first"} & document.keys()


async def test_a_blocked_server_is_refused_at_every_collection(scene: Scene) -> None:
    """Signed by somebody of a blocked server, a request is answered 403 whatever it is for."""
    status = await post(scene.anna, "Hello")
    node = scene.working.server.node
    await node.write(peers.set_tier, node.now(), scene.peers["stranger"].domain, Tier.BLOCKED)
    own = [f"{actor(scene)}/{name}" for name in ("outbox", "followers", "following")]
    shown = [f"{actor(scene)}/collections/{name}" for name in ("featured", "tags")]
    hanging = [f"{status['uri']}/{name}" for name in ("replies", "likes", "shares", "context")]

    for address in (*own, *shown, *hanging):
        assert (await scene.get("stranger", address)).status_code == 403, address


@pytest.mark.parametrize("page", ["max_id=x", "max_id=-1", "max_id=99999999999999999999", "min_id=%00", "min_id=1e9"])
async def test_odd_cursors_begin_at_the_beginning(scene: Scene, page: str) -> None:
    """A cursor that is no id is answered as if there were none, and never with a fault."""
    status = await post(scene.anna, "Hello")
    await post(scene.bert, "Hi", in_reply_to_id=status["id"])

    for address in (f"{actor(scene)}/outbox", f"{status['uri']}/context", f"{status['uri']}/replies"):
        answer = await scene.get("anybody", f"{address}?page=true&{page}")
        assert answer.status_code == 200, answer.text


async def test_an_edit_or_answer_by_a_peer_is_counted_once(scene: Scene) -> None:
    """A reply that a peer delivers stands in the collection once, and leaves it when it is deleted."""
    root = await post(scene.anna, "Ask me")
    uri = add_note(
        scene.peers["host"], inReplyTo=root["uri"], to=[actor(scene), "https://www.w3.org/ns/activitystreams#Public"]
    )
    note = scene.peers["host"].documents[uri.removeprefix(scene.peers["host"].url)]

    for _ in range(2):
        await send(scene.working, scene.peers["host"], "Create", note, by="fred", to=note["to"])
    assert await scene.items("anybody", f"{root['uri']}/replies") == [uri]
    await send(scene.working, scene.peers["host"], "Delete", uri, by="fred")

    assert await scene.items("anybody", f"{root['uri']}/replies") == []
