"""Actors of every kind, as clients see them, and what becomes of one that changes its kind or its profile."""

import asyncio
from collections.abc import Iterator

import pytest

from federation.activities import Delete
from federation.objects import Ref
from fedorg.activitypub.recording import record
from fedorg.domain.visibility import Reach
from fedorg.services import users
from tests.node.meeting import Meeting
from tests.node.peering import PUBLIC, fetch
from tests.node.talking import contents, entity, success


@pytest.mark.parametrize(
    ("kind", "is_bot", "is_group"),
    [
        ("Person", False, False),
        ("Group", False, True),
        ("Organization", False, False),
        ("Service", True, False),
        ("Application", True, False),
    ],
)
async def test_every_kind_of_actor_is_shown_as_what_it_is(
    meeting: Meeting, kind: str, *, is_bot: bool, is_group: bool
) -> None:
    """Programs are bots, communities are groups, and all can be found and followed."""
    anna = await meeting.working.person("anna")
    uri = meeting.add("fred", type=kind)

    found = await meeting.find(anna, "fred")

    assert (found["bot"], found["group"], found["uri"]) == (is_bot, is_group, uri)
    asked = await anna.api.post(f"/api/v1/accounts/{found['id']}/follow")
    assert entity(asked, "Relationship")["requested"] is True


async def test_an_actor_may_change_its_kind_and_its_profile(meeting: Meeting) -> None:
    """An Update of an actor is believed to its own server, and replaces what was known; the id here stays."""
    anna = await meeting.working.person("anna")
    meeting.add("fred", name="Fred")
    before = await meeting.find(anna, "fred")
    document = meeting.peer.documents["/users/fred"]

    await meeting.say(
        "Update", "fred", document | {"type": "Group", "name": "Fred's club", "summary": "<b>Hi</b><script>"}
    )

    after = entity(await anna.api.get(f"/api/v1/accounts/{before['id']}"), "Account")
    assert (before["display_name"], before["group"]) == ("Fred", False)
    assert (after["display_name"], after["group"], after["uri"]) == ("Fred's club", True, before["uri"])
    assert "script" not in after["note"]


async def test_nobody_changes_somebody_elses_profile(meeting: Meeting) -> None:
    """An Update of another actor of the same server is refused (S5)."""
    meeting.add("fred", name="Fred")
    meeting.add("mallory")
    document = meeting.peer.documents["/users/fred"] | {"name": "Hacked"}
    activity = meeting.peer.activity("Update", meeting.peer.actor("mallory"), document, 8)

    assert await meeting.post(activity, "mallory") == 403


async def test_an_actor_says_what_others_may_do_with_it(meeting: Meeting) -> None:
    """Its handle (FEP-2c59), consent to be searched (FEP-5feb), both keys, and what its server can (FEP-844e)."""
    anna = await meeting.working.person("anna")
    own, domain = meeting.actor(anna), meeting.node.settings.domain
    consents = [(await fetch(meeting.server, own)).json()["indexable"]]
    success(await anna.api.patch("/api/v1/accounts/update_credentials", data={"indexable": "true"}))

    told = (await fetch(meeting.server, own)).json()

    assert [*consents, told["indexable"]] == [False, True]
    assert told["webfinger"] == f"anna@{domain}"
    found = (await fetch(meeting.server, f"/.well-known/webfinger?resource=acct:{told['webfinger']}")).json()
    assert [link["href"] for link in found["links"] if link["rel"] == "self"] == [own]
    assert (told["publicKey"]["id"], told["publicKey"]["owner"]) == (f"{own}#main-key", own)
    (multikey,) = told["assertionMethod"]
    assert (multikey["type"], multikey["controller"]) == ("Multikey", own)
    assert told["endpoints"]["sharedInbox"] == f"{meeting.server.url}/inbox"
    able = {one["href"] for one in told["generator"]["implements"]}
    assert {one.rpartition("/")[2] for one in able} >= {"rfc9421"}
    own_able = (await fetch(meeting.server, f"{meeting.server.url}/actor")).json()["implements"]
    assert able <= {one["href"] for one in own_able}


async def test_statuses_of_others_are_searched_by_consent(meeting: Meeting) -> None:
    """Of somebody elsewhere as of somebody here: with ``indexable``, for as long as the actor says so."""
    anna = await meeting.working.person("anna")
    meeting.add("fred", indexable=True)
    meeting.add("gina")
    for name in ("fred", "gina"):
        note = {
            "id": f"{meeting.peer.url}/notes/{name}", "type": "Note", "attributedTo": meeting.peer.actor(name),
            "content": f"An airship by {name}", "to": [PUBLIC, meeting.actor(await meeting.working.person(f"b{name}"))],
        }  # fmt: skip
        await meeting.say("Create", name, note)

    async def found() -> list[str]:
        asked = await anna.api.get("/api/v2/search", params={"q": "airship", "type": "statuses"})
        return contents(success(asked)["statuses"])

    assert await found() == ["An airship by fred"]
    await meeting.say("Update", "fred", meeting.peer.documents["/users/fred"] | {"indexable": False})
    assert await found() == []


async def test_others_have_their_turn_while_many_servers_are_looked_at(meeting: Meeting) -> None:
    """Who is deleted, suspended or moves is told of to every server that is known; nobody else waits for that."""
    await meeting.working.person("anna")
    account = await users.get_account(meeting.node, "anna")
    turns = 0
    passed = set[int]()

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def inboxes() -> Iterator[str]:
        for number in range(1000):
            passed.add(turns)
            yield f"https://h{number}.example/inbox"

    activity = Delete(id=f"{account.uri}#delete", actor=account.uri, object=Ref(id=account.uri), to=(PUBLIC,))
    beside = asyncio.create_task(others())
    await record(
        meeting.node, account, activity, inboxes(), object_uri=account.uri, reach=Reach.PUBLIC, is_true=lambda _: False
    )
    beside.cancel()

    assert len(passed) >= 5
