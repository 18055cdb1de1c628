"""Accounts that leave: nothing of them stays but the name, those who knew them are told, and the rest counts true."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import UserRole
from fedorg.domain.jobs import RemoveAccount
from fedorg.domain.visibility import Reach
from fedorg.errors import Forbidden, Invalid, NotFound
from fedorg.ids import AccountId
from fedorg.jobs.remove import remove_account
from fedorg.services import departures, registration, users
from fedorg.store import accounts as stored_accounts
from fedorg.store import deliveries, removal, tables
from fedorg.store.deliveries import OutgoingActivity
from tests.node.fake_peer import ACTIVITY_JSON
from tests.node.meeting import Meeting
from tests.node.serving import PASSWORD, Member
from tests.node.talking import (
    WorkingServer,
    entities,
    entity,
    follow,
    listening,
    picture,
    post,
    refusal,
    run_jobs,
    success,
    upload,
)


def referring() -> Iterator[sa.Column[Any]]:
    """Every column that refers to an account, but for the keys, which sign the farewell."""
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table is tables.accounts for key in column.foreign_keys) and table.name != "account_keys":
                yield column


def left_of(conn: Connection, account_id: AccountId) -> dict[str, int]:
    """How many rows still speak of an account, by column."""
    counted = {
        str(column): conn.execute(sa.select(sa.func.count()).where(column == account_id)).scalar_one()
        for column in referring()
    }
    return {name: count for name, count in counted.items() if count and not name.startswith(("activities", "reports"))}


async def delete(working: WorkingServer, username: str) -> None:
    await departures.delete_member(working.server.node, username)
    await working.settle()


async def test_nothing_of_a_deleted_member_is_left(working: WorkingServer) -> None:
    """Statuses, boosts, favourites, follows, files and the profile go; what others have is counted true again."""
    anna, bert = await working.person("anna"), await working.person("bert")
    hers, his = await post(anna, "Hello"), await post(bert, "Mine", poll={"options": ["a", "b"], "expires_in": 3600})
    file = await upload(bert)
    shown = await post(bert, "With a file", media_ids=[file["id"]])
    loose = await upload(bert)
    answer = await post(bert, "Answer", in_reply_to_id=hers["id"])
    for action in ("favourite", "reblog", "bookmark"):
        entity(await bert.api.post(f"/api/v1/statuses/{hers['id']}/{action}"), "Status")
        entity(await anna.api.post(f"/api/v1/statuses/{shown['id']}/{action}"), "Status")
    await follow(anna, bert)
    await follow(bert, anna)
    await bert.api.patch("/api/v1/accounts/update_credentials", files={"avatar": ("a.png", picture(), "image/png")})
    profile = success(await anna.api.get(f"/api/v1/accounts/{bert.id}"))
    await working.settle()

    await delete(working, "bert")

    for path in (f"accounts/{bert.id}", *(f"statuses/{one['id']}" for one in (his, shown, answer))):
        assert refusal(await anna.api.get(f"/api/v1/{path}"), 404) == "Record not found"
    for url in (file["url"], file["preview_url"], loose["url"], profile["avatar"]):
        assert (await working.server.anonymous.get(url)).status_code == 404
    left = entity(await anna.api.get(f"/api/v1/statuses/{hers['id']}"), "Status")
    assert (left["favourites_count"], left["reblogs_count"], left["replies_count"]) == (0, 0, 0)
    own = success(await anna.api.get("/api/v1/accounts/verify_credentials"))
    assert (own["followers_count"], own["following_count"], own["statuses_count"]) == (0, 0, 1)
    assert [one["id"] for one in entities(await anna.api.get("/api/v1/timelines/home"), "Status")] == [hers["id"]]
    assert entities(await anna.api.get("/api/v1/notifications"), "Notification") == []
    node = working.server.node
    assert await node.read(left_of, bert.user.account_id) == {}
    row = await node.read(stored_accounts.get, bert.user.account_id)
    assert (row.username, row.display_name, row.avatar) == ("bert", "", None)


async def test_the_login_ends_at_once(working: WorkingServer) -> None:
    """Token, browser and open stream end with the deletion (S42, S44), before anything else is removed."""
    bert = await working.person("bert")
    browser = await working.server.browser()
    assert (await browser.sign_in("bert")).status_code == 303

    async with listening(bert.api, "user") as events:
        await departures.delete_member(working.server.node, "bert")
        await events.end(10)

    assert refusal(await bert.api.get("/api/v1/accounts/verify_credentials"), 401)
    assert "Sign out" not in (await browser.open("/")).text
    assert (await browser.sign_in("bert", PASSWORD)).status_code != 303


async def test_the_name_is_never_given_again(working: WorkingServer) -> None:
    """Neither by registering nor by an administrator, in any case of letters; the mail address is free."""
    await working.person("bert")
    await delete(working, "bert")

    with pytest.raises(Invalid, match="has already been taken"):
        await registration.create_person(working.server.node, "Bert")
    await registration.create_person(working.server.node, "berta", email="bert@people.example")
    with pytest.raises(NotFound):
        await departures.delete_member(working.server.node, "bert")


async def test_the_addresses_of_a_deleted_member_say_that_it_is_gone(meeting: Meeting) -> None:
    """410 with a Tombstone for servers, a page for people; the inbox and the handle are gone as well."""
    bert = await meeting.working.person("bert")
    uri, web = meeting.actor(bert), meeting.server.anonymous
    await delete(meeting.working, "bert")

    actor = await web.get("/users/bert", headers={"Accept": ACTIVITY_JSON})

    assert actor.status_code == 410
    assert actor.headers["Content-Type"] == ACTIVITY_JSON
    found = actor.json()
    assert (found["type"], found["id"], found["formerType"]) == ("Tombstone", uri, "Person")
    page = await web.get("/@bert", headers={"Accept": "text/html"})
    assert (page.status_code, "This account was deleted" in page.text) == (410, True)
    resource = {"resource": f"acct:bert@{meeting.node.settings.domain}"}
    assert (await web.get("/.well-known/webfinger", params=resource)).status_code == 410
    assert (await web.post("/users/bert/inbox", content=b"{}")).status_code == 410
    assert (await web.get("/users/bert/outbox", headers={"Accept": ACTIVITY_JSON})).status_code == 404


async def test_everybody_who_knew_it_is_told_once(meeting: Meeting) -> None:
    """A follower's server gets one Delete of the actor, signed by it, though the job runs twice."""
    bert = await meeting.working.person("bert")
    meeting.add("fred")
    await meeting.say("Follow", "fred", meeting.actor(bert))
    await departures.delete_member(meeting.node, "bert")
    job = RemoveAccount(account_id=bert.user.account_id)

    await remove_account(meeting.node, job)
    await meeting.working.settle()

    told = await meeting.peer.wait_for("Delete")
    assert (told["actor"], told["object"]) == (meeting.actor(bert), meeting.actor(bert))
    assert [one["type"] for one in meeting.peer.received].count("Delete") == 1


async def test_what_a_departed_member_had_to_say_is_said_to_nobody(meeting: Meeting) -> None:
    """From the deletion on, though what waits is withdrawn by a job that is late; what it took back is still told."""
    bert = await meeting.working.person("bert")
    meeting.add("fred")
    await meeting.find(bert, "fred")
    await meeting.working.rest()
    for number, kind in enumerate(("Create", "Delete")):
        uri = f"{meeting.actor(bert)}/{number}"
        waiting = OutgoingActivity(
            uri=f"{uri}#activity",
            account_id=AccountId(bert.user.account_id),
            type=kind,
            object_uri=uri,
            reach=Reach.PUBLIC,
            body=json.dumps({"id": f"{uri}#activity", "type": kind, "actor": meeting.actor(bert), "object": uri}),
        )
        inboxes = {f"{meeting.peer.actor('fred')}/inbox": meeting.peer.domain}
        await meeting.node.write(deliveries.record, meeting.node.ids, meeting.node.now(), waiting, inboxes)
    await departures.delete_member(meeting.node, "bert")
    await meeting.node.write(lambda conn: conn.execute(sa.delete(tables.jobs)))

    async with run_jobs(meeting.server) as working:
        await working.deliver_all()

    assert [one["type"] for one in meeting.peer.received] == ["Delete"]


async def test_a_server_that_only_got_a_message_is_told(meeting: Meeting) -> None:
    """Who was written to directly knows the account; a server with an inbox for each account hears of no other."""
    bert, carl = await meeting.working.person("bert"), await meeting.working.person("carl")
    meeting.add("fred")
    await meeting.find(bert, "fred")
    await post(bert, f"@fred@{meeting.peer.domain} hi", visibility="direct")
    await meeting.peer.wait_for("Create")
    meeting.peer.received.clear()

    await delete(meeting.working, "carl")
    await delete(meeting.working, "bert")

    assert (await meeting.peer.wait_for("Delete"))["object"] == meeting.actor(bert)
    assert [one["object"] for one in meeting.peer.received] == [meeting.actor(bert)]
    assert carl.id


async def test_a_long_life_is_removed_step_by_step(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the steps, the job goes on until nothing is left, and repeats what a crash cut off."""
    monkeypatch.setattr(departures, "STATUSES_PER_STEP", 2)
    monkeypatch.setattr(departures, "ROWS_PER_STEP", 1)
    monkeypatch.setattr(departures, "STEPS_PER_RUN", 1)
    bert, anna = await meeting.working.person("bert"), await meeting.working.person("anna")
    await follow(anna, bert)
    made = [await post(bert, f"Number {number}") for number in range(7)]
    for one in made:
        await anna.api.post(f"/api/v1/statuses/{one['id']}/favourite")
    await meeting.working.settle()

    await delete(meeting.working, "bert")

    assert await meeting.node.read(left_of, bert.user.account_id) == {}
    assert await departures.remove_some(meeting.node, RemoveAccount(account_id=bert.user.account_id)) is False
    assert success(await anna.api.get("/api/v1/accounts/verify_credentials"))["following_count"] == 0


async def test_votes_of_the_departed_stop_counting(working: WorkingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each choice and the voter once, in every poll, however small the steps; open streams tell of it."""
    monkeypatch.setattr(departures, "POLLS_PER_STEP", 1)
    anna, bert, cora = [await working.person(name) for name in ("anna", "bert", "cora")]
    polls = []
    for _ in range(3):
        asked = {"options": ["Tea", "Coffee"], "expires_in": 3600, "multiple": True}
        status = await post(anna, "Which?", poll=asked)
        polls.append(status["poll"]["id"])
        for voter, choices in ((bert, [0, 1]), (cora, [1])):
            success(await voter.api.post(f"/api/v1/polls/{polls[-1]}/votes", json={"choices": choices}))
    await working.settle()

    async with listening(anna.api, "user") as events:
        await delete(working, "bert")
        told = {(await events.next())[1]["poll"]["id"] for _ in polls}

    assert told == set(polls)
    for poll in polls:
        found = entity(await anna.api.get(f"/api/v1/polls/{poll}"), "Poll")
        assert [option["votes_count"] for option in found["options"]] == [0, 1]
        assert (found["votes_count"], found["voters_count"]) == (1, 1)


async def test_the_only_owner_stays(working: WorkingServer) -> None:
    """A node is not left without an owner, also by two who end at once; with another one, the first may go."""
    boss = await working.person("boss", role=UserRole.OWNER)
    with pytest.raises(Forbidden, match="only owner"):
        await departures.delete_member(working.server.node, "boss")
    with pytest.raises(Forbidden, match="only owner"):
        await users.change_role(working.server.node, boss.user, UserRole.ADMIN)

    chief = await working.person("chief", role=UserRole.OWNER)
    ends = [users.change_role(working.server.node, one.user, UserRole.MEMBER) for one in (boss, chief)]
    ended = await asyncio.gather(*ends, return_exceptions=True)
    assert [type(one) for one in ended].count(Forbidden) == 1
    for one in (boss, chief):
        await users.change_role(working.server.node, one.user, UserRole.OWNER)
    await delete(working, "boss")


async def test_the_node_and_strangers_are_not_deleted(meeting: Meeting) -> None:
    """The actor of the node has no login, and accounts of others live elsewhere."""
    anna = await meeting.working.person("anna")
    fred = await meeting.find(anna, meeting.add("fred") and "fred")

    for name in (meeting.node.settings.domain.replace(":", "."), fred["acct"], "nobody"):
        with pytest.raises(NotFound):
            await departures.delete_member(meeting.node, name)


async def test_keys_of_the_departed_are_forgotten_when_nothing_is_left_to_sign(working: WorkingServer) -> None:
    """Two weeks later, when the last delivery was given up."""
    bert = await working.person("bert")
    await delete(working, "bert")
    node = working.server.node

    assert await node.read(removal.KEYS_OF_DEPARTED.find, node.now() - timedelta(days=14), 10) == []
    later = node.now() + timedelta(seconds=1)
    stale = await node.read(removal.KEYS_OF_DEPARTED.find, later, 10)
    assert await node.write(removal.KEYS_OF_DEPARTED.delete, later, stale) == 2
    assert bert.id


# Accounts of others


async def followed(meeting: Meeting, member: Member, name: str) -> dict[str, Any]:
    """A user of the peer whom a member follows."""
    found = await meeting.find(member, name)
    await member.api.post(f"/api/v1/accounts/{found['id']}/follow")
    asked = await meeting.peer.wait_for("Follow", name)
    await meeting.say("Accept", name, asked)
    return found


def note(meeting: Meeting, name: str, number: int, text: str) -> dict[str, Any]:
    uri = meeting.peer.actor(name)
    return {
        "id": f"{uri}/notes/{number}",
        "type": "Note",
        "attributedTo": uri,
        "content": text,
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
    }


async def test_an_account_that_its_server_deleted_goes(meeting: Meeting) -> None:
    """With all it wrote and did, step by step; what comes late does not bring it back."""
    anna = await meeting.working.person("anna")
    made = await post(anna, "Hello")
    meeting.add("fred")
    fred = await followed(meeting, anna, "fred")
    for number in range(3):
        await meeting.say("Create", "fred", note(meeting, "fred", number, f"Note {number}"))
    await meeting.say("Like", "fred", made["uri"])
    await meeting.say("EmojiReact", "fred", made["uri"], content="🎉")
    await meeting.say("Follow", "fred", meeting.actor(anna))
    assert len(entities(await anna.api.get("/api/v1/timelines/home"), "Status")) == 4

    await meeting.say("Delete", "fred", meeting.peer.actor("fred"))

    assert refusal(await anna.api.get(f"/api/v1/accounts/{fred['id']}"), 404)
    (left,) = entities(await anna.api.get("/api/v1/timelines/home"), "Status")
    assert (left["favourites_count"], left["reactions"]) == (0, [])
    own = success(await anna.api.get("/api/v1/accounts/verify_credentials"))
    assert (own["followers_count"], own["following_count"]) == (0, 0)
    assert await meeting.node.read(left_of, AccountId(int(fred["id"]))) == {}
    del meeting.peer.documents["/users/fred"]
    late = meeting.peer.activity("Create", meeting.peer.actor("fred"), note(meeting, "fred", 9, "Late"), 9)
    assert await meeting.post(late, "fred") == 401


async def test_an_account_whose_address_is_gone_goes(meeting: Meeting) -> None:
    """Its server says 410 when it is asked again: the farewell was missed."""
    anna = await meeting.working.person("anna")
    meeting.add("fred")
    fred = await followed(meeting, anna, "fred")
    await meeting.say("Create", "fred", note(meeting, "fred", 1, "Note"))
    meeting.server.clock.advance(timedelta(days=2))
    meeting.peer.gone.add("/users/fred")

    query = {"q": f"@fred@{meeting.peer.domain}", "type": "accounts", "resolve": "true"}
    assert success(await anna.api.get("/api/v2/search", params=query))["accounts"] == []
    await meeting.working.settle()

    assert refusal(await anna.api.get(f"/api/v1/accounts/{fred['id']}"), 404)
    assert entities(await anna.api.get("/api/v1/timelines/home"), "Status") == []


async def test_an_account_that_its_server_suspended_is_hidden_until_it_is_shown_again(meeting: Meeting) -> None:
    """What it posted is not shown, what it posts is not taken; its server can take that back (S50)."""
    anna = await meeting.working.person("anna")
    meeting.add("fred")
    fred = await followed(meeting, anna, "fred")
    await meeting.say("Create", "fred", note(meeting, "fred", 1, "Before"))
    document = meeting.peer.documents["/users/fred"]

    await meeting.say("Update", "fred", document | {"suspended": True})
    await meeting.say("Create", "fred", note(meeting, "fred", 2, "Meanwhile"))

    shown = entity(await anna.api.get(f"/api/v1/accounts/{fred['id']}"), "Account")
    assert shown["suspended"] is True
    assert entities(await anna.api.get("/api/v1/timelines/home"), "Status") == []
    assert meeting.ignored("Create") == 1

    await meeting.say("Update", "fred", document)
    await meeting.say("Create", "fred", note(meeting, "fred", 3, "After"))

    assert entity(await anna.api.get(f"/api/v1/accounts/{fred['id']}"), "Account")["suspended"] is False
    home = entities(await anna.api.get("/api/v1/timelines/home"), "Status")
    assert [one["content"] for one in home] == ["After", "Before"]


async def test_who_is_suspended_here_stays_so_whatever_their_server_says(meeting: Meeting) -> None:
    """A decision of this node is not lifted by an Update."""
    anna = await meeting.working.person("anna")
    meeting.add("fred")
    fred = await followed(meeting, anna, "fred")

    def suspend(conn: Connection) -> None:
        conn.execute(
            sa.update(tables.accounts)
            .where(tables.accounts.c.id == int(fred["id"]))
            .values(suspended_at=meeting.node.now())
        )

    await meeting.node.write(suspend)
    update = meeting.peer.activity("Update", meeting.peer.actor("fred"), meeting.peer.documents["/users/fred"], 5)

    assert await meeting.post(update, "fred") == 403

    assert success(await anna.api.get(f"/api/v1/accounts/{fred['id']}"))["suspended"] is True
