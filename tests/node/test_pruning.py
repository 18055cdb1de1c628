"""Old statuses of others go, thread by thread, unless somebody here had to do with them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from fedorg import config
from fedorg.domain.visibility import Tier
from fedorg.errors import SettingsError
from fedorg.ids import StatusId
from fedorg.jobs import upkeep
from fedorg.services import peers
from fedorg.store import cursors, interactions, pruning
from tests.node.at_once import meanwhile
from tests.node.meeting import Meeting, meet
from tests.node.peering import PUBLIC, find_status, follow_remote
from tests.node.serving import Member, NodeServer
from tests.node.talking import post, success

OLD = datetime(2026, 1, 5, tzinfo=UTC)


async def said(meeting: Meeting, words: str, **more: object) -> str:
    """What Fred said long ago; its address."""
    note = {
        "id": f"{meeting.peer.url}/notes/{words}",
        "type": "Note",
        "attributedTo": meeting.peer.actor("fred"),
        "content": f"<p>{words}</p>",
        "published": OLD.isoformat(),
        "to": [PUBLIC],
        "cc": [f"{meeting.peer.actor('fred')}/followers"],
        **more,
    }
    meeting.peer.documents[f"/notes/{words}"] = {"@context": "https://www.w3.org/ns/activitystreams", **note}
    await meeting.say("Create", "fred", note)
    return str(note["id"])


async def known(member: Member, uri: str) -> dict[str, Any] | None:
    """The status as far as the node has it; nothing is fetched."""
    found = success(await member.api.get("/api/v2/search", params={"q": uri, "type": "statuses"}))["statuses"]
    return next(iter(found), None)


def wait(meeting: Meeting, days: int = 181) -> None:
    """Half a year goes by."""
    meeting.server.clock.advance(timedelta(days=days))


@pytest.fixture
async def anna(meeting: Meeting) -> Member:
    """Somebody who follows Fred of the peer."""
    member = await meeting.working.person("anna")
    meeting.add("fred")
    await follow_remote(meeting.working, member, meeting.peer, "fred")
    return member


async def test_old_threads_of_others_go_and_those_that_matter_here_stay(meeting: Meeting, anna: Member) -> None:
    """A favourite, a bookmark, an answer, a mention or a boost by somebody here holds a whole thread.

    A boost by somebody there does as long as it is new.
    """
    alone, boosted = await said(meeting, "alone"), await said(meeting, "boosted")
    await meeting.say("Announce", "fred", alone, to=[PUBLIC])
    answered_there = await said(meeting, "answered", inReplyTo=alone)
    held = {name: await said(meeting, name) for name in ("favourite", "bookmark", "reblog")}
    for action, uri in held.items():
        status = await known(anna, uri)
        assert status is not None
        success(await anna.api.post(f"/api/v1/statuses/{status['id']}/{action}"))
    begun = await said(meeting, "begun")
    below = await said(meeting, "below", inReplyTo=begun)
    status = await known(anna, below)
    assert status is not None
    await post(anna, "An answer", in_reply_to_id=status["id"])
    named = await said(
        meeting, "named", tag=[{"type": "Mention", "href": meeting.actor(anna)}], cc=[meeting.actor(anna)]
    )
    await upkeep.keep_up(meeting.node)
    assert await known(anna, alone) is not None, "what has only just come is not taken away, however old it is"
    wait(meeting)
    new = await said(meeting, "new", published=meeting.server.clock().isoformat())
    late = await said(meeting, "late")
    await meeting.say("Announce", "fred", boosted, to=[PUBLIC])
    await upkeep.keep_up(meeting.node)

    assert [await known(anna, uri) for uri in (alone, answered_there)] == [None, None]
    assert all(
        [await known(anna, uri) is not None for uri in (*held.values(), begun, below, named, new, late, boosted)]
    )
    assert await find_status(anna, alone) is not None, "it is fetched again when somebody wants it"


async def test_what_siblings_said_stays(meeting: Meeting, anna: Member) -> None:
    """It is the memory of the organisation, as long as they are a part of it."""
    uri = await said(meeting, "ours")
    await peers.set_tier(meeting.node, meeting.peer.domain, Tier.SIBLING)
    wait(meeting)
    await upkeep.keep_up(meeting.node)
    assert await known(anna, uri) is not None
    await peers.set_tier(meeting.node, meeting.peer.domain, Tier.OPEN)
    await upkeep.keep_up(meeting.node)
    assert await known(anna, uri) is None


async def test_upkeep_goes_on_where_it_ended(node_server: NodeServer) -> None:
    """Step by step over all of them, and from the beginning after the last."""
    async with meet(node_server) as meeting:
        anna = await meeting.working.person("anna")
        meeting.add("fred")
        await follow_remote(meeting.working, anna, meeting.peer, "fred")
        held = await said(meeting, "held")
        status = await known(anna, held)
        assert status is not None
        success(await anna.api.post(f"/api/v1/statuses/{status['id']}/bookmark"))
        for number in range(4):
            await said(meeting, f"step{number}")
    # No worker keeps up beside it any more; wherever it came to, it begins anew.
    await meeting.node.write(cursors.go_to, pruning.CURSOR, 0)
    wait(meeting)
    before = meeting.node.now() - timedelta(days=180)
    looked_at, forgotten = [], 0
    for _ in range(6):
        step = await meeting.node.read(pruning.look, before, 2, ())
        ids = await meeting.node.read(pruning.list_statuses, step.threads, 0, 2)
        count, is_more = await meeting.node.write(pruning.forget, before, ids, 2, reported_from=meeting.node.now())
        assert not is_more
        forgotten += count
        await meeting.node.write(cursors.go_to, pruning.CURSOR, step.then)
        looked_at.append(step.looked_at)

    assert looked_at == [2, 2, 1, 1, 1, 1]
    assert forgotten == 4
    assert await known(anna, held) is not None


async def test_what_is_reported_just_before_it_would_go_stays(meeting: Meeting, anna: Member) -> None:
    """Upkeep has looked already at what is reported; what came since is asked about once more."""
    uri = await said(meeting, "spam")
    status = await known(anna, uri)
    assert status is not None
    wait(meeting)
    before, looked_at = meeting.node.now() - timedelta(days=180), meeting.node.now()
    about = {"account_id": status["account"]["id"], "status_ids[]": status["id"]}
    success(await anna.api.post("/api/v1/reports", data=about))

    ids = [int(status["id"])]
    assert await meeting.node.write(pruning.forget, before, ids, 2, reported_from=looked_at) == (0, False)
    assert await known(anna, uri) is not None


async def test_what_is_bookmarked_just_as_it_would_go_stays(meeting: Meeting, anna: Member) -> None:
    """Whoever takes something up at the moment it is to be forgotten keeps it."""
    uri = await said(meeting, "dear")
    status = await known(anna, uri)
    assert status is not None
    node, by, status_id = meeting.node, anna.user.account_id, StatusId(int(status["id"]))
    await meeting.working.rest()
    wait(meeting)

    def bookmark(conn: Connection) -> None:
        number, now = node.ids.next(), node.now()
        interactions.insert_bookmark(conn, bookmark_id=number, account_id=by, status_id=status_id, now=now)

    await meanwhile(node, bookmark, upkeep.keep_up(node))

    assert [one["uri"] for one in success(await anna.api.get("/api/v1/bookmarks"))] == [uri]


def test_less_than_a_month_is_a_mistake() -> None:
    """Zero days is for ever."""
    with pytest.raises(SettingsError, match="between 30 and"):
        config.from_mapping({"remote_status_days": 7})
    assert config.from_mapping({"remote_status_days": 0}).remote_status_days == 0
