"""Months of traffic in a minute: what a node keeps for a time only stays as large as it is, in rows and in files.

Each round is a packet of everything that leaves rows behind, and the days until the next one. Upkeep runs as often as
the clock says. Members take back what they wrote, so that all that is left grows by mistake.
"""

from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any, Final

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.ids import StatusId
from fedorg.jobs import upkeep
from fedorg.services import storage
from fedorg.store.tables import metadata
from tests.fediverse.traffic import tell
from tests.node.meeting import Meeting
from tests.node.peering import PUBLIC, be_followed, find, follow_remote
from tests.node.serving import Member
from tests.node.talking import post, success, upload

# The longest time to live that is looked at is 400 days; what is kept for three years is not made here.
DAYS: Final = 540
SHORT_STEP: Final = 45
LONG_STEP: Final = 5
NOTES: Final = 4
NUMBERS: Final = count(1)


async def test_a_node_stays_as_large_as_it_is(meeting: Meeting) -> None:
    """A year and a half in a dozen steps."""
    await _live(meeting, SHORT_STEP, NOTES)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_a_busy_node_stays_as_large_as_it_is(meeting: Meeting) -> None:
    """The same with nine times the steps, and five times as much in each."""
    await _live(meeting, LONG_STEP, 5 * NOTES)


async def _live(meeting: Meeting, step: int, notes: int) -> None:
    anna, bert = await meeting.working.person("anna"), await meeting.working.person("bert")
    meeting.add("fred")
    meeting.add("gone")
    await follow_remote(meeting.working, anna, meeting.peer, "fred")
    await be_followed(meeting.working, meeting.peer, "gone", anna)
    meeting.peer.refusals["/users/gone/inbox"] = 400
    rounds = DAYS // step
    sizes: list[tuple[Mapping[str, int], int, int]] = []
    for number in range(rounds):
        await _one_round(meeting, anna, bert, number, notes)
        meeting.server.clock.advance(timedelta(days=step))
        await upkeep.keep_up(meeting.node)
        await upkeep.keep_up(meeting.node)
        room = await storage.measure(meeting.node)
        sizes.append((await meeting.node.read(_rows), room.files, room.database_bytes))

    # All that lives longest had its time by then.
    before, after = sizes[-max(2, rounds // 6)], sizes[-1]
    grown = {name: (was, after[0][name]) for name, was in before[0].items() if after[0][name] > was * 1.1 + 2}
    tell(
        f"{DAYS} days in {rounds} rounds",
        rows=(sum(before[0].values()), sum(after[0].values())),
        files=(before[1], after[1]),
        database_bytes=(before[2], after[2]),
        largest=sorted(after[0].items(), key=lambda one: -one[1])[:8],
    )
    assert grown == {}
    assert after[1] <= before[1] + 2
    assert after[2] <= before[2] * 1.2


async def _one_round(meeting: Meeting, anna: Member, bert: Member, number: int, notes: int) -> None:
    """Something of everything."""
    picture = await upload(anna)
    await upload(anna)
    status = await post(anna, f"Round {number} #round{number} @bert", media_ids=[picture["id"]])
    success(await bert.api.post(f"/api/v1/statuses/{status['id']}/favourite"))
    answer = await post(bert, "@anna I see", in_reply_to_id=status["id"])
    scheduled = success(await anna.api.get("/api/v1/scheduled_statuses"))
    assert scheduled == []
    stranger = f"stranger{number}"
    meeting.add(stranger)
    for _ in range(notes):
        await _say(meeting, "fred", "A note of every day")
    mention = {"type": "Mention", "href": meeting.actor(anna)}
    mentioning = await _say(meeting, stranger, "You do not know me", tag=[mention], cc=[meeting.actor(anna)])
    await meeting.say("Like", stranger, meeting.node.uris.status("anna", StatusId(int(status["id"]))))
    follow = await meeting.say("Follow", stranger, meeting.actor(bert))
    await meeting.say("Undo", stranger, follow)
    browser = await meeting.server.browser()
    await browser.sign_in("bert")
    draft = {"client_name": "A client", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
    program = success(await meeting.server.anonymous.post("/api/v1/apps", data=draft))
    grant = {"grant_type": "client_credentials", **{name: program[name] for name in ("client_id", "client_secret")}}
    success(await meeting.server.anonymous.post("/oauth/token", data=grant))
    await find(anna, meeting.peer.actor(stranger))
    key = {"Idempotency-Key": f"round-{number}"}
    once = success(await anna.api.post("/api/v1/statuses", json={"status": "Once"}, headers=key))
    await meeting.working.settle()
    for member, taken_back in ((anna, once), (bert, answer), (anna, status)):
        success(await member.api.delete(f"/api/v1/statuses/{taken_back['id']}"))
    # What mentions somebody here is kept as long as its author keeps it.
    await meeting.say("Delete", stranger, mentioning)
    await meeting.working.settle()


async def _say(meeting: Meeting, name: str, words: str, **more: Any) -> str:  # noqa: ANN401 - JSON
    """A public note by a user of the peer, of this very moment; its address."""
    actor = meeting.peer.actor(name)
    note = {
        "id": f"{meeting.peer.url}/notes/{next(NUMBERS)}",
        "type": "Note",
        "attributedTo": actor,
        "content": f"<p>{words}</p>",
        "published": meeting.server.clock().isoformat(),
        "to": [PUBLIC],
        "cc": [f"{actor}/followers"],
        **more,
    }
    await meeting.say("Create", name, note)
    return str(note["id"])


def _rows(conn: Connection) -> dict[str, int]:
    return {
        table.name: conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }
