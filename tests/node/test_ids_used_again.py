"""Servers that give several activities one id: each is heard, and a repetition changes nothing all the same (S11).

Misskey, PeerTube and Pixelfed name a follow by its two ends. Friendica calls each edit of a post the same; in Hubzilla,
Streams and Mobilizon an edit has the id of the ``Create``, in WriteFreely edits and deletions have that of the post.
"""

from datetime import timedelta
from typing import Any, Final

import pytest

from tests.node.meeting import Meeting
from tests.node.peering import PUBLIC
from tests.node.serving import Member
from tests.node.talking import entities, entity, success

Json = dict[str, Any]
SECOND: Final = timedelta(seconds=1)


@pytest.fixture
async def anna(meeting: Meeting) -> Member:
    """A member of the node; the peer has the user fred."""
    meeting.add("fred")
    return await meeting.working.person("anna")


async def say(meeting: Meeting, activity: Json) -> None:
    """Fred says it, a second after what he said before."""
    meeting.server.clock.advance(SECOND)
    await meeting.deliver(activity, "fred")


async def followers(anna: Member) -> list[str]:
    found = entities(await anna.api.get(f"/api/v1/accounts/{anna.id}/followers"), "Account")
    return [one["username"] for one in found]


def misskey_follow(meeting: Meeting, anna: Member) -> Json:
    return {
        "id": f"{meeting.peer.url}/follows/1/2",
        "type": "Follow",
        "actor": meeting.peer.actor("fred"),
        "object": meeting.actor(anna),
    }


def undone(done: Json) -> Json:
    return {"id": f"{done['id']}/undo", "type": "Undo", "actor": done["actor"], "object": done}


async def test_whoever_left_may_follow_again_by_the_same_id(meeting: Meeting, anna: Member) -> None:
    """Again and again; what is asked once more while it stands counts once."""
    follow = misskey_follow(meeting, anna)

    for _ in range(3):
        await say(meeting, follow)
        assert await followers(anna) == ["fred"]
        await say(meeting, undone(follow))
        assert await followers(anna) == []
    await say(meeting, follow)
    await say(meeting, follow)
    await meeting.working.deliver_all()

    assert await followers(anna) == ["fred"]
    answers = [one["object"]["id"] for one in meeting.peer.received if one["type"] == "Accept"]
    assert answers == [follow["id"]] * 4


async def test_whoever_was_turned_away_may_ask_again_by_the_same_id(meeting: Meeting, anna: Member) -> None:
    """After a block, which the other server answers by the end of the follow, and after a refusal."""
    follow = misskey_follow(meeting, anna)
    await say(meeting, follow)
    account = (await meeting.find(anna, "fred"))["id"]
    for done in ("block", "unblock"):
        success(await anna.api.post(f"/api/v1/accounts/{account}/{done}"))
        await say(meeting, undone(follow))

    await say(meeting, follow)
    assert await followers(anna) == ["fred"]

    success(await anna.api.post(f"/api/v1/accounts/{account}/remove_from_followers"))
    await say(meeting, follow)
    assert await followers(anna) == ["fred"]


async def test_the_end_of_a_follow_that_overtakes_it_still_ends_it(meeting: Meeting, anna: Member) -> None:
    """It is named as what came before, but never came."""
    follow = misskey_follow(meeting, anna)

    await say(meeting, undone(follow))
    await say(meeting, follow)

    assert await followers(anna) == []


@pytest.mark.parametrize("software", ["friendica", "hubzilla", "writefreely"])
async def test_every_edit_and_the_deletion_are_heard(meeting: Meeting, anna: Member, software: str) -> None:
    """Each edit counts, none of them twice, and the post goes when it was deleted."""
    fred = meeting.peer.actor("fred")
    post = f"{meeting.peer.url}/objects/1"
    ids = {
        "friendica": (f"{post}/Create", f"{post}/Update", f"{post}/Delete"),
        "hubzilla": (f"{post}/activity", f"{post}/activity", f"{post}/activity#delete"),
        "writefreely": (post, post, post),
    }[software]

    def about(kind: str, identity: str, content: str) -> Json:
        note = {
            "id": post, "type": "Note", "attributedTo": fred, "content": content,
            "published": "2026-01-01T00:00:00Z", "to": [PUBLIC], "cc": [meeting.actor(anna)],
        }  # fmt: skip
        return {"id": identity, "type": kind, "actor": fred, "object": note, "to": note["to"], "cc": note["cc"]}

    create, update, delete = ids
    await say(meeting, about("Create", create, "<p>One</p>"))
    (status,) = success(await anna.api.get("/api/v2/search", params={"q": post, "type": "statuses"}))["statuses"]
    path = f"/api/v1/statuses/{status['id']}"

    for content in ("<p>Two</p>", "<p>Three</p>"):
        for _ in range(2):
            await say(meeting, about("Update", update, content))
        assert entity(await anna.api.get(path), "Status")["content"] == content
    assert len(success(await anna.api.get(f"{path}/history"))) == 3
    await say(meeting, about("Create", create, "<p>One</p>"))
    await say(meeting, about("Update", update, "<p>Two</p>"))
    assert entity(await anna.api.get(path), "Status")["content"] == "<p>Three</p>"

    await say(meeting, about("Delete", delete, "<p>Three</p>"))
    assert (await anna.api.get(path)).status_code == 404
