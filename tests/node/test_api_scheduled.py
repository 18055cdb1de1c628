"""Scheduled statuses over the client API: kept, put off, posted once, and what happens when they cannot be posted."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from typing_extensions import override

from fedorg.activitypub.resolve import NodeResolver
from fedorg.domain.accounts import Account
from fedorg.domain.jobs import PostScheduledStatus
from fedorg.errors import NotFound
from fedorg.ids import ScheduledStatusId
from fedorg.jobs import upkeep
from fedorg.node import Node
from fedorg.services import scheduling, users
from fedorg.store import scheduled_statuses
from fedorg.store.tables import jobs
from tests.node.serving import Member
from tests.node.talking import WorkingServer, contents, entities, entity, links, post, refusal, success, upload

SCHEDULED = "/api/v1/scheduled_statuses"


def ahead(working: WorkingServer, **delta: float) -> str:
    return (working.server.clock() + timedelta(**delta)).isoformat()


async def schedule(author: Member, moment: str, text: str = "Later", **fields: object) -> Any:  # noqa: ANN401 - JSON
    wanted = {"status": text, "scheduled_at": moment, **fields}
    return entity(await author.api.post("/api/v1/statuses", json=wanted), "ScheduledStatus")


async def queued(node: Node) -> list[Any]:
    """What the queue holds of scheduled statuses."""

    def unit(conn: Connection) -> list[Any]:
        payloads = [json.loads(payload) for payload in conn.execute(sa.select(jobs.c.payload)).scalars()]
        return [payload for payload in payloads if payload["type"] == "PostScheduledStatus"]

    return await node.read(unit)


async def posted(author: Member) -> list[str]:
    return contents(entities(await author.api.get(f"/api/v1/accounts/{author.id}/statuses"), "Status"))


async def let_time_pass(working: WorkingServer, **delta: float) -> None:
    working.server.clock.advance(timedelta(**delta))
    await working.settle()


async def test_a_scheduled_status_is_posted_when_its_time_comes(working: WorkingServer) -> None:
    """Once, as it was drafted; before, only its author sees it."""
    anna, bert = await working.person("anna"), await working.person("bert")
    picture = await upload(anna)
    start = await post(anna, "Start")

    made = await schedule(
        anna,
        ahead(working, minutes=10),
        "@bert Look",
        media_ids=[picture["id"]],
        spoiler_text="Art",
        visibility="unlisted",
        in_reply_to_id=start["id"],
        language="en",
    )
    assert (made["params"]["text"], made["params"]["visibility"]) == ("@bert Look", "unlisted")
    assert [file["id"] for file in made["media_attachments"]] == [picture["id"]]
    assert await posted(anna) == ["Start"]
    assert entities(await bert.api.get("/api/v1/notifications"), "Notification") == []
    assert refusal(await anna.api.put(f"/api/v1/media/{picture['id']}", data={"description": "x"}), 404)
    await let_time_pass(working, minutes=11)

    (shown, _) = entities(await anna.api.get(f"/api/v1/accounts/{anna.id}/statuses"), "Status")
    assert (shown["spoiler_text"], shown["visibility"], shown["in_reply_to_id"]) == ("Art", "unlisted", start["id"])
    assert [file["id"] for file in shown["media_attachments"]] == [picture["id"]]
    (told,) = entities(await bert.api.get("/api/v1/notifications"), "Notification")
    assert told["status"]["id"] == shown["id"]
    assert entities(await anna.api.get(SCHEDULED), "ScheduledStatus") == []
    await let_time_pass(working, minutes=11)
    assert len(await posted(anna)) == 2


async def test_it_can_be_put_off_and_cancelled(working: WorkingServer) -> None:
    """The moment before means nothing any more, what was cancelled never comes, and neither stays in the queue."""
    anna = await working.person("anna")
    node = working.server.node
    first = await schedule(anna, ahead(working, minutes=10), "First")
    second = await schedule(anna, ahead(working, minutes=10), "Second")

    changed = entity(
        await anna.api.put(f"{SCHEDULED}/{first['id']}", data={"scheduled_at": ahead(working, minutes=60)}),
        "ScheduledStatus",
    )
    assert entity(await anna.api.get(f"{SCHEDULED}/{first['id']}"), "ScheduledStatus") == changed
    assert success(await anna.api.delete(f"{SCHEDULED}/{second['id']}")) == {}
    assert [payload["scheduled_id"] for payload in await queued(node)] == [int(first["id"])]
    await let_time_pass(working, minutes=15)
    assert await posted(anna) == []
    await let_time_pass(working, minutes=60)

    assert await posted(anna) == ["First"]
    assert await queued(node) == []


async def test_what_is_put_off_while_it_is_posted_waits_again(working: WorkingServer) -> None:
    """Its first moment has come, and somebody it names is looked up, when its author chooses another one."""
    anna, node = await working.person("anna"), working.server.node
    made = await schedule(anna, ahead(working, minutes=10), "Hello @zoe@slow.example")
    before = await node.read(scheduled_statuses.get, anna.user.account_id, ScheduledStatusId(int(made["id"])))
    later = ahead(working, minutes=60)

    class Slow(NodeResolver):
        @override
        async def account(self, node: Node, name: str) -> Account:
            success(await anna.api.put(f"{SCHEDULED}/{made['id']}", data={"scheduled_at": later}))
            raise NotFound

    job = PostScheduledStatus(scheduled_id=before.id, scheduled_at=before.scheduled_at)
    await scheduling.post_scheduled(replace(node, resolver=Slow()), job)

    assert await posted(anna) == []
    (waiting,) = entities(await anna.api.get(SCHEDULED), "ScheduledStatus")
    assert waiting["id"] == made["id"]
    assert "error" not in waiting
    await let_time_pass(working, minutes=61)
    assert len(await posted(anna)) == 1


async def test_files_of_a_scheduled_status_are_kept_for_it(working: WorkingServer) -> None:
    """Their owner cannot delete them, no other status takes them, and upkeep spares them however long they wait."""
    anna = await working.person("anna")
    shown = await upload(anna)
    path = f"/api/v1/media/{shown['id']}"
    made = await schedule(anna, ahead(working, days=3), media_ids=[shown["id"]])

    assert refusal(await anna.api.delete(path), 422) == "Media attachment is currently used by a status"
    for fields in ({}, {"scheduled_at": ahead(working, days=2)}):
        wanted = {"status": "Mine too", "media_ids": [shown["id"]], **fields}
        assert refusal(await anna.api.post("/api/v1/statuses", json=wanted), 422)
    working.server.clock.advance(timedelta(days=2))
    await upkeep.keep_up(working.server.node)

    assert (await anna.api.get(shown["url"])).status_code == 200
    assert entity(await anna.api.get(f"{SCHEDULED}/{made['id']}"), "ScheduledStatus")["media_attachments"]
    success(await anna.api.delete(f"{SCHEDULED}/{made['id']}"))
    assert success(await anna.api.delete(path)) == {}
    assert (await anna.api.get(shown["url"])).status_code == 404


async def test_a_moment_in_the_past_means_now(working: WorkingServer) -> None:
    """As documented; one that is near is refused, and so is what is no time."""
    anna = await working.person("anna")

    await post(anna, "At once", scheduled_at=datetime(2020, 1, 1, tzinfo=UTC).isoformat())
    for moment, words in (
        (ahead(working, minutes=4), "five minutes"),
        ("tomorrow", "not a time"),
        ("9999-12-31T12:00:00Z", "a hundred years"),
    ):
        answer = await anna.api.post("/api/v1/statuses", json={"status": "x", "scheduled_at": moment})
        assert words in refusal(answer, 422)
    made = await schedule(anna, ahead(working, minutes=10))
    for moment, words in ((ahead(working, minutes=1), "five minutes"), ("9999-12-31T12:00:00Z", "a hundred years")):
        answer = await anna.api.put(f"{SCHEDULED}/{made['id']}", data={"scheduled_at": moment})
        assert words in refusal(answer, 422)

    assert await posted(anna) == ["At once"]


async def test_what_could_not_be_posted_is_refused_at_once(working: WorkingServer) -> None:
    """An author learns of a mistake when they make it, not when nobody is there."""
    anna = await working.person("anna")

    for fields, status in (
        ({"status": ""}, 422),
        ({"status": "x" * 3000}, 422),
        ({"status": "x", "in_reply_to_id": "1"}, 404),
        ({"status": "x", "media_ids": ["1"]}, 422),
    ):
        wanted = {"scheduled_at": ahead(working, minutes=10), **fields}
        assert refusal(await anna.api.post("/api/v1/statuses", json=wanted), status)

    assert entities(await anna.api.get(SCHEDULED), "ScheduledStatus") == []
    assert await posted(anna) == []


async def test_what_cannot_be_posted_any_more_waits_with_the_reason(working: WorkingServer) -> None:
    """Nothing is lost: the author may put it off, or delete it."""
    anna = await working.person("anna")
    start = await post(anna, "Start")
    made = await schedule(anna, ahead(working, minutes=10), in_reply_to_id=start["id"])
    later = await schedule(anna, ahead(working, minutes=30))
    await anna.api.delete(f"/api/v1/statuses/{start['id']}")

    await let_time_pass(working, minutes=11)

    other, waiting = entities(await anna.api.get(SCHEDULED), "ScheduledStatus")
    assert (other, waiting["id"]) == (later, made["id"])
    assert "does not appear to exist" in waiting["error"]
    again = entity(
        await anna.api.put(f"{SCHEDULED}/{made['id']}", data={"scheduled_at": ahead(working, minutes=10)}),
        "ScheduledStatus",
    )
    assert "error" not in again


async def test_nothing_is_posted_for_an_account_that_is_shared_no_more(working: WorkingServer) -> None:
    """What a former colleague prepared waits with the reason, for those who act for the account still."""
    node, anna, office = working.server.node, await working.person("anna"), await working.person("office")
    await users.share_account(node, anna.user, office.user.account_id)
    token = await working.server.token(anna.user, account_id=office.user.account_id)
    as_office = Member(user=office.user, token=token, api=await working.server.api(token))
    made = await schedule(as_office, ahead(working, minutes=10), "All are dismissed")
    await schedule(office, ahead(working, minutes=10), "Good morning")
    await users.unshare_account(node, anna.user, office.user.account_id)

    await let_time_pass(working, minutes=11)

    assert await posted(office) == ["Good morning"]
    (waiting,) = entities(await office.api.get(SCHEDULED), "ScheduledStatus")
    assert (waiting["id"], waiting["error"]) == (made["id"], "This account may not post")


async def test_the_same_key_schedules_once(working: WorkingServer) -> None:
    """An idempotency key holds for what waits as for what is posted, and for nobody else who makes up the same one."""
    anna, bert = await working.person("anna"), await working.person("bert")
    moment = ahead(working, minutes=10)

    first, second, other, _ = [
        entity(
            await one.api.post(
                "/api/v1/statuses",
                json={"status": text, "scheduled_at": moment},
                headers={"Idempotency-Key": key},
            ),
            "ScheduledStatus",
        )
        for one, text, key in ((anna, "Once", "a"), (anna, "Once", "a"), (bert, "Mine", "a"), (bert, "Two", "b"))
    ]

    assert first == second
    assert other["params"]["text"] == "Mine"
    await let_time_pass(working, minutes=11)
    assert await posted(anna) == ["Once"]
    assert set(await posted(bert)) == {"Mine", "Two"}


async def test_the_same_key_at_once_schedules_once(working: WorkingServer) -> None:
    """Also where the first of them took the files, and the last free place of the day; another key finds none left."""
    anna = await working.person("anna")
    tomorrow = (working.server.clock() + timedelta(days=2)).replace(hour=12).isoformat()
    for number in range(24):
        await schedule(anna, tomorrow, f"Number {number}")
    wanted = {"status": "Once", "scheduled_at": tomorrow, "media_ids": [(await upload(anna))["id"]]}

    answers = await asyncio.gather(
        *(
            anna.api.post("/api/v1/statuses", json=wanted, headers={"Idempotency-Key": key})
            for key in ("once", "once", "once", "other")
        )
    )

    # Either key may be the first to have the file.
    refused = [answer for answer in answers if answer.status_code != 200]
    assert answers[:3] == refused or answers[3:] == refused
    assert all(refusal(answer, 422) for answer in refused)
    made = {entity(answer, "ScheduledStatus")["id"] for answer in answers if answer not in refused}
    assert len(made) == 1
    assert len(await queued(working.server.node)) == 25


async def test_there_is_a_limit_for_a_day(working: WorkingServer) -> None:
    """Twenty-five statuses; pages list them, the latest first."""
    anna = await working.person("anna")
    tomorrow = (working.server.clock() + timedelta(days=2)).replace(hour=12).isoformat()
    made = [await schedule(anna, tomorrow, f"Number {number}") for number in range(25)]

    answer = await anna.api.post("/api/v1/statuses", json={"status": "x", "scheduled_at": tomorrow})
    page = await anna.api.get(SCHEDULED, params={"limit": 20})

    assert "limit of 25 scheduled posts" in refusal(answer, 422)
    seen = [one["id"] for one in entities(page, "ScheduledStatus")]
    seen += [one["id"] for one in entities(await anna.api.get(links(page)["next"]), "ScheduledStatus")]
    assert seen == [one["id"] for one in reversed(made)]


async def test_scheduled_statuses_belong_to_one_account(working: WorkingServer) -> None:
    """S45: somebody else's does not exist."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await schedule(anna, ahead(working, minutes=10))
    path = f"{SCHEDULED}/{made['id']}"

    answers = [
        await bert.api.get(path),
        await bert.api.put(path, data={"scheduled_at": ahead(working, minutes=60)}),
        await bert.api.delete(path),
    ]

    assert {refusal(answer, 404) for answer in answers} == {"Record not found"}
    assert entities(await bert.api.get(SCHEDULED), "ScheduledStatus") == []
    assert entity(await anna.api.get(path), "ScheduledStatus") == made


async def test_nothing_is_translated(working: WorkingServer) -> None:
    """Answered as by a Mastodon without a translation service."""
    anna = await working.person("anna")
    shown, hidden = await post(anna, "Hello"), await post(anna, "Psst", visibility="private")

    assert refusal(await anna.api.post(f"/api/v1/statuses/{shown['id']}/translate"), 404) == "Record not found"
    assert refusal(await anna.api.post(f"/api/v1/statuses/{hidden['id']}/translate"), 403)
    assert success(await anna.api.get("/api/v1/instance/translation_languages")) == {}
    assert success(await anna.api.get(f"/api/v1/accounts/{anna.id}/identity_proofs")) == []
