"""What people on two nodes see of each other: every kind of activity, in both directions, over real sockets."""

import json
from itertools import count
from typing import Any

import pytest

import fedorg
from tests.fediverse.conftest import Fediverse
from tests.fediverse.nodes import Member, wait_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = count(1)
DOCUMENT = {"Accept": "application/activity+json"}


def unique(words: str) -> str:
    """Words that stand in no other status of this run."""
    return f"{words} no {next(NUMBERS)}."


async def post(author: Member, words: str, **more: str) -> dict[str, Any]:
    status: dict[str, Any] = await author.post("/api/v1/statuses", {"status": words, **more})
    return status


async def relationship(member: Member, target: str) -> dict[str, Any]:
    (found,) = await member.get("/api/v1/accounts/relationships", {"id[]": target})
    return dict(found)


async def wait_until(member: Member, path: str, **expected: object) -> dict[str, Any]:
    """The JSON at a path, once its members are as expected."""

    async def look() -> dict[str, Any] | None:
        found = await member.get(path)
        return found if all(found[name] == value for name, value in expected.items()) else None

    return await wait_for(look, f"{expected} at {path}")


async def notification(member: Member, kind: str, words: str = "") -> dict[str, Any]:
    """The notification of a kind about a status with these words."""

    async def look() -> dict[str, Any] | None:
        found = await member.get("/api/v1/notifications", {"types[]": kind})
        about = (one for one in found if not words or words in (one.get("status") or {}).get("content", ""))
        return next(about, None)

    return await wait_for(look, f"a {kind} notification for {member.handle}")


async def test_a_follow_is_accepted_and_counted_on_both_nodes(fediverse: Fediverse) -> None:
    """After the Accept the follower follows, and both nodes count one more."""
    alice, bella = fediverse.alice, fediverse.bella

    target = await bella.follow(alice)

    here = await alice.get("/api/v1/accounts/verify_credentials")
    there = await bella.get(f"/api/v1/accounts/{target}")
    assert here["followers_count"] >= 1
    assert there["followers_count"] >= 1
    assert (await notification(alice, "follow"))["account"]["acct"].endswith(fediverse.b.domain)
    await bella.post(f"/api/v1/accounts/{target}/unfollow")
    await fediverse.settle()
    followers = await alice.get(f"/api/v1/accounts/{here['id']}/followers")
    assert bella.handle.removeprefix("@") not in [account["acct"] for account in followers]


async def test_each_node_learns_what_the_other_runs(fediverse: Fediverse) -> None:
    """Whoever was met is asked for its NodeInfo a little later; ``peer show`` tells administrators."""
    await post(fediverse.bob, unique(f"{fediverse.alice.handle} hello"))
    await fediverse.settle()

    async def look() -> str | None:
        shown = json.loads(await fediverse.a.command("peer", "show", fediverse.b.domain, "--json"))
        return shown["software"] or None

    assert await wait_for(look, "what the other runs", every=1.0) == f"fedorg {fedorg.__version__}"


async def test_a_follower_on_another_node_reads_the_status(fediverse: Fediverse) -> None:
    """A status reaches the home timeline of a follower on another node, escaped once."""
    alice, bob = fediverse.alice, fediverse.bob
    await bob.follow(alice)
    words = unique("Minutes are out")

    await post(alice, f"{words} <b>", spoiler_text="minutes", language="de")

    status = await bob.home_status(words)
    assert status["content"] == f"<p>{words} &lt;b&gt;</p>"
    assert (status["spoiler_text"], status["sensitive"], status["language"]) == ("minutes", True, "de")
    assert (status["visibility"], status["reach"]) == ("public", "public")
    assert status["account"]["acct"] == alice.handle.removeprefix("@")


async def test_a_reply_notifies_the_one_who_is_answered(fediverse: Fediverse) -> None:
    """A reply from another node is a mention, and hangs below what it answers on both nodes."""
    alice, bob = fediverse.alice, fediverse.bob
    await bob.follow(alice)
    asked, answered = unique("Who comes"), unique("I do")
    original = await post(alice, asked)
    seen = await bob.home_status(asked)

    await post(bob, f"{alice.handle} {answered}", in_reply_to_id=seen["id"])

    told = await notification(alice, "mention", answered)
    assert told["status"]["in_reply_to_id"] == original["id"]
    assert [mention["acct"] for mention in told["status"]["mentions"]] == ["alice"]
    context = await alice.get(f"/api/v1/statuses/{original['id']}/context")
    assert [status["id"] for status in context["descendants"]] == [told["status"]["id"]]


async def test_a_mention_reaches_somebody_who_follows_nobody(fediverse: Fediverse) -> None:
    """Naming somebody by handle is enough to reach them."""
    words = unique("Have you seen this")

    await post(fediverse.alice, f"{fediverse.bella.handle} {words}")

    assert (await notification(fediverse.bella, "mention", words))["account"]["username"] == "alice"


async def test_a_favourite_travels_and_is_taken_back(fediverse: Fediverse) -> None:
    """The author's node counts the favourite of another node, tells the author, and forgets it when it is undone."""
    alice, bob = fediverse.alice, fediverse.bob
    await bob.follow(alice)
    words = unique("Like this")
    original = await post(alice, words)
    seen = await bob.home_status(words)

    await bob.post(f"/api/v1/statuses/{seen['id']}/favourite")
    await wait_until(alice, f"/api/v1/statuses/{original['id']}", favourites_count=1)
    await notification(alice, "favourite", words)

    await bob.post(f"/api/v1/statuses/{seen['id']}/unfavourite")
    await wait_until(alice, f"/api/v1/statuses/{original['id']}", favourites_count=0)


async def test_a_reblog_travels_and_is_taken_back(fediverse: Fediverse) -> None:
    """A boost is counted and told at the author's node, and gone after it is undone."""
    alice, bob = fediverse.alice, fediverse.bob
    await bob.follow(alice)
    words = unique("Pass this on")
    original = await post(alice, words)
    seen = await bob.home_status(words)

    await bob.post(f"/api/v1/statuses/{seen['id']}/reblog")
    await wait_until(alice, f"/api/v1/statuses/{original['id']}", reblogs_count=1)
    await notification(alice, "reblog", words)

    await bob.post(f"/api/v1/statuses/{seen['id']}/unreblog")
    await wait_until(alice, f"/api/v1/statuses/{original['id']}", reblogs_count=0)


async def test_an_edit_replaces_what_the_other_node_shows(fediverse: Fediverse) -> None:
    """After an edit the other node shows the new text, and both versions."""
    alice, bob = fediverse.alice, fediverse.bob
    await bob.follow(alice)
    before, after = unique("Meeting at nine"), unique("Meeting at ten")
    original = await post(alice, before)
    seen = await bob.home_status(before)

    answer = await alice.http.put(f"/api/v1/statuses/{original['id']}", data={"status": after})

    assert answer.status_code == 200
    changed = await wait_until(bob, f"/api/v1/statuses/{seen['id']}", content=f"<p>{after}</p>")
    assert changed["edited_at"] is not None
    history = await bob.get(f"/api/v1/statuses/{seen['id']}/history")
    assert [version["content"] for version in history] == [f"<p>{before}</p>", f"<p>{after}</p>"]


async def test_a_deleted_status_is_gone_on_the_other_node(fediverse: Fediverse) -> None:
    """A deletion reaches every node that was sent the status."""
    alice, bob = fediverse.alice, fediverse.bob
    await bob.follow(alice)
    words = unique("Forget this")
    original = await post(alice, words)
    seen = await bob.home_status(words)

    await alice.http.delete(f"/api/v1/statuses/{original['id']}")

    async def gone() -> bool | None:
        return (await bob.http.get(f"/api/v1/statuses/{seen['id']}")).status_code == 404 or None

    await wait_for(gone, "the status to be gone")
    assert not any(words in content for content in await bob.home())


async def test_a_private_status_is_for_followers_only(fediverse: Fediverse) -> None:
    """A follower reads it; another member of the same node, and the world, do not."""
    alice, bob, bella = fediverse.alice, fediverse.bob, fediverse.bella
    await bob.follow(alice)
    words = unique("Among us")

    original = await post(alice, words, visibility="private")

    seen = await bob.home_status(words)
    assert seen["visibility"] == "private"
    assert (await bella.http.get(f"/api/v1/statuses/{seen['id']}")).status_code == 404
    assert (await bella.get("/api/v2/search", {"q": original["uri"], "resolve": "true"}))["statuses"] == []


async def test_a_direct_status_is_for_its_addressee_only(fediverse: Fediverse) -> None:
    """Who is named reads it; a follower on the same node does not, and no timeline shows it."""
    alice, bob, bella = fediverse.alice, fediverse.bob, fediverse.bella
    await bob.follow(alice)
    words = unique("For your eyes")

    await post(alice, f"{bella.handle} {words}", visibility="direct")

    told = await notification(bella, "mention", words)
    assert told["status"]["visibility"] == "direct"
    assert (await bob.http.get(f"/api/v1/statuses/{told['status']['id']}")).status_code == 404
    assert not any(words in content for content in await bob.home())


async def test_a_conversation_goes_on_on_both_nodes(fediverse: Fediverse) -> None:
    """Each has it in their own list with the other one in it; what the other says last is unread."""
    alice, bella = fediverse.alice, fediverse.bella
    asked, answered = unique("How are you"), unique("Fine")

    async def shown(member: Member, words: str) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            found = await member.get("/api/v1/conversations")
            return next((one for one in found if words in one["last_status"]["content"]), None)

        return await wait_for(look, f"a conversation with {words!r} for {member.handle}")

    await post(alice, f"{bella.handle} {asked}", visibility="direct")
    begun = await shown(bella, asked)
    await post(bella, f"{alice.handle} {answered}", visibility="direct", in_reply_to_id=begun["last_status"]["id"])

    at_alice, at_bella = await shown(alice, answered), await shown(bella, answered)
    assert [f"@{one['acct']}" for one in at_alice["accounts"]] == [bella.handle]
    assert [f"@{one['acct']}" for one in at_bella["accounts"]] == [alice.handle]
    assert (at_alice["unread"], at_bella["unread"]) == (True, False)
    assert at_bella["id"] == begun["id"]


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_what_is_not_public_cannot_be_told_from_what_is_not_there(fediverse: Fediverse, visibility: str) -> None:
    """An unsigned fetch of a hidden status is answered byte for byte like one of a status that never was (S47)."""
    status = await post(fediverse.alice, f"{fediverse.bob.handle} {unique('Hidden')}", visibility=visibility)

    async with fediverse.a.http(**DOCUMENT) as http:
        for suffix in ("", "/activity", "/replies"):
            hidden = await http.get(f"/users/alice/statuses/{status['id']}{suffix}")
            absent = await http.get(f"/users/alice/statuses/{int(status['id']) + 1}{suffix}")
            headers = [
                {name: value for name, value in answer.headers.items() if name != "date"} for answer in (hidden, absent)
            ]
            assert (hidden.status_code, hidden.content, headers[0]) == (404, absent.content, headers[1])


async def test_a_narrower_reach_does_not_leave_for_an_open_peer(fediverse: Fediverse) -> None:
    """A follower on a server outside the organisation gets what is public, and nothing of what is not."""
    alice, bob = fediverse.alice, fediverse.bob
    await bob.follow(alice)
    inside, outside = unique("Inside"), unique("Outside")

    limited = await post(alice, inside, reach="organisation")
    await post(alice, outside)

    await bob.home_status(outside)
    await fediverse.settle()
    assert not any(inside in content for content in await bob.home())
    assert (await bob.get("/api/v2/search", {"q": limited["uri"], "resolve": "true"}))["statuses"] == []


async def test_a_locked_account_decides_about_each_request(fediverse: Fediverse) -> None:
    """A request waits for the one who is asked: it counts after it is authorised, and is gone after it is refused."""
    anton, bob, bella = fediverse.anton, fediverse.bob, fediverse.bella
    ids = {member.username: await member.find(anton) for member in (bob, bella)}
    for member in (bob, bella):
        await member.post(f"/api/v1/accounts/{ids[member.username]}/follow")
        assert (await relationship(member, ids[member.username]))["requested"]

    async def requests() -> dict[str, str] | None:
        found = await anton.get("/api/v1/follow_requests")
        return {account["username"]: account["id"] for account in found} if len(found) == 2 else None

    waiting = await wait_for(requests, "two follow requests")
    await anton.post(f"/api/v1/follow_requests/{waiting['bob']}/authorize")
    await anton.post(f"/api/v1/follow_requests/{waiting['bella']}/reject")
    await fediverse.settle()

    assert (await relationship(bob, ids["bob"]))["following"]
    refused = await relationship(bella, ids["bella"])
    assert (refused["following"], refused["requested"]) == (False, False)


async def test_a_changed_profile_reaches_the_nodes_of_followers(fediverse: Fediverse) -> None:
    """A new name and a new note are shown elsewhere without anybody asking."""
    alice, bob = fediverse.alice, fediverse.bob
    target = await bob.follow(alice)
    name = unique("Alice")

    await alice.http.patch("/api/v1/accounts/update_credentials", data={"display_name": name, "note": "I <3 minutes"})

    shown = await wait_until(bob, f"/api/v1/accounts/{target}", display_name=name)
    assert shown["note"] == "<p>I &lt;3 minutes</p>"


async def test_a_block_ends_the_follow_on_the_other_node(fediverse: Fediverse) -> None:
    """Who is blocked no longer follows, and cannot again."""
    alice, bella = fediverse.alice, fediverse.bella
    target = await bella.follow(alice)
    blocked = await alice.find(bella)

    await alice.post(f"/api/v1/accounts/{blocked}/block")

    async def severed() -> bool | None:
        return not (await relationship(bella, target))["following"] or None

    await wait_for(severed, "the follow to end")
    await alice.post(f"/api/v1/accounts/{blocked}/unblock")
    await fediverse.settle()


async def test_two_nodes_speak_over_tls(secure_fediverse: Fediverse) -> None:
    """Everything above rests on signatures over https as well: a follow, a status, and an answer."""
    alice, bob = secure_fediverse.alice, secure_fediverse.bob
    await bob.follow(alice)
    words, answer = unique("Encrypted"), unique("Understood")

    await post(alice, words)
    seen = await bob.home_status(words)
    await post(bob, f"{alice.handle} {answer}", in_reply_to_id=seen["id"])

    await notification(alice, "mention", answer)
    assert seen["uri"].startswith("https://")


async def test_two_nodes_on_postgresql(postgresql_fediverse: Fediverse) -> None:
    """The same on the other engine: a follow, a status, its edit, a boost, and its end."""
    alice, bob = postgresql_fediverse.alice, postgresql_fediverse.bob
    await bob.follow(alice)
    before, after = unique("Draft"), unique("Final")
    original = await post(alice, before)
    seen = await bob.home_status(before)

    await alice.http.put(f"/api/v1/statuses/{original['id']}", data={"status": after})
    await wait_until(bob, f"/api/v1/statuses/{seen['id']}", content=f"<p>{after}</p>")
    await bob.post(f"/api/v1/statuses/{seen['id']}/reblog")
    await wait_until(alice, f"/api/v1/statuses/{original['id']}", reblogs_count=1)
    await alice.http.delete(f"/api/v1/statuses/{original['id']}")

    await postgresql_fediverse.settle()
    assert (await bob.http.get(f"/api/v1/statuses/{seen['id']}")).status_code == 404
