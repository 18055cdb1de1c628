"""Who got a status through the boost of a member here hears of its edit and its end, wherever it was written."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from tests.node.fake_peer import FakePeer, running_peer
from tests.node.meeting import Meeting
from tests.node.peering import be_followed, deliver, find_status
from tests.node.serving import Member
from tests.node.talking import entity, success


@pytest.fixture
async def bert(meeting: Meeting) -> Member:
    """A member who boosts, and whom fred of the peer follows."""
    meeting.add("fred")
    member = await meeting.working.person("bert")
    await be_followed(meeting.working, meeting.peer, "fred", member)
    return member


@pytest.fixture
async def elsewhere() -> AsyncIterator[FakePeer]:
    """Where olga writes, whom nobody here follows."""
    async with running_peer() as running:
        running.add_user("olga")
        yield running


def told(peer: FakePeer, kind: str, words: str) -> list[str]:
    """The actors of the activities of a type that name something."""
    return [one["actor"] for one in peer.received if one["type"] == kind and words in str(one["object"])]


@pytest.mark.parametrize("is_taken_back", [False, True])
async def test_what_a_neighbour_boosted_is_edited_and_ended_where_the_boost_went(
    meeting: Meeting, bert: Member, *, is_taken_back: bool
) -> None:
    """They fetched the status because of the boost: they still have it when the boost was taken back meanwhile."""
    anna = await meeting.working.person("anna")
    peer, author = meeting.peer, meeting.actor(anna)
    status = entity(await anna.api.post("/api/v1/statuses", json={"status": "Fire drill"}), "Status")
    success(await bert.api.post(f"/api/v1/statuses/{status['id']}/reblog"))
    await peer.wait_for("Announce", status["uri"])
    if is_taken_back:
        success(await bert.api.post(f"/api/v1/statuses/{status['id']}/unreblog"))
        await peer.wait_for("Undo", status["uri"])

    success(await anna.api.put(f"/api/v1/statuses/{status['id']}", json={"status": "Fire drill at noon"}))
    await peer.wait_for("Update", "Fire drill at noon")
    success(await anna.api.delete(f"/api/v1/statuses/{status['id']}"))
    await peer.wait_for("Delete", status["uri"])

    assert told(peer, "Create", status["uri"]) == []
    assert (told(peer, "Update", status["uri"]), told(peer, "Delete", status["uri"])) == ([author], [author])
    assert len(told(peer, "Undo", status["uri"])) == is_taken_back


async def test_a_boost_ends_with_what_was_boosted(meeting: Meeting, bert: Member, elsewhere: FakePeer) -> None:
    """A status of a third server is gone: its author's word is passed on, and the boost is taken back as well."""
    peer, olga = meeting.peer, elsewhere.actor("olga")
    uri = f"{elsewhere.url}/notes/1"
    elsewhere.documents["/notes/1"] = {
        "id": uri, "type": "Note", "attributedTo": olga, "content": "<p>Hello</p>", "to": ["as:Public"],
    }  # fmt: skip
    found = await find_status(bert, uri)
    assert found is not None
    success(await bert.api.post(f"/api/v1/statuses/{found['id']}/reblog"))
    announce = await peer.wait_for("Announce", uri)

    delete = elsewhere.prove(elsewhere.activity("Delete", olga, uri, 7), by="olga")
    await deliver(meeting.server, elsewhere, delete, by="olga")
    undo = await peer.wait_for("Undo", uri)
    passed_on = await peer.wait_for("Delete", uri)
    await meeting.working.settle()
    await meeting.working.deliver_all()

    assert (passed_on["actor"], passed_on["proof"]["verificationMethod"]) == (olga, f"{olga}#ed25519-key")
    assert told(peer, "Undo", uri) == [meeting.actor(bert)]
    # BookWyrm refuses a boost, and its end, that does not say when it was made.
    made_at, undone_at = (datetime.fromisoformat(one["published"]) for one in (announce, undo["object"]))
    assert abs(made_at - undone_at) < timedelta(seconds=1)
    assert told(peer, "Delete", uri) == [olga]
    # Her own server, which heard of the boost, hears nothing of this from here.
    assert told(elsewhere, "Delete", uri) == []
