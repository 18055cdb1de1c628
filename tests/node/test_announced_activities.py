"""What communities elsewhere pass on (FEP-1b12): threads, answers, edits and removals, each believed as it deserves.

The community lives on one server, the author on another, as between two Lemmy servers.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import httpx
import pytest

from fedorg.domain.visibility import Tier
from fedorg.services import peers, statuses
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, success

NUMBERS = count(1)
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


@pytest.fixture
async def node_server(serve: Callable[..., Awaitable[NodeServer]]) -> NodeServer:
    """A served node that fetches posts, and no preview of their pages."""
    return await serve(link_previews=False)


@pytest.fixture
async def forum() -> AsyncIterator[FakePeer]:
    """The community's server, with a member and a moderator of its own."""
    async with running_peer() as running:
        for name in ("community", "resident", "moderator"):
            running.add_user(name)
        running.documents["/users/community"]["type"] = "Group"
        yield running


@pytest.fixture
async def home() -> AsyncIterator[FakePeer]:
    """The author's server."""
    async with running_peer() as running:
        running.add_user("author")
        running.add_user("other")
        yield running


@pytest.fixture
async def alice(working: WorkingServer, forum: FakePeer) -> Member:
    """A member of this node who follows the community."""
    alice = await working.person("alice")
    await follow(working, forum, alice, "community")
    return alice


async def follow(working: WorkingServer, peer: FakePeer, member: Member, name: str) -> str:
    """A member follows somebody of a peer, accepted; their id here."""
    found = success(await member.api.get("/api/v2/search", params={"q": f"@{name}@{peer.domain}", "resolve": "true"}))
    account = found["accounts"][0]["id"]
    await member.api.post(f"/api/v1/accounts/{account}/follow")
    asked = await peer.wait_for("Follow", peer.actor(name))
    await send(working, peer, peer.activity("Accept", peer.actor(name), asked, next(NUMBERS)), by=name)
    await working.settle()
    return str(account)


def page(peer: FakePeer, by: str = "author", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A post as Lemmy writes it; not served until ``serve`` says so."""
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{peer.url}/post/{next(NUMBERS)}",
        "type": "Page",
        "attributedTo": peer.actor(by),
        "name": "Title",
        "content": "<p>Body</p>",
        "to": [PUBLIC],
        "published": "2026-03-01T00:00:00Z",
        **fields,
    }


def comment(peer: FakePeer, answered: dict[str, Any]) -> dict[str, Any]:
    return page(peer, "author", type="Note", name=None, content="<p>Comment</p>", inReplyTo=answered["id"])


def serve(peer: FakePeer, *documents: dict[str, Any]) -> None:
    peer.documents |= {one["id"].removeprefix(peer.url): one for one in documents}


def create(peer: FakePeer, made: dict[str, Any], by: str = "author") -> dict[str, Any]:
    return peer.activity("Create", peer.actor(by), made, next(NUMBERS)) | {"to": [PUBLIC]}


async def announce(
    working: WorkingServer, forum: FakePeer, inner: dict[str, Any], *, by: str = "community"
) -> httpx.Response:
    """The community passes an activity on, and it is dealt with."""
    activity = forum.activity("Announce", forum.actor(by), inner, next(NUMBERS))
    activity |= {"to": [PUBLIC], "cc": [f"{forum.actor(by)}/followers"]}
    answer = await send(working, forum, activity, by=by)
    await working.settle()
    return answer


async def send(working: WorkingServer, peer: FakePeer, activity: dict[str, Any], *, by: str) -> httpx.Response:
    message = peer.sign(f"{working.server.url}/inbox", activity, by=by)
    return await working.server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))


async def home_timeline(member: Member) -> list[tuple[str, str]]:
    """Who boosts what on the home timeline, newest first; an empty name for what is no boost."""
    shown = success(await member.api.get("/api/v1/timelines/home"))
    return [
        (one["account"]["username"] if one["reblog"] else "", (one["reblog"] or one)["content"])
        for one in shown
        if one["account"]["username"] != "alice"
    ]


async def shown(member: Member, uri: str) -> dict[str, Any] | None:
    """A status as it is known here, nothing being fetched."""
    found = success(await member.api.get("/api/v2/search", params={"q": uri, "type": "statuses"}))
    return next(iter(found["statuses"]), None)


async def test_a_proven_post_shows_as_a_boost_by_the_community(
    working: WorkingServer, forum: FakePeer, home: FakePeer, alice: Member
) -> None:
    """With the author's proof nothing is fetched but the author; the post is the author's, boosted by the community."""
    made = page(home)

    answer = await announce(working, forum, home.prove(create(home, made), by="author"))

    assert answer.status_code == 202
    ((booster, content),) = await home_timeline(alice)
    assert booster == "community"
    assert "Body" in content
    assert home.asked["/users/author"] == 1
    assert not any(path.startswith("/post/") for path in home.asked)


async def test_a_post_without_a_proof_is_fetched(
    working: WorkingServer, forum: FakePeer, home: FakePeer, alice: Member
) -> None:
    """What the community says beside the id is not read, and what its author's server does not have is not shown."""
    true, absent = page(home, content="<p>True</p>"), page(home)
    serve(home, true)

    await announce(working, forum, create(home, true | {"content": "<p>Forged</p>"}))
    await announce(working, forum, create(home, absent))

    ((booster, content),) = await home_timeline(alice)
    assert booster == "community"
    assert "True" in content
    assert "Forged" not in content


@pytest.mark.parametrize("key_name", ["other", "community"])
async def test_a_forged_proof_changes_nothing(
    working: WorkingServer, forum: FakePeer, home: FakePeer, alice: Member, key_name: str
) -> None:
    """A proof with another key is as good as none."""
    await announce(working, forum, home.prove(create(home, page(home)), by="author", key_name=key_name))

    assert await home_timeline(alice) == []


async def test_what_residents_of_the_community_write_needs_no_proof(
    working: WorkingServer, forum: FakePeer, alice: Member
) -> None:
    """Their server is the community's own: it may say what they wrote."""
    await announce(working, forum, create(forum, page(forum, "resident"), "resident"))

    assert [booster for booster, _ in await home_timeline(alice)] == ["community"]


async def test_comments_hang_in_their_thread_and_are_no_boosts(
    working: WorkingServer, forum: FakePeer, home: FakePeer, alice: Member
) -> None:
    """An answer is kept below what it answers, proven or fetched, and comes to no timeline by itself."""
    post = page(home)
    proven, fetched = comment(home, post), comment(home, post)
    serve(home, fetched)
    await announce(working, forum, home.prove(create(home, post), by="author"))

    await announce(working, forum, home.prove(create(home, proven), by="author"))
    await announce(working, forum, create(home, fetched))

    assert len(await home_timeline(alice)) == 1
    status = await shown(alice, post["id"])
    assert status is not None
    context = success(await alice.api.get(f"/api/v1/statuses/{status['id']}/context"))
    assert {one["uri"] for one in context["descendants"]} == {proven["id"], fetched["id"]}


async def test_a_post_is_boosted_once(working: WorkingServer, forum: FakePeer, home: FakePeer, alice: Member) -> None:
    """Lemmy announces the Create and, for Mastodon, the post itself: one boost; a repetition is none."""
    made = page(home)
    serve(home, made)
    created = home.prove(create(home, made), by="author")

    await announce(working, forum, created)
    await announce(working, forum, created)
    activity = forum.activity("Announce", forum.actor("community"), made["id"], next(NUMBERS)) | {"to": [PUBLIC]}
    await send(working, forum, activity, by="community")
    await working.settle()

    assert len(await home_timeline(alice)) == 1


async def test_nobody_but_a_community_passes_on_what_others_do(
    working: WorkingServer, forum: FakePeer, home: FakePeer, alice: Member
) -> None:
    """A person who announces activities makes this node neither fetch nor keep nor delete, followed or not."""
    await follow(working, forum, alice, "resident")
    made = page(home)
    serve(home, made)

    await announce(working, forum, create(home, made), by="resident")
    await announce(working, forum, home.prove(create(home, made), by="author"), by="resident")

    assert await home_timeline(alice) == []
    assert not home.asked


async def test_a_community_nobody_follows_fills_nothing(
    working: WorkingServer, forum: FakePeer, home: FakePeer
) -> None:
    """What a stranger's community passes on is not fetched."""
    await working.person("bob")
    made = page(home)
    serve(home, made)

    await announce(working, forum, create(home, made))
    await announce(working, forum, home.activity("Delete", home.actor("author"), made["id"], 1))

    assert not any(path.startswith("/post/") for path in home.asked)


async def test_edits_are_proven_or_looked_up(
    working: WorkingServer, forum: FakePeer, home: FakePeer, alice: Member
) -> None:
    """An announced edit shows with its author's proof, else what the origin has; never what the community says."""
    post = page(home)
    await announce(working, forum, home.prove(create(home, post), by="author"))
    first = post | {"content": "<p>Edited once</p>", "updated": "2026-03-01T01:00:00Z"}
    second = post | {"content": "<p>Edited twice</p>", "updated": "2026-03-01T02:00:00Z"}
    update = home.activity("Update", home.actor("author"), first, next(NUMBERS))
    claim = home.activity("Update", home.actor("author"), second | {"content": "<p>Forged</p>"}, next(NUMBERS))

    contents = []
    await announce(working, forum, home.prove(update, by="author"))
    contents.append((await shown(alice, post["id"]) or {}).get("content"))
    serve(home, second)
    await announce(working, forum, claim)
    contents.append((await shown(alice, post["id"]) or {}).get("content"))

    assert ["once" in str(contents[0]), "twice" in str(contents[1])] == [True, True]


async def test_deletions_are_proven_or_looked_up(
    working: WorkingServer, forum: FakePeer, home: FakePeer, alice: Member
) -> None:
    """Proven by its author a post goes; claimed, it goes if its server has it no more, and stays if it has."""
    proven, kept, gone = page(home), page(home), page(home)
    serve(home, kept)
    for one in (proven, kept, gone):
        await announce(working, forum, home.prove(create(home, one), by="author"))
    delete = {
        one["id"]: home.activity("Delete", home.actor("author"), one["id"], next(NUMBERS))
        for one in (proven, kept, gone)
    }

    await announce(working, forum, home.prove(delete[proven["id"]], by="author"))
    await announce(working, forum, delete[kept["id"]])
    await announce(working, forum, delete[gone["id"]])

    left = [one["id"] for one in (proven, kept, gone) if await shown(alice, one["id"]) is not None]
    assert left == [kept["id"]]


async def test_moderators_remove_from_their_community_only(
    working: WorkingServer, forum: FakePeer, home: FakePeer, alice: Member
) -> None:
    """What a moderator removes loses the community's boost; the status itself is its author's and stays."""
    post = page(home)
    serve(home, post)
    await announce(working, forum, home.prove(create(home, post), by="author"))
    removal = forum.activity("Delete", forum.actor("moderator"), post["id"], next(NUMBERS))

    answer = await announce(working, forum, removal | {"summary": "Off topic"})

    assert answer.status_code == 202
    assert await home_timeline(alice) == []
    status = await shown(alice, post["id"])
    assert status is not None
    assert status["reblogs_count"] == 0


async def test_a_ban_is_from_the_community_alone(working: WorkingServer, forum: FakePeer, alice: Member) -> None:
    """Lemmy bans by a Block that names the community; the moderator, who made it, blocks nobody."""
    account = await follow(working, forum, alice, "moderator")
    banned = f"{working.server.url}/users/alice"
    ban = forum.activity("Block", forum.actor("moderator"), banned, next(NUMBERS))

    await send(working, forum, ban | {"target": forum.actor("community")}, by="moderator")
    await working.settle()

    (relation,) = success(await alice.api.get("/api/v1/accounts/relationships", params={"id[]": account}))
    assert (relation["following"], relation["blocked_by"]) == (True, False)


async def test_votes_change_nothing(working: WorkingServer, forum: FakePeer, home: FakePeer, alice: Member) -> None:
    """Likes, dislikes and their undoing are ignored by name, proven or not; so are votes in polls."""
    post = page(home)
    await announce(working, forum, home.prove(create(home, post), by="author"))
    like = home.activity("Like", home.actor("other"), post["id"], next(NUMBERS))
    undo = home.activity("Undo", home.actor("other"), like, next(NUMBERS))
    vote = page(home, "other", type="Note", name="Yes", content=None, inReplyTo=post["id"], to=[home.actor("author")])

    for inner in (like, undo, home.activity("Dislike", home.actor("other"), post["id"], next(NUMBERS))):
        assert (await announce(working, forum, home.prove(inner, by="other"))).status_code == 202
    await announce(working, forum, home.prove(create(home, vote, "other"), by="other"))

    status = await shown(alice, post["id"])
    assert status is not None
    assert (status["favourites_count"], status["replies_count"]) == (0, 0)


async def test_a_blocked_author_does_not_come_through_a_community(
    working: WorkingServer, forum: FakePeer, home: FakePeer, alice: Member
) -> None:
    """A block looks at every host in an activity, whoever passes it on (S15)."""
    await peers.set_tier(working.server.node, home.domain, Tier.BLOCKED)

    await announce(working, forum, home.prove(create(home, page(home)), by="author"))

    assert await home_timeline(alice) == []
    assert not home.asked


@pytest.mark.usefixtures("alice")
async def test_what_is_not_for_everybody_is_not_passed_on_by_a_community(
    working: WorkingServer, forum: FakePeer, home: FakePeer
) -> None:
    """A proof does not make a private post public."""
    secret = page(home, to=[f"{home.actor('author')}/followers"])

    await announce(working, forum, home.prove(create(home, secret), by="author"))

    assert await statuses.find_by_uri(working.server.node, secret["id"]) is None


async def test_a_members_post_is_boosted_by_its_community(
    working: WorkingServer, forum: FakePeer, alice: Member
) -> None:
    """What a member wrote and a community passes on is not fetched from here; the member is told of the boost."""
    status = success(await alice.api.post("/api/v1/statuses", json={"status": "For the community"}))
    activity = (
        await working.server.anonymous.get(f"{status['uri']}/activity", headers={"Accept": "application/activity+json"})
    ).json()

    await announce(working, forum, activity)

    told = success(await alice.api.get("/api/v1/notifications"))
    assert [(one["type"], one["account"]["username"]) for one in told] == [("reblog", "community")]


async def test_communities_that_pass_on_each_others_activities_start_nothing_here(
    working: WorkingServer, forum: FakePeer, home: FakePeer, alice: Member
) -> None:
    """Two that announce whatever the other announces show a post once each, and this node tells nobody anything."""
    home.add_user("circle")
    home.documents["/users/circle"]["type"] = "Group"
    await follow(working, home, alice, "circle")
    posted = success(await alice.api.post("/api/v1/statuses", json={"status": f"Hello @community@{forum.domain}"}))
    await forum.wait_for("Create")
    told = [len(peer.received) for peer in (forum, home)]
    passed_on: dict[str, Any] = {"type": "Note", "id": posted["uri"]}

    for number in range(6):
        peer, by = ((forum, "community"), (home, "circle"))[number % 2]
        about = passed_on if number > 1 else posted["uri"]
        passed_on = peer.activity("Announce", peer.actor(by), about, next(NUMBERS))
        passed_on |= {"to": [PUBLIC], "cc": [f"{peer.actor(by)}/followers"]}
        assert (await send(working, peer, passed_on, by=by)).status_code == 202
        await working.settle()
        await working.deliver_all()

    assert [len(peer.received) for peer in (forum, home)] == told
    assert (success(await alice.api.get(f"/api/v1/statuses/{posted['id']}")))["reblogs_count"] == 2
