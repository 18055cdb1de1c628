"""Threads and profiles of other servers, completed in the background: what is taken, what is not, and what it costs."""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from fedorg.domain.visibility import Tier
from fedorg.store import peers
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.peering import PUBLIC, add_note, fetch, find, find_status, follow_remote, send
from tests.node.serving import Member
from tests.node.talking import WorkingServer, contents, entity, post, success

LATER: Final = timedelta(minutes=11)
NOWHERE: Final = "https://nowhere.example/notes/1"


@pytest.fixture
async def peer() -> AsyncIterator[FakePeer]:
    """A server with two users."""
    async with running_peer() as running:
        running.add_user("fred")
        running.add_user("gina")
        yield running


@pytest.fixture
async def other() -> AsyncIterator[FakePeer]:
    """Another server, with a user called olga."""
    async with running_peer() as running:
        running.add_user("olga")
        yield running


@pytest.fixture
async def anna(working: WorkingServer) -> Member:
    """The member who looks."""
    return await working.person("anna")


def add_collection(peer: FakePeer, path: str, items: list[Any], **members: Any) -> str:  # noqa: ANN401 - JSON
    """The address of a collection; ``members`` replace its members."""
    peer.documents[path] = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{peer.url}{path}",
        "type": "OrderedCollection",
        "totalItems": len(items),
        "orderedItems": items,
        **members,
    }
    return f"{peer.url}{path}"


def add_answers(peer: FakePeer, uri: str, answers: list[Any], **members: Any) -> str:  # noqa: ANN401 - JSON
    """Give a note of the peer a collection of its answers; the address of that."""
    path = uri.removeprefix(peer.url)
    peer.documents[path]["replies"] = f"{uri}/replies"
    return add_collection(peer, f"{path}/replies", answers, **members)


async def look(working: WorkingServer, reader: Member, uri: str) -> list[str]:
    """Look at the thread of a status, wait for what comes of it, and look again: the addresses found below it."""
    status = await find_status(reader, uri)
    assert status is not None
    await working.settle()
    path = f"/api/v1/statuses/{status['id']}/context"
    entity(await reader.api.get(path), "Context")
    await working.settle()
    return [one["uri"] for one in entity(await reader.api.get(path), "Context")["descendants"]]


async def test_what_answers_a_status_is_found_by_its_replies(
    working: WorkingServer, anna: Member, peer: FakePeer, other: FakePeer
) -> None:
    """Answers, and answers to these, are fetched from where they live, by whichever server lists them."""
    root = add_note(peer)
    answer = add_note(other, by="olga", inReplyTo=root)
    below = add_note(peer, by="gina", inReplyTo=answer)
    add_answers(peer, root, [answer])
    add_answers(other, answer, [{"type": "Note", "id": below, "attributedTo": peer.actor("gina"), "content": "false"}])

    found = await look(working, anna, root)

    assert found == [answer, below]
    words = contents(success(await anna.api.get("/api/v1/timelines/public")))
    assert "false" not in words


async def test_who_waits_for_a_thread_is_told_when_it_has_come(
    working: WorkingServer, anna: Member, peer: FakePeer
) -> None:
    """The context names its refresh to whoever looks meanwhile; it ends with what it brought, and is named no more."""
    bert = await working.person("bert")
    root = add_note(peer)
    add_answers(peer, root, [add_note(peer, by="gina", inReplyTo=root)])
    status = await find_status(anna, root)
    assert status is not None
    await working.settle()
    path = f"/api/v1/statuses/{status['id']}/context"

    header = (await anna.api.get(path)).headers["Mastodon-Async-Refresh"]
    named = re.fullmatch(r'id="([A-Za-z0-9_-]{20,})", retry=\d+', header)
    assert named is not None
    await working.settle()
    address = f"/api/v1_alpha/async_refreshes/{named[1]}"
    told = success(await bert.api.get(address))

    assert told == {"async_refresh": {"id": named[1], "status": "finished", "result_count": 1}}
    assert "Mastodon-Async-Refresh" not in (await anna.api.get(path)).headers
    assert (await bert.api.get("/api/v1_alpha/async_refreshes/nothing")).status_code == 404


async def test_what_is_above_is_found_as_well(working: WorkingServer, anna: Member, peer: FakePeer) -> None:
    """Looked at in its middle, a thread is completed up to its root and down its other branches."""
    root = add_note(peer)
    middle = add_note(peer, by="gina", inReplyTo=root)
    branch = add_note(peer, inReplyTo=root)
    add_answers(peer, root, [middle, branch])

    await look(working, anna, middle)

    status = await find_status(anna, middle)
    assert status is not None
    context = success(await anna.api.get(f"/api/v1/statuses/{status['id']}/context"))
    assert [one["uri"] for one in context["ancestors"]] == [root]
    whole = success(await anna.api.get(f"/api/v1/statuses/{context['ancestors'][0]['id']}/context"))
    assert {one["uri"] for one in whole["descendants"]} == {middle, branch}


async def test_what_is_answered_may_be_named_by_its_page(working: WorkingServer, anna: Member, peer: FakePeer) -> None:
    """As WordPress does: such a reply hangs in its thread, of this node or another, and its page is asked for once."""
    mine = await post(anna, "Mine")
    brought = peer.documents[add_note(peer, inReplyTo=mine["url"]).removeprefix(peer.url)]
    page = f"{peer.url}/@fred/root"
    root = add_note(peer, url=page)
    peer.redirects["/@fred/root"] = root
    answer, branch = (add_note(peer, by="gina", inReplyTo=page) for _ in range(2))
    below = add_note(peer, inReplyTo=f"{peer.url}/@gina/branch")
    peer.documents[branch.removeprefix(peer.url)]["url"] = f"{peer.url}/@gina/branch"
    add_answers(peer, root, [below, answer, branch])

    await send(working, peer, "Create", brought, by="fred", to=[PUBLIC])
    await look(working, anna, answer)

    own = success(await anna.api.get(f"/api/v1/statuses/{mine['id']}/context"))
    assert [one["uri"] for one in own["descendants"]] == [brought["id"]]
    status = await find_status(anna, answer)
    assert status is not None
    context = success(await anna.api.get(f"/api/v1/statuses/{status['id']}/context"))
    assert [one["uri"] for one in context["ancestors"]] == [root]
    assert await look(working, anna, root) == [answer, branch, below]
    assert peer.asked["/@fred/root"] == 1


async def test_no_address_leads_below_the_status_of_another_server(
    working: WorkingServer, anna: Member, peer: FakePeer, other: FakePeer
) -> None:
    """Whoever is answered cannot make the answers look as if they were said to somebody else, on another server."""
    theirs = add_note(other, by="olga")
    answer = add_note(peer, by="gina", inReplyTo=f"{peer.url}/trap")
    peer.redirects["/trap"] = theirs

    await look(working, anna, answer)

    assert await look(working, anna, theirs) == []
    status = await find_status(anna, answer)
    assert status is not None
    assert success(await anna.api.get(f"/api/v1/statuses/{status['id']}/context"))["ancestors"] == []


@pytest.mark.parametrize("named", ["context", "contextHistory"])
async def test_one_collection_of_the_thread_is_enough(
    working: WorkingServer, anna: Member, peer: FakePeer, other: FakePeer, named: str
) -> None:
    """Posts (FEP-7888) or activities (FEP-f228), in pages and in any order; then no list of answers is asked for."""
    root = add_note(peer)
    answer = add_note(other, by="olga", inReplyTo=root)
    below = add_note(peer, by="gina", inReplyTo=answer)
    posts: list[Any] = [root, below, answer]
    if named == "contextHistory":
        posts = [
            {"type": "Create", "id": f"{uri}/activity", "actor": actor, "object": uri}
            for uri, actor in ((root, peer.actor("fred")), (below, peer.actor("gina")), (answer, other.actor("olga")))
        ]
    add_collection(peer, "/threads/1/2", posts[1:], type="OrderedCollectionPage", partOf=f"{peer.url}/threads/1")
    first = {"type": "OrderedCollectionPage", "orderedItems": posts[:1], "next": f"{peer.url}/threads/1/2"}
    peer.documents[root.removeprefix(peer.url)][named] = add_collection(peer, "/threads/1", [], first=first)
    add_answers(peer, root, [answer])

    assert await look(working, anna, root) == [answer, below]

    assert peer.asked[f"{root.removeprefix(peer.url)}/replies"] == 0


@pytest.mark.parametrize("listed", [None, [], [NOWHERE]])
async def test_a_context_that_tells_nothing_is_not_the_last_word(
    working: WorkingServer, anna: Member, peer: FakePeer, listed: list[str] | None
) -> None:
    """Missing, empty, or without the status it is about: then the answers are asked for."""
    root = add_note(peer, context=f"{peer.url}/threads/1")
    answer = add_note(peer, by="gina", inReplyTo=root)
    add_answers(peer, root, [answer])
    if listed is not None:
        add_collection(peer, "/threads/1", listed)

    assert await look(working, anna, root) == [answer]


async def test_a_thread_is_not_asked_for_again_at_once(working: WorkingServer, anna: Member, peer: FakePeer) -> None:
    """However often somebody looks, other servers are asked once in ten minutes; then what is new is found."""
    root = add_note(peer)
    answers = [add_note(peer, by="gina", inReplyTo=root)]
    add_answers(peer, root, answers)
    path = f"{root.removeprefix(peer.url)}/replies"
    assert await look(working, anna, root) == answers
    answers.append(add_note(peer, by="gina", inReplyTo=root))
    add_answers(peer, root, answers)

    for _ in range(3):
        assert await look(working, anna, root) == answers[:1]
    assert peer.asked[path] == 1
    working.server.clock.advance(LATER)

    assert await look(working, anna, root) == answers
    assert peer.asked[path] == 2


async def test_visitors_make_this_node_ask_nobody(working: WorkingServer, anna: Member, peer: FakePeer) -> None:
    """Only a member's look at a thread or a profile is worth a question."""
    root = add_note(peer)
    add_answers(peer, root, [add_note(peer, by="gina", inReplyTo=root)])
    peer.documents["/users/fred"]["outbox"] = add_collection(peer, "/users/fred/outbox", [])
    status = await find_status(anna, root)
    assert status is not None

    for path in (f"statuses/{status['id']}/context", f"accounts/{status['account']['id']}"):
        success(await working.server.anonymous.get(f"/api/v1/{path}"))
    await working.settle()

    assert peer.asked[f"{root.removeprefix(peer.url)}/replies"] == 0
    assert peer.asked["/users/fred/outbox"] == 0


async def test_what_does_not_belong_to_the_thread_is_left(
    working: WorkingServer, anna: Member, peer: FakePeer, other: FakePeer
) -> None:
    """A list cannot bring in other threads, our own addresses, other people's names, or what is no status."""
    own = await post(anna, "Mine")
    root = add_note(peer)
    answer = add_note(peer, by="gina", inReplyTo=root)
    foreign = add_note(other, by="olga")
    elsewhere = add_note(other, by="olga", inReplyTo=foreign)
    forged = add_note(peer, attributedTo=other.actor("olga"), inReplyTo=root)
    misnamed = add_note(peer, id=f"{other.url}/notes/999", inReplyTo=root)
    items = [foreign, elsewhere, forged, misnamed, own["uri"], f"{own['uri']}x", peer.actor("gina"), NOWHERE, answer]
    odd: list[Any] = [7, None, {}, {"type": "Note"}, "tag:x", "javascript:alert(1)"]
    add_answers(peer, root, [*odd, *items])

    found = await look(working, anna, root)

    assert found == [answer]
    known = contents(success(await anna.api.get("/api/v1/timelines/public", params={"limit": "40"})))
    assert sorted(known) == sorted([f"Note {uri.removeprefix(peer.url)}" for uri in (root,)] + ["Mine"])


async def test_only_servers_that_are_spoken_with_are_asked(
    working: WorkingServer, anna: Member, peer: FakePeer, other: FakePeer
) -> None:
    """What lies on a blocked server is left where it is, and not asked for."""
    node = working.server.node
    await node.write(peers.set_tier, node.now(), other.domain, Tier.BLOCKED)
    root = add_note(peer, context=f"{other.url}/threads/1")
    add_answers(peer, root, [add_note(other, by="olga", inReplyTo=root)])

    assert await look(working, anna, root) == []

    assert not other.asked


async def test_pages_lead_neither_in_circles_nor_away_nor_on_for_ever(
    working: WorkingServer, anna: Member, peer: FakePeer, other: FakePeer
) -> None:
    """A page is asked for once, on the server of the collection, and only so many of them."""
    circle, away, endless = add_note(peer), add_note(peer), add_note(peer)
    path = circle.removeprefix(peer.url)
    add_answers(peer, circle, [], first=f"{circle}/replies/1")
    add_collection(peer, f"{path}/replies/1", [], type="OrderedCollectionPage", next=f"{circle}/replies/2")
    add_collection(peer, f"{path}/replies/2", [], type="OrderedCollectionPage", next=f"{circle}/replies/1")
    add_answers(peer, away, [], first=f"{other.url}/page")
    add_answers(peer, endless, [], first=f"{peer.url}/pages/0")
    for number in range(200):
        following = f"{peer.url}/pages/{number + 1}"
        add_collection(peer, f"/pages/{number}", [NOWHERE], type="OrderedCollectionPage", next=following)

    for root in (circle, away, endless):
        assert await look(working, anna, root) == []

    assert [peer.asked[f"{path}/replies/{number}"] for number in (1, 2)] == [1, 1]
    assert not other.asked
    assert sum(count for page, count in peer.asked.items() if page.startswith("/pages/")) <= 5


async def test_a_huge_thread_is_taken_in_parts(working: WorkingServer, anna: Member, peer: FakePeer) -> None:
    """One look brings so many statuses for so many fetches; the next one, later, goes on from there."""
    root = add_note(peer)
    answers = [add_note(peer, by="gina", inReplyTo=root) for _ in range(100)]
    add_answers(peer, root, answers)

    first = await look(working, anna, root)
    cost = peer.asked.total()
    working.server.clock.advance(LATER)
    second = await look(working, anna, root)

    assert first == answers[: len(first)]
    assert 20 <= len(first) <= 40
    assert cost <= 100
    assert second[: len(first)] == first
    assert len(second) > len(first)


async def test_a_thread_without_a_bottom_costs_no_more(working: WorkingServer, anna: Member, peer: FakePeer) -> None:
    """Answers to answers to answers, each with a list of its own, end with the budget (S28)."""
    root = add_note(peer)
    above = root
    for _ in range(120):
        below = add_note(peer, by="gina", inReplyTo=above)
        add_answers(peer, above, [below])
        above = below

    found = await look(working, anna, root)

    assert 5 <= len(found) <= 40
    assert peer.asked.total() <= 100


async def test_a_server_that_is_ill_is_let_alone(
    working: WorkingServer, anna: Member, peer: FakePeer, other: FakePeer
) -> None:
    """After two failures it is asked no more in this run, and what others have is taken nonetheless."""
    root = add_note(peer)
    ill = [add_note(other, by="olga", inReplyTo=root) for _ in range(10)]
    well = add_note(peer, by="gina", inReplyTo=root)
    add_answers(peer, root, [*ill, well])
    other.is_ill = True

    assert await look(working, anna, root) == [well]

    assert other.asked.total() <= 2


async def test_a_server_that_never_answers_costs_little_time(
    working: WorkingServer, anna: Member, peer: FakePeer, other: FakePeer
) -> None:
    """Each question has its deadline, two of them are enough, and the job ends without being tried again."""
    root = add_note(peer)
    add_answers(peer, root, [add_note(other, by="olga", inReplyTo=root) for _ in range(30)])
    assert await find_status(anna, root) is not None
    client = working.server.node.client
    client.limits = dataclasses.replace(client.limits, total_seconds=3)
    held = asyncio.Event()
    other.stalled = held

    try:
        assert await look(working, anna, root) == []
    finally:
        held.set()

    assert 1 <= other.asked.total() <= 2


async def test_nothing_old_is_told_as_news(working: WorkingServer, anna: Member, peer: FakePeer) -> None:
    """Of what is found, only what was posted lately comes to home timelines and notifications."""
    await follow_remote(working, anna, peer, "fred")
    mention = {"type": "Mention", "href": f"{working.server.url}/users/anna", "name": "@anna"}
    now = datetime.now(UTC).isoformat()
    root = add_note(peer, by="gina")
    old = add_note(peer, inReplyTo=root, tag=[mention], content="<p>Old</p>")
    new = add_note(peer, inReplyTo=root, tag=[mention], content="<p>New</p>", published=now)
    add_answers(peer, root, [old, new])

    assert await look(working, anna, root) == [old, new]

    told = success(await anna.api.get("/api/v1/notifications", params={"types[]": "mention"}))
    assert contents([one["status"] for one in told]) == ["New"]
    assert "Old" not in contents(success(await anna.api.get("/api/v1/timelines/home")))


async def test_an_old_reply_is_no_news_when_its_thread_is_found(
    working: WorkingServer, anna: Member, peer: FakePeer
) -> None:
    """Looked up by its address, a reply of last year that names a member notifies nobody, before or after its root."""
    await follow_remote(working, anna, peer, "fred")
    mention = {"type": "Mention", "href": f"{working.server.url}/users/anna", "name": "@anna"}
    reply = add_note(peer, inReplyTo=add_note(peer, by="gina"), tag=[mention], content="<p>Old</p>")

    await look(working, anna, reply)

    assert success(await anna.api.get("/api/v1/notifications", params={"types[]": "mention"})) == []
    assert contents(success(await anna.api.get("/api/v1/timelines/home"))) == []


async def test_a_late_delivery_is_news_when_its_thread_is_found(
    working: WorkingServer, anna: Member, peer: FakePeer
) -> None:
    """A reply that was delivered days late notifies whom it names, and its thread is completed below its root."""
    await follow_remote(working, anna, peer, "fred")
    actor = f"{working.server.url}/users/anna"
    root = add_note(peer, by="gina")
    branch = add_note(peer, by="gina", inReplyTo=root)
    reply = add_note(peer, inReplyTo=root, tag=[{"type": "Mention", "href": actor}], to=[PUBLIC, actor])
    add_answers(peer, root, [branch, reply])

    note = peer.documents[reply.removeprefix(peer.url)]
    await send(working, peer, "Create", note, by="fred", to=note["to"])

    (told,) = success(await anna.api.get("/api/v1/notifications", params={"types[]": "mention"}))
    assert told["status"]["uri"] == reply
    context = success(await anna.api.get(f"/api/v1/statuses/{told['status']['id']}/context"))
    whole = success(await anna.api.get(f"/api/v1/statuses/{context['ancestors'][0]['id']}/context"))
    assert {one["uri"] for one in whole["descendants"]} == {branch, reply}


@pytest.mark.parametrize("form", ["embedded", "named"])
async def test_what_was_found_before_it_is_delivered_is_news_then(
    working: WorkingServer, anna: Member, peer: FakePeer, form: str
) -> None:
    """A server was away for a day: what it posted is found on its profile, and comes to the home timeline with it.

    So does the notification, once: what its reader dismissed does not come back with the next copy.
    """
    await follow_remote(working, anna, peer, "fred")
    actor = f"{working.server.url}/users/anna"
    uri = add_note(peer, tag=[{"type": "Mention", "href": actor}], to=[PUBLIC, actor], content="<p>Where were you?</p>")
    assert await find_status(anna, uri) is not None
    await working.settle()
    assert contents(success(await anna.api.get("/api/v1/timelines/home"))) == []

    note = peer.documents[uri.removeprefix(peer.url)]
    said = note if form == "embedded" else uri
    await send(working, peer, "Create", said, by="fred", to=note["to"])

    assert contents(success(await anna.api.get("/api/v1/timelines/home"))) == ["Where were you?"]
    (told,) = success(await anna.api.get("/api/v1/notifications", params={"types[]": "mention"}))
    assert told["status"]["uri"] == uri
    success(await anna.api.post(f"/api/v1/notifications/{told['id']}/dismiss"))
    await send(working, peer, "Create", said, by="fred", to=note["to"])
    assert success(await anna.api.get("/api/v1/notifications", params={"types[]": "mention"})) == []


async def test_what_is_found_stays_within_the_reach_of_its_thread(
    working: WorkingServer, anna: Member, peer: FakePeer, other: FakePeer
) -> None:
    """An answer that calls itself public is no wider than the limited thread it hangs in."""
    node = working.server.node
    await node.write(peers.set_tier, node.now(), peer.domain, Tier.PARTNER)
    followers = f"{peer.actor('fred')}/followers"
    root = add_note(peer, to=[followers], cc=[f"{peer.url}/audiences/partners"], reach="partners")
    answer = add_note(other, by="olga", inReplyTo=root)
    add_answers(peer, root, [answer])

    assert await look(working, anna, root) == [answer]

    status = await find_status(anna, answer)
    assert status is not None
    assert (status["reach"], status["visibility"]) == ("partners", "public")
    assert (await working.server.anonymous.get(f"/api/v1/statuses/{status['id']}")).status_code == 404


async def test_our_notes_name_the_collection_of_their_thread(
    working: WorkingServer, anna: Member, peer: FakePeer
) -> None:
    """Ours is named by all of ours that hang below; another server's only if it is named by that server itself."""
    root = await post(anna, "Root")
    reply = await post(anna, "Reply", in_reply_to_id=root["id"])
    direct = await post(anna, "@anna psst", visibility="direct")
    named, unnamed = add_note(peer, context=f"{peer.url}/threads/1"), add_note(peer, context=NOWHERE)
    answers = []
    for uri in (named, unnamed):
        status = await find_status(anna, uri)
        assert status is not None
        answers.append(await post(anna, "Answer", in_reply_to_id=status["id"]))

    async def context(status: dict[str, Any]) -> str | None:
        found: str | None = (await fetch(working.server, status["uri"])).json().get("context")
        return found

    assert [await context(one) for one in (root, reply)] == [f"{root['uri']}/context"] * 2
    assert [await context(one) for one in answers] == [f"{peer.url}/threads/1", None]
    assert (await fetch(working.server, f"{direct['uri']}/context")).status_code == 404
    assert (await fetch(working.server, f"{reply['uri']}/context")).status_code == 404


# Profiles


def add_profile(peer: FakePeer) -> dict[str, list[str]]:
    """Give fred collections with something in each; the addresses in them."""
    uri = peer.actor("fred")
    newest = [add_note(peer, content=f"<p>Post {number}</p>") for number in range(3)]
    pinned = add_note(peer, content="<p>Pinned</p>")
    creates = [{"type": "Create", "id": f"{one}/activity", "actor": uri, "object": one} for one in newest]
    boost = {"type": "Announce", "id": f"{uri}/boost", "actor": uri, "object": add_note(peer, by="gina")}
    page = {"type": "OrderedCollectionPage", "orderedItems": [boost, *creates]}
    add_collection(peer, "/users/fred/outbox", [], first=page, totalItems=1234)
    add_collection(peer, "/users/fred/featured", [pinned, add_note(peer, by="gina"), NOWHERE])
    tag = {"type": "Hashtag", "name": "#Gardening", "href": f"{peer.url}/tags/gardening"}
    add_collection(peer, "/users/fred/tags", [tag], type="Collection")
    peer.documents["/users/fred/tags"]["items"] = peer.documents["/users/fred/tags"].pop("orderedItems")
    for name, total in (("followers", 321), ("following", 45)):
        add_collection(peer, f"/users/fred/{name}", [], totalItems=total)
    names = {"outbox": "outbox", "featured": "featured", "featuredTags": "tags", "following": "following"}
    peer.documents["/users/fred"] |= {key: f"{uri}/{name}" for key, name in names.items()}
    return {"newest": newest, "pinned": [pinned]}


async def statuses_of(reader: Member, account_id: str, **params: str) -> list[str]:
    answer = success(await reader.api.get(f"/api/v1/accounts/{account_id}/statuses", params=params))
    return [status["uri"] for status in answer]


async def test_a_profile_is_filled_when_a_member_looks(working: WorkingServer, anna: Member, peer: FakePeer) -> None:
    """Pins, hashtags, numbers and the newest statuses come in the background; boosts and other people's do not."""
    listed = add_profile(peer)
    account = await find(anna, peer.actor("fred"))
    path = f"/api/v1/accounts/{account['id']}"

    entity(await anna.api.get(path), "Account")
    await working.settle()

    shown = entity(await anna.api.get(path), "Account")
    assert [shown[f"{name}_count"] for name in ("followers", "following", "statuses")] == [321, 45, 1234]
    assert await statuses_of(anna, account["id"], pinned="true") == listed["pinned"]
    assert set(await statuses_of(anna, account["id"])) == {*listed["newest"], *listed["pinned"]}
    tags = success(await anna.api.get(f"{path}/featured_tags"))
    assert [tag["name"] for tag in tags] == ["Gardening"]
    assert contents(success(await anna.api.get("/api/v1/timelines/home"))) == []


async def test_a_profile_is_not_asked_for_again_at_once(working: WorkingServer, anna: Member, peer: FakePeer) -> None:
    """However often members look, its server is asked a few times a day; what it took back is then gone here."""
    listed = add_profile(peer)
    account = await find(anna, peer.actor("fred"))
    path = f"/api/v1/accounts/{account['id']}"

    for _ in range(3):
        success(await anna.api.get(path))
        await statuses_of(anna, account["id"])
        await working.settle()
    assert peer.asked["/users/fred/outbox"] == 1
    assert await statuses_of(anna, account["id"], pinned="true") == listed["pinned"]
    add_collection(peer, "/users/fred/featured", [])
    add_collection(peer, "/users/fred/tags", [], type="Collection")
    working.server.clock.advance(timedelta(hours=7))
    success(await anna.api.get(path))
    await working.settle()

    assert peer.asked["/users/fred/outbox"] == 2
    assert await statuses_of(anna, account["id"], pinned="true") == []
    assert success(await anna.api.get(f"{path}/featured_tags")) == []


async def test_a_profile_that_cannot_be_had_stays_as_it_was(
    working: WorkingServer, anna: Member, peer: FakePeer
) -> None:
    """A server that is ill takes nothing away."""
    listed = add_profile(peer)
    account = await find(anna, peer.actor("fred"))
    path = f"/api/v1/accounts/{account['id']}"
    success(await anna.api.get(path))
    await working.settle()
    peer.is_ill = True
    peer.asked.clear()
    working.server.clock.advance(timedelta(hours=7))

    success(await anna.api.get(path))
    await working.settle()

    assert 1 <= peer.asked.total() <= 3
    assert await statuses_of(anna, account["id"], pinned="true") == listed["pinned"]
    assert success(await anna.api.get(path))["followers_count"] == 321


async def test_whom_a_member_follows_is_filled_a_little_later(
    working: WorkingServer, anna: Member, peer: FakePeer
) -> None:
    """The first follow asks for the profile, without anybody looking at it, but not in the same moment."""
    listed = add_profile(peer)

    account = await follow_remote(working, anna, peer, "fred")
    await working.settle()
    at_once = peer.asked["/users/fred/outbox"]
    working.server.clock.advance(timedelta(seconds=15))
    await working.settle()

    assert at_once == 0
    assert set(await statuses_of(anna, account["id"])) == {*listed["newest"], *listed["pinned"]}


async def test_whoever_looks_at_whom_a_member_just_followed_need_not_wait(
    working: WorkingServer, anna: Member, peer: FakePeer
) -> None:
    """The profile is filled for the first who looks, and is not asked for again when its turn comes."""
    listed = add_profile(peer)
    account = await follow_remote(working, anna, peer, "fred")
    await working.settle()

    await statuses_of(anna, account["id"])
    await working.settle()
    found = set(await statuses_of(anna, account["id"]))
    peer.asked.clear()
    working.server.clock.advance(timedelta(seconds=15))
    await working.settle()

    assert found == {*listed["newest"], *listed["pinned"]}
    assert peer.asked["/users/fred/outbox"] == 0


async def test_a_stale_profile_is_brought_up_to_date_in_the_background(
    working: WorkingServer, anna: Member, peer: FakePeer
) -> None:
    """Who looks after a day is shown at once what is known, and the next time what is true."""
    account = await find(anna, peer.actor("fred"))
    path = f"/api/v1/accounts/{account['id']}"
    peer.documents["/users/fred"]["name"] = "Frederic"
    working.server.clock.advance(timedelta(hours=25))

    before = success(await anna.api.get(path))["display_name"]
    await working.settle()

    assert before != "Frederic"
    assert success(await anna.api.get(path))["display_name"] == "Frederic"


async def test_a_boundless_profile_costs_no_more(working: WorkingServer, anna: Member, peer: FakePeer) -> None:
    """Thousands of pins, an outbox without end and numbers beyond counting are taken up to a bound."""
    add_profile(peer)
    account = await find(anna, peer.actor("fred"))
    path = f"/api/v1/accounts/{account['id']}"
    pins = [add_note(peer, content="<p>Pinned</p>") for _ in range(60)]
    add_collection(peer, "/users/fred/featured", [*pins, *(f"{peer.url}/none/{number}" for number in range(2000))])
    add_collection(peer, "/users/fred/followers", [], totalItems=10**30)
    tags = [{"type": "Hashtag", "name": f"#tag{number}"} for number in range(500)]
    add_collection(peer, "/users/fred/tags", tags)
    for number in range(100):
        items = [add_note(peer, content="<p>One of many</p>")]
        following = f"{peer.actor('fred')}/outbox/{number + 1}"
        members = {"type": "OrderedCollectionPage", "next": following}
        add_collection(peer, f"/users/fred/outbox/{number}", items, **members)
    add_collection(peer, "/users/fred/outbox", [], first=f"{peer.actor('fred')}/outbox/0")
    peer.asked.clear()

    success(await anna.api.get(path))
    await working.settle()

    assert peer.asked.total() <= 65
    assert len(await statuses_of(anna, account["id"], pinned="true", limit="40")) == 20
    assert len(success(await anna.api.get(f"{path}/featured_tags"))) == 10
    assert success(await anna.api.get(path))["followers_count"] == 1_000_000_000
