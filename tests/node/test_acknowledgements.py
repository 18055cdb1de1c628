"""Announcements that each member is asked to acknowledge, here and over the nodes of an organisation."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from federation.node_actor import APPLICATION_REL
from fedorg.domain.announcements import Announcement
from fedorg.domain.visibility import Tier
from fedorg.errors import Invalid
from fedorg.jobs import upkeep
from fedorg.services import acknowledging, announcements, peers
from fedorg.store import announcements as stored
from fedorg.web.site.done import Done
from tests.node.meeting import Meeting, meet
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, entities, listening, refusal, success

ANNOUNCEMENTS = "/api/v1/announcements"
ACKNOWLEDGE = "/api/fedorg/v1/announcements"


async def announce(server: NodeServer, words: str, **choices: bool) -> Announcement:
    when = {"starts_at": None, "ends_at": None, "all_day": False}
    return await announcements.publish(server.node, words, **when, **choices)  # type: ignore[arg-type] # two kinds of options


async def shown(viewer: Member, **params: str) -> list[Any]:
    return entities(await viewer.api.get(ANNOUNCEMENTS, params=params), "Announcement")


@pytest.fixture
async def siblings(serve: Callable[..., Awaitable[NodeServer]]) -> AsyncIterator[Meeting]:
    """A node and another of its organisation, whose node actor is ``sibling``."""
    server = await serve(federation_mode="partners", default_reach="organisation")
    async with meet(server) as meeting:
        await peers.set_tier(meeting.node, meeting.peer.domain, Tier.SIBLING)
        speaker = {"rel": APPLICATION_REL, "href": meeting.add("sibling", type="Application")}
        meeting.peer.documents["/.well-known/nodeinfo"] = {"links": [speaker]}
        meeting.peer.content_types["/.well-known/nodeinfo"] = "application/json"
        yield meeting


def told(meeting: Meeting, words: str, **more: object) -> dict[str, Any]:
    """What the sibling announces."""
    return {
        "id": f"{meeting.peer.url}/announcements/1",
        "type": "Announcement",
        "attributedTo": meeting.peer.actor("sibling"),
        "mediaType": "text/plain",
        "content": words,
        "needsAcknowledgement": True,
        **more,
    }


async def test_what_asks_for_an_answer_stays_until_it_has_one(working: WorkingServer) -> None:
    """Dismissing is not enough, since clients do so by themselves; a button, a reaction or the page is."""
    anna, bert, cora = [await working.person(name) for name in ("anna", "bert", "cora")]
    plain = await announce(working.server, "The canteen is closed")
    alarm = await announce(working.server, "The alarm <sounds>", needs_acknowledgement=True)
    for one in (plain, alarm):
        success(await anna.api.post(f"{ANNOUNCEMENTS}/{one.id}/dismiss"))

    (left,) = await shown(anna)
    assert (left["id"], left["read"], left["acknowledged"], left["needs_acknowledgement"]) == (
        str(alarm.id), False, False, True
    )  # fmt: skip
    assert f'href="{working.server.url}/announcements/{alarm.id}"' in left["content"]
    success(await anna.api.post(f"{ACKNOWLEDGE}/{alarm.id}/acknowledge"))
    answer = success(await anna.api.post(f"{ACKNOWLEDGE}/{alarm.id}/acknowledge"))
    assert (answer["acknowledged"], answer["acknowledgements"], answer["read"]) == (True, 1, True)
    assert "say that you know" not in answer["content"]
    assert await shown(anna) == []
    success(await bert.api.put(f"{ANNOUNCEMENTS}/{alarm.id}/reactions/✅"))
    success(await bert.api.put(f"{ANNOUNCEMENTS}/{plain.id}/reactions/✅"))
    standing = await acknowledging.get_standing(working.server.node, alarm.id)
    assert [(one.peer, one.acknowledged_count, one.members_count) for one in standing.tallies] == [(None, 2, 3)]
    assert standing.missing == ("cora",)
    assert (await acknowledging.get_standing(working.server.node, plain.id)).missing == ()

    browser = await working.server.browser()
    await browser.sign_in("cora")
    page = await browser.open(f"/announcements/{alarm.id}")
    assert "&lt;sounds&gt;" in page.text
    assert (await browser.submit(page, f"/announcements/{alarm.id}/acknowledge")).status_code == 303
    assert await browser.said_once(f"/announcements/{alarm.id}") == Done.SAVED
    assert "2 others here" in (await browser.open("/announcements")).text
    assert [one["acknowledgements"] for one in await shown(cora, with_dismissed="true")] == [0, 3]
    await announcements.set_shown(working.server.node, alarm.id, shown=False)
    assert refusal(await anna.api.post(f"{ACKNOWLEDGE}/{alarm.id}/acknowledge"), 404) == "Record not found"
    assert (await working.server.anonymous.post(f"{ACKNOWLEDGE}/{plain.id}/acknowledge")).status_code == 401


async def test_the_page_begins_with_what_is_to_be_answered_and_with_the_latest(working: WorkingServer) -> None:
    """Whoever opens it sees what is new, however much was announced before that never ends."""
    await working.person("anna")
    browser = await working.server.browser()
    await browser.sign_in("anna")
    alarm = await announce(working.server, "Alarm", needs_acknowledgement=True)
    for words in ("Canteen", "Lift"):
        working.server.clock.advance(timedelta(hours=1))
        await announce(working.server, words)

    async def order() -> list[str]:
        return re.findall("Alarm|Canteen|Lift", (await browser.open("/announcements")).text)

    assert await order() == ["Alarm", "Lift", "Canteen"]
    page = await browser.open("/announcements")
    await browser.submit(page, f"/announcements/{alarm.id}/acknowledge")
    assert await order() == ["Lift", "Canteen", "Alarm"]


async def test_the_organisation_is_told_and_answers_in_numbers(siblings: Meeting) -> None:
    """By the node's actor to each sibling's shared inbox; what comes back has no names, and counts once for a node."""
    await siblings.working.person("anna")
    alarm = await announce(siblings.server, "Alarm", needs_acknowledgement=True, for_organisation=True)
    uri = siblings.node.uris.announcement(alarm.id)
    sent = await siblings.peer.wait_for("Update", uri)
    assert (sent["actor"], sent["object"]["content"]) == (siblings.node.uris.node_actor, "Alarm")
    assert sent["object"]["needsAcknowledgement"] is True
    for number in (3, 4):
        known = {
            "id": f"{siblings.peer.url}/counts/{number}",
            "type": "Acknowledgement",
            "attributedTo": siblings.peer.actor("sibling"),
            "inReplyTo": uri,
            "acknowledgedCount": number,
            "membersCount": 12,
        }
        await siblings.say("Create", "sibling", known)

    standing = await acknowledging.get_standing(siblings.node, alarm.id)
    assert [(one.peer, one.acknowledged_count, one.members_count) for one in standing.tallies] == [
        (None, 0, 1),
        (siblings.peer.domain, 4, 12),
    ]
    await announcements.delete(siblings.node, alarm.id)
    assert (await siblings.peer.wait_for("Delete", uri))["object"]["id"] == uri
    own = await announce(siblings.server, "Only here")
    await siblings.working.settle()
    await siblings.working.deliver_all()
    assert siblings.node.uris.announcement(own.id) not in json.dumps(siblings.peer.received)


async def test_what_a_sibling_announces_is_shown_answered_and_withdrawn(siblings: Meeting) -> None:
    """It is the sibling's to change and to end; members answer here, and it hears how many."""
    anna = await siblings.working.person("anna")
    await siblings.working.person("bert")
    async with listening(anna.api, "user") as events:
        await siblings.say("Update", "sibling", told(siblings, "The alarm <b>sounds</b>"))
        assert (await events.next())[0] == "announcement"
    (seen,) = await shown(anna)
    assert (seen["peer"], "&lt;b&gt;" in seen["content"]) == (siblings.peer.domain, True)
    with pytest.raises(Invalid, match="that of"):
        await announcements.delete(siblings.node, int(seen["id"]))
    success(await anna.api.post(f"{ACKNOWLEDGE}/{seen['id']}/acknowledge"))
    siblings.server.clock.advance(timedelta(seconds=10))
    answer = await siblings.peer.wait_for("Create", '"acknowledgedCount": 1')
    assert (answer["object"]["inReplyTo"], answer["object"]["membersCount"]) == (told(siblings, "")["id"], 2)
    assert "anna" not in json.dumps(answer)

    await siblings.say("Update", "sibling", told(siblings, "It is over", needsAcknowledgement=False))
    (changed,) = await shown(anna)
    assert (changed["id"], "It is over" in changed["content"]) == (seen["id"], True)
    late = told(siblings, "Too late", updated="2026-01-01T00:00:00Z")
    await siblings.say("Update", "sibling", late)
    assert "It is over" in (await shown(anna))[0]["content"]
    await siblings.say("Delete", "sibling", told(siblings, "")["id"])
    assert await shown(anna) == []


async def test_nobody_but_a_sibling_announces_anything(siblings: Meeting) -> None:
    """Not its people, be they programs, not a partner, and nothing without words."""
    anna = await siblings.working.person("anna")
    siblings.add("fred")
    siblings.add("robot", type="Application")
    for name in ("fred", "robot"):
        await siblings.say("Create", name, told(siblings, "Obey") | {"attributedTo": siblings.peer.actor(name)})
    silent = siblings.peer.activity("Create", siblings.peer.actor("sibling"), told(siblings, " \n "), 1)
    assert await siblings.post(silent, "sibling") == 400
    await peers.set_tier(siblings.node, siblings.peer.domain, Tier.PARTNER)
    await siblings.say("Create", "sibling", told(siblings, "Obey"))

    assert await shown(anna) == []
    assert siblings.handled("Create") == 0


async def test_nobody_but_the_node_ends_what_it_announced(siblings: Meeting) -> None:
    """S5: not by a Delete of somebody else there."""
    anna = await siblings.working.person("anna")
    siblings.add("fred")
    await siblings.say("Create", "sibling", told(siblings, "The alarm is real"))

    await siblings.say("Delete", "fred", told(siblings, "")["id"])

    assert len(await shown(anna)) == 1
    assert siblings.ignored("Delete") == 1


async def test_nobody_announces_without_end(siblings: Meeting) -> None:
    """Beyond what anybody reads, more of one node is not shown; what is a year old goes."""
    anna = await siblings.working.person("anna")

    def fill(conn: Connection) -> None:
        now = siblings.node.now()
        for number in range(acknowledging.OF_PEER_MAX):
            one = Announcement(
                id=siblings.node.ids.next(), text="x", uri=f"{siblings.peer.url}/{number}", peer=siblings.peer.domain,
                published_at=now, updated_at=now,
            )  # fmt: skip
            stored.insert(conn, now, one)

    await siblings.node.write(fill)
    await siblings.say("Create", "sibling", told(siblings, "One more"))
    assert len(await shown(anna)) == acknowledging.OF_PEER_MAX
    assert "One more" not in str(await shown(anna))
    siblings.server.clock.advance(timedelta(days=401))
    await upkeep.keep_up(siblings.node)
    assert await siblings.node.read(stored.count_of_peer, siblings.peer.domain) == 0


async def test_what_a_node_announced_ends_with_its_place_in_the_organisation(siblings: Meeting) -> None:
    """Nobody is asked any more to acknowledge it."""
    anna = await siblings.working.person("anna")
    await siblings.say("Create", "sibling", told(siblings, "Alarm"))
    assert len(await shown(anna)) == 1
    await peers.set_tier(siblings.node, siblings.peer.domain, Tier.PARTNER)
    assert await shown(anna) == []
