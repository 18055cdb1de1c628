"""Polls between this node and a peer that sends whatever a test wants: questions, votes, tallies, and the end."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.jobs import EndPoll, SendPoll
from fedorg.domain.visibility import Tier
from fedorg.ids import JobId, PollId
from fedorg.jobs import run
from fedorg.store import peers
from fedorg.store.tables import statuses
from tests.node.meeting import NUMBERS, Meeting
from tests.node.peering import PUBLIC, be_followed, fetch, find_status, follow_remote, signed_fetch
from tests.node.serving import Member
from tests.node.talking import entities, entity, listening, post, refusal, success
from tests.node.test_api_polls import HOUR, TWICE, ask, look, notices, totals, vote, wait_until


def ballot(meeting: Meeting, by: str, status: Any, name: str, **changes: object) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A vote by a user of the peer."""
    actor = meeting.peer.actor(by)
    return {
        "id": f"{actor}#votes/{next(NUMBERS)}",
        "type": "Note",
        "name": name,
        "attributedTo": actor,
        "to": [status["account"]["uri"]],
        "inReplyTo": status["uri"],
        **changes,
    }


async def cast(meeting: Meeting, by: str, status: Any, name: str, **changes: object) -> None:  # noqa: ANN401 - JSON
    """Deliver it."""
    await meeting.say("Create", by, ballot(meeting, by, status, name, **changes), to=[status["account"]["uri"]])


def question(meeting: Meeting, **changes: object) -> dict[str, Any]:
    """A poll by fred, whose server also serves it."""
    path = f"/questions/{next(NUMBERS)}"
    ends_at = meeting.server.clock() + timedelta(hours=1)
    document = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{meeting.peer.url}{path}",
        "type": "Question",
        "attributedTo": meeting.peer.actor("fred"),
        "content": "<p>Which one?</p>",
        "published": meeting.server.clock().isoformat(),
        "to": [PUBLIC],
        "cc": [f"{meeting.peer.actor('fred')}/followers"],
        "oneOf": options(0, 0),
        "endTime": ends_at.isoformat(),
        "votersCount": 0,
        **changes,
    }
    meeting.peer.documents[path] = document
    return document


def options(*votes: int, names: tuple[str, ...] = ("Tea", "Coffee", "Water")) -> list[dict[str, Any]]:
    """Options as a ``Question`` has them."""
    return [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": count}}
        for name, count in zip(names, votes, strict=False)
    ]


async def receive(meeting: Meeting, member: Member, **changes: object) -> tuple[dict[str, Any], Any]:
    """A question by somebody the member follows: the document, and the status as the member sees it."""
    meeting.add("fred")
    await follow_remote(meeting.working, member, meeting.peer, "fred")
    document = question(meeting, **changes)
    await meeting.say("Create", "fred", document, to=document["to"])
    (status,) = entities(await member.api.get("/api/v1/timelines/home"), "Status")
    return document, status


async def tell(meeting: Meeting, document: dict[str, Any], **changes: object) -> None:
    """Deliver an ``Update`` of a question, which the peer serves like that from now on."""
    document |= changes
    await meeting.say("Update", "fred", document, to=document["to"])


def sent(meeting: Meeting, kind: str) -> list[dict[str, Any]]:
    """Activities of a type that came to the peer."""
    return [one for one in meeting.peer.received if one["type"] == kind]


async def count_statuses(meeting: Meeting) -> int:
    """How many statuses the node keeps."""

    def unit(conn: Connection) -> int:
        return conn.execute(sa.select(sa.func.count()).select_from(statuses)).scalar_one()

    return await meeting.node.read(unit)


# Polls of this node


async def test_a_poll_is_a_question(meeting: Meeting) -> None:
    """Its options with their numbers, its end, how many may be chosen, and nothing of it in the text."""
    anna, bert = await meeting.working.person("anna"), await meeting.working.person("bert")
    single, several = await ask(anna, "Tea", "<Coffee>"), await ask(anna, "a", "b", multiple=True, hide_totals=True)
    await vote(bert, single["poll"], 1)
    await vote(bert, several["poll"], 0, 1)

    one, other = [(await fetch(meeting.server, status["uri"])).json() for status in (single, several)]

    assert (one["type"], one["content"], one["votersCount"]) == ("Question", "<p>Which one?</p>", 1)
    assert one["oneOf"] == options(0, 1, names=("Tea", "<Coffee>"))
    assert datetime.fromisoformat(one["endTime"]) == datetime.fromisoformat(single["poll"]["expires_at"])
    assert "closed" not in one
    assert other["anyOf"] == options(0, 0, names=("a", "b"))
    meeting.server.clock.advance(timedelta(seconds=HOUR + 1))
    ended = (await fetch(meeting.server, several["uri"])).json()
    assert ended["anyOf"] == options(1, 1, names=("a", "b"))
    assert ended["closed"] == ended["endTime"]


async def test_a_vote_counts_once_and_is_never_shown(meeting: Meeting) -> None:
    """Repeated under another id, or for another option of one choice, it changes nothing."""
    anna = await meeting.working.person("anna")
    status = await ask(anna)
    before = await count_statuses(meeting)
    for name in ("fred", "flo"):
        meeting.add(name)

    await cast(meeting, "fred", status, "Coffee")
    await cast(meeting, "fred", status, "Coffee")
    await cast(meeting, "fred", status, "Tea")
    await cast(meeting, "flo", status, "Coffee")

    poll = await look(anna, status["poll"])
    assert (totals(poll), poll["votes_count"], poll["voters_count"]) == ([0, 2], 2, 2)
    assert await count_statuses(meeting) == before
    assert entities(await anna.api.get("/api/v1/notifications"), "Notification") == []
    assert entity(await anna.api.get(f"/api/v1/statuses/{status['id']}"), "Status")["replies_count"] == 0


async def test_of_several_choices_each_counts_and_the_voter_once(meeting: Meeting) -> None:
    """One vote for each option chosen, as they come."""
    anna = await meeting.working.person("anna")
    status = await ask(anna, "a", "b", "c", multiple=True)
    meeting.add("fred")

    for name in ("a", "c", "a"):
        await cast(meeting, "fred", status, name)

    poll = await look(anna, status["poll"])
    assert (totals(poll), poll["votes_count"], poll["voters_count"]) == ([1, 0, 1], 2, 1)


async def test_an_option_is_recognised_however_odd_its_name(meeting: Meeting) -> None:
    """What came back from a peer that repeats what it was sent is the option it was sent."""
    anna = await meeting.working.person("anna")
    names = ("\u202eevil\u2066\u2069", "a  b\t c\n", "\u05d0\u200f!", "<b>&amp;</b> :cat:")
    status = await ask(anna, *names)
    written = [option["name"] for option in (await fetch(meeting.server, status["uri"])).json()["oneOf"]]

    for number, name in enumerate(written):
        meeting.add(f"voter{number}")
        await cast(meeting, f"voter{number}", status, name)

    assert totals(await look(anna, status["poll"])) == [1, 1, 1, 1]
    assert written == ["evil", "a b c", "\u05d0\u200f!", "<b>&amp;</b> :cat:"]


async def test_votes_that_may_not_be_given_are_refused(meeting: Meeting) -> None:
    """Of an unknown option, by an account that is blocked or cannot see the poll, in no poll, after the end."""
    anna = await meeting.working.person("anna")
    open_poll, private = await ask(anna), await ask(anna, visibility="private")
    direct = await ask(anna, visibility="direct")
    plain = await post(anna, "No poll")
    before = await count_statuses(meeting)
    for name in ("fred", "blocked", "follower"):
        meeting.add(name)
    await meeting.find(anna, "blocked")
    blocked = await meeting.find(anna, "blocked")
    success(await anna.api.post(f"/api/v1/accounts/{blocked['id']}/block"))

    await cast(meeting, "fred", open_poll, "Cocoa")
    await cast(meeting, "blocked", open_poll, "Tea")
    await cast(meeting, "fred", private, "Tea")
    await cast(meeting, "fred", direct, "Tea")
    await cast(meeting, "fred", plain, "Tea")
    await cast(meeting, "fred", {**open_poll, "uri": f"{open_poll['uri']}0"}, "Tea")
    await be_followed(meeting.working, meeting.peer, "follower", anna)
    await cast(meeting, "follower", private, "Tea")
    meeting.server.clock.advance(timedelta(seconds=HOUR + 1))
    await cast(meeting, "fred", open_poll, "Tea")

    assert meeting.ignored("Create") == 7
    assert totals(await look(anna, open_poll["poll"])) == [0, 0]
    assert totals(await look(anna, private["poll"])) == [1, 0]
    assert totals(await look(anna, direct["poll"])) == [0, 0]
    assert await count_statuses(meeting) == before


async def test_one_cannot_vote_in_the_name_of_another(meeting: Meeting) -> None:
    """A vote counts for the actor that signed it, and for no author it claims."""
    anna = await meeting.working.person("anna")
    status = await ask(anna)
    for name in ("fred", "victim"):
        meeting.add(name)
    forged = ballot(meeting, "fred", status, "Tea", attributedTo=meeting.peer.actor("victim"))
    activity = meeting.peer.activity("Create", meeting.peer.actor("fred"), forged, next(NUMBERS))

    assert await meeting.post(activity, "fred") == 403

    assert totals(await look(anna, status["poll"])) == [0, 0]


async def test_who_lies_outside_the_reach_neither_votes_nor_hears(meeting: Meeting) -> None:
    """A server that the status does not reach cannot count in it, whoever lives there; a sibling can."""
    anna = await meeting.working.person("anna")
    meeting.add("fred")
    await be_followed(meeting.working, meeting.peer, "fred", anna)
    status = await ask(anna, reach="organisation")

    await cast(meeting, "fred", status, "Tea")

    assert totals(await look(anna, status["poll"])) == [0, 0]
    assert (await signed_fetch(meeting.server, meeting.peer, status["uri"], by="fred")).status_code == 404

    def heard() -> int:
        return sum(status["uri"] in json.dumps(activity) for activity in meeting.peer.received)

    assert heard() == 0
    await meeting.node.write(peers.set_tier, meeting.server.clock(), meeting.peer.domain, Tier.SIBLING)
    await cast(meeting, "fred", status, "Tea")
    assert totals(await look(anna, status["poll"])) == [1, 0]
    await meeting.node.write(peers.set_tier, meeting.server.clock(), meeting.peer.domain, Tier.OPEN)
    # A sibling may have been told already how the poll stands.
    await meeting.working.settle()
    await meeting.working.deliver_all()
    as_sibling = heard()
    meeting.server.clock.advance(timedelta(seconds=HOUR + 1))

    async def is_told() -> bool:
        return bool(await notices(anna))

    await wait_until(is_told)
    await meeting.working.settle()
    await meeting.working.deliver_all()
    assert heard() == as_sibling


async def test_tallies_are_told_soon_then_seldom_and_at_the_end(meeting: Meeting) -> None:
    """The first votes within seconds, those after them within three minutes, together; and all of it once closed."""
    anna, bert, carl, dora = [await meeting.working.person(name) for name in ("anna", "bert", "carl", "dora")]
    meeting.add("fred")
    await be_followed(meeting.working, meeting.peer, "fred", anna)
    status = await ask(anna)

    await vote(bert, status["poll"], 0)
    first = await meeting.peer.wait_for("Update")

    assert (first["actor"], first["object"]["id"]) == (status["account"]["uri"], status["uri"])
    assert (first["object"]["oneOf"], first["object"]["votersCount"]) == (options(1, 0), 1)
    assert "updated" not in first["object"]
    assert first["to"] == first["object"]["to"] == [PUBLIC]
    await vote(carl, status["poll"], 1)
    await vote(dora, status["poll"], 1)
    meeting.server.clock.advance(timedelta(seconds=30))
    await meeting.working.settle()
    assert len(sent(meeting, "Update")) == 1
    meeting.server.clock.advance(timedelta(minutes=3))
    await meeting.peer.wait_for("Update", '"votersCount": 3')
    assert len(sent(meeting, "Update")) == 2
    meeting.server.clock.advance(timedelta(seconds=HOUR))
    last = await meeting.peer.wait_for("Update", '"closed"')
    assert (last["object"]["oneOf"], last["object"]["closed"]) == (options(1, 2), last["object"]["endTime"])
    await meeting.working.settle()
    assert len({one["id"] for one in sent(meeting, "Update")}) == 3


async def test_hidden_tallies_are_told_at_the_end_alone(meeting: Meeting) -> None:
    """Also to a voter who does not follow the author."""
    anna = await meeting.working.person("anna")
    meeting.add("fred")
    status = await ask(anna, hide_totals=True)
    await cast(meeting, "fred", status, "Coffee")
    meeting.server.clock.advance(timedelta(minutes=30))
    await meeting.working.settle()
    assert sent(meeting, "Update") == []

    meeting.server.clock.advance(timedelta(seconds=HOUR))

    told = await meeting.peer.wait_for("Update")
    assert told["object"]["oneOf"] == options(0, 1)
    assert "closed" in told["object"]


async def test_a_job_that_runs_twice_tells_once(meeting: Meeting) -> None:
    """A worker that is killed after its work was done, and before that was written down, does it again."""
    anna, bert = await meeting.working.person("anna"), await meeting.working.person("bert")
    meeting.add("fred")
    await be_followed(meeting.working, meeting.peer, "fred", anna)
    status = await ask(anna)
    await vote(bert, status["poll"], 0)
    poll_id = PollId(int(status["poll"]["id"]))

    for _ in range(2):
        await run.run(meeting.node, SendPoll(poll_id=poll_id), JobId(1))
    meeting.server.clock.advance(timedelta(seconds=HOUR + 1))
    for _ in range(2):
        await run.run(meeting.node, EndPoll(poll_id=poll_id), JobId(2))
    await meeting.working.settle()

    assert (len(await notices(anna)), len(await notices(bert))) == (1, 1)
    mine = [one for one in sent(meeting, "Update") if one["id"].endswith(("updates/1", "updates/2"))]
    assert len(mine) == 2


# Polls of the peer


async def test_a_question_is_a_status_with_a_poll(meeting: Meeting) -> None:
    """Options and numbers are the poll's, not text; emoji in options are shown; hostile names stay names."""
    anna = await meeting.working.person("anna")
    names = ("<script>alert(1)</script> :cat:", "No")
    cat = {"type": "Emoji", "name": ":cat:", "icon": {"type": "Image", "url": f"{meeting.peer.url}/cat.png"}}

    document, status = await receive(
        meeting, anna, oneOf=None, anyOf=options(3, 4, names=names), votersCount=5, tag=[cat]
    )

    poll = status["poll"]
    assert status["content"] == "<p>Which one?</p>"
    assert [option["title"] for option in poll["options"]] == list(names)
    assert (totals(poll), poll["votes_count"], poll["voters_count"], poll["multiple"]) == ([3, 4], 7, 5, True)
    assert datetime.fromisoformat(poll["expires_at"]) == datetime.fromisoformat(document["endTime"]).replace(
        microsecond=datetime.fromisoformat(poll["expires_at"]).microsecond
    )
    assert (poll["voted"], poll["own_votes"], [emoji["shortcode"] for emoji in poll["emojis"]]) == (False, [], ["cat"])


async def test_a_vote_travels_to_the_author_alone(meeting: Meeting) -> None:
    """One note for each choice, which names the option and nothing else; it is no status of anybody."""
    anna, bert = await meeting.working.person("anna"), await meeting.working.person("bert")
    meeting.add("follower")
    await be_followed(meeting.working, meeting.peer, "follower", anna)
    document, status = await receive(meeting, anna, oneOf=None, anyOf=options(3, 4, 5), votersCount=9)
    before = await count_statuses(meeting)

    voted = await vote(anna, status["poll"], 0, 2)

    assert (totals(voted), voted["voters_count"], voted["own_votes"]) == ([4, 4, 6], 10, [0, 2])
    for name in ("Tea", "Water"):
        activity = await meeting.peer.wait_for("Create", f'"name": "{name}"')
        note = activity["object"]
        assert (note["type"], note["inReplyTo"], note["attributedTo"]) == ("Note", document["id"], activity["actor"])
        assert activity["to"] == note["to"] == [meeting.peer.actor("fred")]
        assert not {"content", "published", "url", "cc"} & {key for key, value in note.items() if value}
    await meeting.working.settle()
    assert len(sent(meeting, "Create")) == 2
    assert await count_statuses(meeting) == before
    again = await anna.api.post(f"/api/v1/polls/{status['poll']['id']}/votes", json={"choices": [0]})
    assert refusal(again, 422) == TWICE
    assert totals(await look(bert, status["poll"])) == [4, 4, 6]


async def test_an_update_brings_tallies_and_streams_tell_them(meeting: Meeting) -> None:
    """It is no edit; numbers of the poll's own server beat what was counted here."""
    anna = await meeting.working.person("anna")
    document, status = await receive(meeting, anna)
    await vote(anna, status["poll"], 0)
    await meeting.working.settle()

    async with listening(anna.api, "user") as events:
        await tell(meeting, document, oneOf=options(7, 9), votersCount=16)
        kind, told = await events.next()
        while totals(told["poll"]) != [7, 9]:
            kind, told = await events.next()

    assert (kind, told["edited_at"], told["poll"]["own_votes"]) == ("status.update", None, [0])
    assert entities(await anna.api.get(f"/api/v1/statuses/{status['id']}/history"), "StatusEdit")[1:] == []
    seen = await look(anna, status["poll"])
    assert (totals(seen), seen["voters_count"], seen["voted"]) == ([7, 9], 16, True)


async def test_other_options_come_with_an_edit_and_make_votes_void(meeting: Meeting) -> None:
    """Without a newer date they are nothing that the poll may become; with one, the vote may be given again."""
    anna = await meeting.working.person("anna")
    document, status = await receive(meeting, anna)
    await vote(anna, status["poll"], 0)
    other = options(2, 3, names=("Beer", "Wine"))

    await meeting.say("Update", "fred", document | {"oneOf": other}, to=document["to"])
    assert [option["title"] for option in (await look(anna, status["poll"]))["options"]] == ["Tea", "Coffee"]
    assert (await look(anna, status["poll"]))["own_votes"] == [0]

    later = (meeting.server.clock() + timedelta(minutes=1)).isoformat()
    meeting.server.clock.advance(timedelta(minutes=2))
    await tell(meeting, document, oneOf=other, updated=later)
    seen = await look(anna, status["poll"])
    assert ([option["title"] for option in seen["options"]], totals(seen)) == (["Beer", "Wine"], [2, 3])
    assert (seen["voted"], seen["own_votes"]) == (False, [])
    versions = entities(await anna.api.get(f"/api/v1/statuses/{status['id']}/history"), "StatusEdit")
    assert [version["poll"]["options"][0]["title"] for version in versions] == ["Tea", "Beer"]

    # What was true before the edit comes late.
    stale = {**document, "oneOf": options(9, 9), "updated": None}
    await meeting.say("Update", "fred", stale, to=document["to"])
    assert totals(await look(anna, status["poll"])) == [2, 3]


async def test_an_update_by_somebody_else_changes_nothing(meeting: Meeting) -> None:
    """Only the author tells how a poll stands."""
    anna = await meeting.working.person("anna")
    document, status = await receive(meeting, anna)
    meeting.add("mallory")
    forged = document | {"oneOf": options(99, 0), "attributedTo": meeting.peer.actor("mallory")}

    await meeting.say("Update", "mallory", forged, to=document["to"])

    assert totals(await look(anna, status["poll"])) == [0, 0]


async def test_a_poll_that_is_looked_at_is_asked_for_once_a_minute(meeting: Meeting) -> None:
    """The answer is what is known; a minute-old poll is fetched behind it, whoever and however often one looks."""
    anna = await meeting.working.person("anna")
    document, status = await receive(meeting, anna)
    path = document["id"].removeprefix(meeting.peer.url)
    document["oneOf"] = options(5, 6)

    assert totals(await look(anna, status["poll"])) == [0, 0]
    assert meeting.peer.asked[path] == 0
    meeting.server.clock.advance(timedelta(seconds=61))
    for _ in range(3):
        await look(anna, status["poll"])
        success(await anna.api.get(f"/api/v1/statuses/{status['id']}"))
    await meeting.working.settle()

    assert totals(await look(anna, status["poll"])) == [5, 6]
    assert meeting.peer.asked[path] == 1
    await meeting.server.anonymous.get(f"/api/v1/polls/{status['poll']['id']}")
    await meeting.working.settle()
    assert meeting.peer.asked[path] == 1


@pytest.mark.parametrize("way", ["told", "fetched", "silent"])
async def test_local_voters_hear_of_the_end_with_the_last_numbers(meeting: Meeting, way: str) -> None:
    """Told by the poll's server, or fetched when it says nothing; where it does not answer, with what is known."""
    anna, bert = await meeting.working.person("anna"), await meeting.working.person("bert")
    document, status = await receive(meeting, anna)
    await vote(anna, status["poll"], 0)
    await meeting.working.settle()
    document |= {"oneOf": options(20, 21), "closed": document["endTime"]}
    meeting.peer.is_ill = way == "silent"

    meeting.server.clock.advance(timedelta(seconds=HOUR + 1))
    await meeting.working.settle()
    assert await notices(anna) == []
    if way == "told":
        await tell(meeting, document)
    else:
        meeting.server.clock.advance(timedelta(minutes=1))

    async def is_told() -> bool:
        return bool(await notices(anna))

    await wait_until(is_told)
    (notice,) = await notices(anna)
    assert notice["account"]["acct"] == f"fred@{meeting.peer.domain}"
    assert totals(notice["status"]["poll"]) == ([1, 0] if way == "silent" else [20, 21])
    assert notice["status"]["poll"]["expired"]
    meeting.server.clock.advance(timedelta(minutes=10))
    await meeting.working.settle()
    assert (len(await notices(anna)), len(await notices(bert))) == (1, 0)
    path = document["id"].removeprefix(meeting.peer.url)
    assert meeting.peer.asked[path] == (0 if way == "told" else 1)
    late = await bert.api.post(f"/api/v1/polls/{status['poll']['id']}/votes", json={"choices": [0]})
    assert refusal(late, 422) == "Validation failed: The poll has already ended"


async def test_a_poll_that_is_closed_early_ends_early(meeting: Meeting) -> None:
    """``closed`` beats ``endTime``."""
    anna = await meeting.working.person("anna")
    document, status = await receive(meeting, anna)
    await vote(anna, status["poll"], 1)

    await tell(meeting, document, oneOf=options(0, 1), closed=meeting.server.clock().isoformat())

    async def is_told() -> bool:
        return bool(await notices(anna))

    await wait_until(is_told)
    assert (await look(anna, status["poll"]))["expired"]


async def test_a_vote_is_nothing_that_can_be_found(meeting: Meeting) -> None:
    """Searched for by its address, boosted or edited, a vote note becomes no status."""
    anna = await meeting.working.person("anna")
    meeting.add("fred")
    status = await ask(anna)
    before = await count_statuses(meeting)
    path = f"/votes/{next(NUMBERS)}"
    note = ballot(meeting, "fred", status, "Tea", id=f"{meeting.peer.url}{path}")
    meeting.peer.documents[path] = {"@context": "https://www.w3.org/ns/activitystreams", **note}

    assert await find_status(anna, note["id"]) is None
    await follow_remote(meeting.working, anna, meeting.peer, "fred")
    await meeting.say("Announce", "fred", note["id"], to=[PUBLIC])
    await meeting.say("Update", "fred", note, to=[PUBLIC])

    assert await count_statuses(meeting) == before
    assert totals(await look(anna, status["poll"])) == [0, 0]


async def test_votes_of_many_accounts_at_once_are_all_counted(meeting: Meeting) -> None:
    """Handled side by side, each moves the tallies by one."""
    anna = await meeting.working.person("anna")
    status = await ask(anna)
    names = [f"voter{number}" for number in range(8)]
    for name in names:
        meeting.add(name)
        await meeting.find(anna, name)

    await asyncio.gather(*(cast(meeting, name, status, "Tea") for name in names for _ in range(2)))

    poll = await look(anna, status["poll"])
    assert (totals(poll), poll["voters_count"]) == ([8, 0], 8)
