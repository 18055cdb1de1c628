"""Accounts that move: from elsewhere to elsewhere, away from here, and back; who comes along, and who is not fooled."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from typing_extensions import override

from fedorg.activitypub.resolve import NodeResolver
from fedorg.domain.accounts import Account
from fedorg.domain.visibility import Tier
from fedorg.errors import Forbidden, Invalid, NotFound
from fedorg.node import Node
from fedorg.services import accounts, moving, peers, users
from fedorg.web.site.done import Done
from tests.node.meeting import Meeting, meet
from tests.node.serving import PASSWORD, Member, NodeServer
from tests.node.talking import entities, entity, follow, post, refusal, success

Serve = Callable[..., Awaitable[NodeServer]]


async def relationship(member: Member, account_id: str) -> Any:  # noqa: ANN401 - JSON
    (found,) = entities(
        await member.api.get("/api/v1/accounts/relationships", params={"id[]": account_id}), "Relationship"
    )
    return found


async def followed(meeting: Meeting, member: Member, name: str, **fields: object) -> dict[str, Any]:
    """A user of the peer whom a member follows, accepted."""
    found = await meeting.find(member, name)
    success(await member.api.post(f"/api/v1/accounts/{found['id']}/follow", json=fields))
    asked = await meeting.peer.wait_for("Follow", f'"{found["uri"]}"')
    await meeting.say("Accept", name, asked)
    return found


def add_pair(meeting: Meeting) -> tuple[str, str]:
    """Two users of the peer, the new one naming the old one; their ids."""
    old = meeting.add("old")
    return old, meeting.add("new", alsoKnownAs=[old])


async def account(meeting: Meeting, name: str) -> Any:  # noqa: ANN401 - its type is the domain's
    return await users.get_account(meeting.node, name)


# Moves of others


async def test_followers_here_come_along(meeting: Meeting) -> None:
    """They ask to follow the new account in the way they followed the old one, and leave that; lists keep it."""
    anna = await meeting.working.person("anna")
    old, new = add_pair(meeting)
    before = await followed(meeting, anna, "old", reblogs=False, notify=True)
    made = entity(await anna.api.post("/api/v1/lists", json={"title": "Friends"}), "List")
    await anna.api.post(f"/api/v1/lists/{made['id']}/accounts", json={"account_ids": [before["id"]]})
    note = {"id": f"{old}/1", "type": "Note", "attributedTo": old, "content": "Before", "to": ["as:Public"]}
    await meeting.say("Create", "old", note)

    await meeting.say("Move", "old", old, target=new)

    asked = await meeting.peer.wait_for("Follow", new)
    left = await meeting.peer.wait_for("Undo")
    assert (asked["actor"], left["object"]["object"]) == (meeting.actor(anna), old)
    after = await meeting.find(anna, "new")
    found = await relationship(anna, after["id"])
    assert (found["requested"], found["following"]) == (True, False)
    assert (await relationship(anna, before["id"]))["following"] is False
    await meeting.say("Accept", "new", asked)
    found = await relationship(anna, after["id"])
    assert (found["following"], found["showing_reblogs"], found["notifying"]) == (True, False, True)
    members = entities(await anna.api.get(f"/api/v1/lists/{made['id']}/accounts"), "Account")
    assert [one["id"] for one in members] == [after["id"]]
    shown = entity(await anna.api.get(f"/api/v1/accounts/{before['id']}"), "Account")
    assert (shown["moved"]["id"], shown["moved"]["moved"]) == (after["id"], None)
    assert [one["content"] for one in entities(await anna.api.get("/api/v1/timelines/home"), "Status")] == ["Before"]


async def test_a_move_to_a_member_here_follows_the_usual_way(meeting: Meeting) -> None:
    """An open account gains its followers at once, a locked one gets their requests."""
    anna, bert, carl = [await meeting.working.person(name) for name in ("anna", "bert", "carl")]
    await bert.api.patch("/api/v1/accounts/update_credentials", data={"locked": "true"})
    for name, member in (("old", bert), ("older", carl)):
        uri = meeting.add(name)
        await followed(meeting, anna, name)
        await moving.add_alias(meeting.node, await account(meeting, member.user.username), uri)
        await meeting.say("Move", name, uri, target=meeting.actor(member))

    locked, is_open = await relationship(anna, bert.id), await relationship(anna, carl.id)

    assert (locked["requested"], locked["following"]) == (True, False)
    assert (is_open["requested"], is_open["following"]) == (False, True)


@pytest.mark.parametrize("aliases", [[], ["https://elsewhere.example/users/old"]])
async def test_nobody_is_led_to_an_account_that_does_not_agree(meeting: Meeting, aliases: list[str]) -> None:
    """Without its word, asked for at that moment, nobody follows anybody."""
    anna = await meeting.working.person("anna")
    old = meeting.add("old")
    new = meeting.add("new", alsoKnownAs=aliases)
    before = await followed(meeting, anna, "old")
    await meeting.find(anna, "new")

    await meeting.say("Move", "old", old, target=new)

    assert meeting.ignored("Move") == 1
    assert (await relationship(anna, before["id"]))["following"] is True
    assert entity(await anna.api.get(f"/api/v1/accounts/{before['id']}"), "Account")["moved"] is None


async def test_an_alias_that_was_taken_back_is_none(meeting: Meeting) -> None:
    """What this node knew of the new account does not count: it is fetched anew."""
    anna = await meeting.working.person("anna")
    old, new = add_pair(meeting)
    await followed(meeting, anna, "old")
    await meeting.find(anna, "new")
    del meeting.peer.documents["/users/new"]["alsoKnownAs"]

    await meeting.say("Move", "old", old, target=new)

    assert meeting.ignored("Move") == 1


async def test_nobody_moves_somebody_else(meeting: Meeting) -> None:
    """The account that moves is the one that says so."""
    await meeting.working.person("anna")
    old, new = add_pair(meeting)
    meeting.add("mallory")
    activity = meeting.peer.activity("Move", meeting.peer.actor("mallory"), old, 3) | {"target": new}

    assert await meeting.post(activity, "mallory") == 403


async def test_an_account_moves_once_a_week(meeting: Meeting) -> None:
    """A second move right after is ignored, and counts a week later."""
    anna = await meeting.working.person("anna")
    old, new = add_pair(meeting)
    newer = meeting.add("newer", alsoKnownAs=[old])
    await followed(meeting, anna, "old")
    await meeting.say("Move", "old", old, target=new)
    await meeting.say("Move", "old", old, target=newer)
    assert meeting.ignored("Move") == 1

    meeting.server.clock.advance(timedelta(days=8))
    await meeting.say("Move", "old", old, target=newer)

    assert meeting.handled("Move") == 2


async def test_blocks_mutes_and_notes_go_with_the_account(meeting: Meeting) -> None:
    """Whoever wanted nothing of the old account has nothing of the new one, and reads why; friends of it stay."""
    anna, bert, carl, dora = [await meeting.working.person(name) for name in ("anna", "bert", "carl", "dora")]
    old, new = add_pair(meeting)
    before = await meeting.find(anna, "old")
    for member, action in ((anna, "block"), (bert, "mute"), (dora, "block")):
        success(await member.api.post(f"/api/v1/accounts/{before['id']}/{action}"))
    await carl.api.post(f"/api/v1/accounts/{before['id']}/note", json={"comment": "Owes me a coffee"})
    await followed(meeting, dora, "new")

    await meeting.say("Move", "old", old, target=new)

    after = (await meeting.find(anna, "new"))["id"]
    blocked, muted, noted, friend = [await relationship(one, after) for one in (anna, bert, carl, dora)]
    assert (blocked["blocking"], muted["muting"], friend["blocking"]) == (True, True, False)
    assert f"old@{meeting.peer.domain}" in blocked["note"]
    assert f"old@{meeting.peer.domain}" in muted["note"]
    assert noted["note"].endswith("Owes me a coffee")
    assert (noted["blocking"], noted["muting"], noted["following"]) == (False, False, False)


async def test_who_is_blocked_by_the_new_account_stays_with_the_old_one(meeting: Meeting) -> None:
    """Nothing is lost for somebody who cannot come along."""
    anna = await meeting.working.person("anna")
    old, new = add_pair(meeting)
    before = await followed(meeting, anna, "old")
    await meeting.find(anna, "new")
    await meeting.say("Block", "new", meeting.actor(anna))

    await meeting.say("Move", "old", old, target=new)

    assert (await relationship(anna, before["id"]))["following"] is True


# Moves of members


async def test_a_member_moves_away(meeting: Meeting) -> None:
    """Followers elsewhere get the Move, after the actor that leads there; those here come along; entities show it."""
    anna, bert = await meeting.working.person("anna"), await meeting.working.person("bert")
    await follow(bert, anna)
    meeting.add("fred")
    await meeting.say("Follow", "fred", meeting.actor(anna))
    new = meeting.add("new", alsoKnownAs=[meeting.actor(anna)])

    target = await moving.move(meeting.node, await account(meeting, "anna"), f"@new@{meeting.peer.domain}")
    await meeting.working.settle()

    assert target.uri == new
    move = await meeting.peer.wait_for("Move")
    assert (move["actor"], move["object"], move["target"]) == (meeting.actor(anna), meeting.actor(anna), new)
    kinds = [one["type"] for one in meeting.peer.received]
    assert kinds.index("Update") < kinds.index("Move")
    assert (await meeting.peer.wait_for("Update"))["object"]["movedTo"] == new
    assert (await meeting.peer.wait_for("Follow", new))["actor"] == meeting.actor(bert)
    own = entity(await anna.api.get("/api/v1/accounts/verify_credentials"), "CredentialAccount")
    assert own["moved"]["acct"] == f"new@{meeting.peer.domain}"
    page = await meeting.server.anonymous.get("/@anna", headers={"Accept": "text/html"})
    assert "has moved to" in page.text


async def test_who_moved_does_nothing_new_until_the_move_is_cancelled(meeting: Meeting) -> None:
    """No posts, boosts or follows, and no followers; reading goes on, and so does everything once it is cancelled."""
    anna, bert = await meeting.working.person("anna"), await meeting.working.person("bert")
    made = await post(bert, "Hello")
    meeting.add("fred")
    meeting.add("new", alsoKnownAs=[meeting.actor(anna)])
    new = await meeting.find(bert, "new")
    await moving.move(meeting.node, await account(meeting, "anna"), new["uri"])

    for path in ("statuses", f"statuses/{made['id']}/reblog", f"accounts/{bert.id}/follow"):
        assert "has moved" in refusal(await anna.api.post(f"/api/v1/{path}", json={"status": "x"}), 403)
    assert "has moved to" in refusal(await bert.api.post(f"/api/v1/accounts/{anna.id}/follow"), 403)
    await meeting.say("Follow", "fred", meeting.actor(anna))
    await meeting.peer.wait_for("Reject")
    assert entities(await anna.api.get("/api/v1/timelines/home"), "Status") == []

    await moving.cancel_move(meeting.node, await account(meeting, "anna"))

    await post(anna, "Back")
    await follow(bert, anna)
    with pytest.raises(Invalid, match="a short while ago"):
        await moving.move(meeting.node, await account(meeting, "anna"), new["uri"])
    meeting.server.clock.advance(timedelta(days=31))
    await moving.move(meeting.node, await account(meeting, "anna"), new["uri"])


async def test_who_moved_lets_in_nobody_who_waits_until_the_move_is_cancelled(meeting: Meeting) -> None:
    """Neither one by one nor by opening the account: what is for followers alone stays so. Later, they come in."""
    anna, bert, carl = [await meeting.working.person(name) for name in ("anna", "bert", "carl")]
    await anna.api.patch("/api/v1/accounts/update_credentials", data={"locked": "true"})
    hidden = await post(anna, "Private", visibility="private")
    for asking in (bert, carl):
        assert (await follow(asking, anna))["requested"]
    new = meeting.add("new", alsoKnownAs=[meeting.actor(anna)])
    await moving.move(meeting.node, await account(meeting, "anna"), new)

    await anna.api.patch("/api/v1/accounts/update_credentials", data={"locked": "false"})
    await meeting.working.settle()
    one_by_one = await anna.api.post(f"/api/v1/follow_requests/{carl.id}/authorize")

    assert "has moved" in refusal(one_by_one, 403)
    assert [(await relationship(one, anna.id))["requested"] for one in (bert, carl)] == [True, True]
    assert (await bert.api.get(f"/api/v1/statuses/{hidden['id']}")).status_code == 404
    success(await anna.api.post(f"/api/v1/follow_requests/{carl.id}/reject"))

    await moving.cancel_move(meeting.node, await account(meeting, "anna"))
    await meeting.working.settle()

    found = [await relationship(one, anna.id) for one in (bert, carl)]
    assert [(one["following"], one["requested"]) for one in found] == [(True, False), (False, False)]


async def test_a_member_moves_only_where_that_is_wanted(meeting: Meeting) -> None:
    """Not to an account without the alias, nor to itself, to nobody, or on from where it moved already."""
    anna = await meeting.working.person("anna")
    here = await account(meeting, "anna")
    new = meeting.add("new")
    further = meeting.add("further", alsoKnownAs=[here.uri], movedTo=new)

    for name, words in ((new, "does not name"), (here.uri, "itself"), (further, "has moved itself")):
        with pytest.raises(Invalid, match=words):
            await moving.move(meeting.node, here, name)
    with pytest.raises(NotFound):
        await moving.move(meeting.node, here, meeting.peer.actor("nobody"))
    with pytest.raises(Invalid, match="has not moved"):
        await moving.cancel_move(meeting.node, here)

    meeting.peer.documents["/users/new"]["alsoKnownAs"] = [here.uri]
    await moving.move(meeting.node, here, new)
    with pytest.raises(Invalid, match="moved already"):
        await moving.move(meeting.node, await account(meeting, "anna"), new)
    assert anna.id


@pytest.mark.parametrize(
    ("mode", "shown", "is_told"),
    [
        ("open", "members", True),
        ("open", "nobody", False),
        ("partners", "nobody", True),
        ("closed", "nobody", True),
    ],
)
async def test_who_cannot_be_reached_for_a_move_is_told_apart_from_who_is_not_there(
    serve: Serve, mode: str, shown: str, *, is_told: bool
) -> None:
    """A server that the node does not federate with is named, unless that would tell whom it blocks in secret."""
    settings = {"federation_mode": mode, "default_reach": "node", "show_domain_blocks": shown}
    async with meet(await serve(**settings)) as meeting:
        await meeting.working.person("anna")
        name = f"@old@{meeting.peer.domain}"
        meeting.add("old")
        await peers.set_tier(meeting.node, meeting.peer.domain, Tier.BLOCKED if mode == "open" else Tier.OPEN)
        browser = await meeting.server.browser()
        await browser.sign_in("anna")
        page = await browser.open("/account/move")

        added = await browser.submit(page, "/account/move/aliases", account=name, decision="add")
        moved = await browser.submit(page, "/account/move", account=name, password=PASSWORD)

    reason = f"This server does not federate with {meeting.peer.domain}"
    for refused in (added, moved):
        assert f"There is no account {name}" in refused.text
        assert (refused.status_code, reason in refused.text) == (422, is_told)


async def test_aliases_are_told_and_bounded(meeting: Meeting) -> None:
    """They are shown with the actor, named by handle or address, and taken back by either."""
    await meeting.working.person("anna")
    names = [meeting.add(f"old{number}") for number in range(moving.ALIASES_MAX + 1)]
    for name in names[:-1]:
        await moving.add_alias(meeting.node, await account(meeting, "anna"), name)

    with pytest.raises(Invalid, match="at most"):
        await moving.add_alias(meeting.node, await account(meeting, "anna"), names[-1])
    with pytest.raises(Invalid, match="itself"):
        await moving.add_alias(meeting.node, await account(meeting, "anna"), "@anna")
    await moving.remove_alias(meeting.node, await account(meeting, "anna"), f"@old0@{meeting.peer.domain}")
    await moving.remove_alias(meeting.node, await account(meeting, "anna"), names[1])
    with pytest.raises(NotFound):
        await moving.remove_alias(meeting.node, await account(meeting, "anna"), names[1])

    shown = await meeting.server.anonymous.get("/users/anna", headers={"Accept": "application/activity+json"})
    assert shown.json()["alsoKnownAs"] == names[2:-1]


async def test_the_page_moves_an_account_with_its_password(meeting: Meeting) -> None:
    """Aliases, the move and its end by forms of our own pages; a wrong password or a foreign form changes nothing."""
    anna = await meeting.working.person("anna")
    old = meeting.add("old")
    new = meeting.add("new", alsoKnownAs=[meeting.actor(anna)])
    browser = await meeting.server.browser()
    assert (await browser.open("/account/move")).headers["location"].startswith("/auth/sign_in")
    await browser.sign_in("anna")
    page = await browser.open("/account/move")
    assert "<h1>Moving</h1>" in page.text
    hidden = {"decision": "add"}
    assert (await browser.submit(page, "/account/move/aliases", account=old, **hidden)).status_code == 303
    assert await browser.said_once("/account/move") == Done.ALIAS_ADDED
    assert f"@old@{meeting.peer.domain}" in (await browser.open("/account/move")).text
    own = await browser.submit(page, "/account/move/aliases", account="anna", **hidden)
    assert "cannot be an alias" in own.text
    assert re.findall(r'id="(alias|account)" name="account" value="([^"]*)"', own.text) == [
        ("alias", "anna"),
        ("account", ""),
    ]
    gone = {"decision": "remove", "account": old}
    assert (await browser.submit(page, "/account/move/aliases", **gone)).status_code == 303
    assert await browser.said_once("/account/move") == Done.ALIAS_REMOVED

    forged = await browser.http.post("/account/move", data={"account": new, "password": PASSWORD})
    wrong = await browser.submit(page, "/account/move", account=new, password="guess")
    unknown = await browser.submit(page, "/account/move", account="@nobody@localhost:1", password=PASSWORD)
    assert (forged.status_code, wrong.status_code, unknown.status_code) == (403, 422, 422)
    assert "password is not right" in wrong.text
    for refused, typed in ((wrong, new), (unknown, "@nobody@localhost:1")):
        assert re.findall(r'id="(alias|account)" name="account" value="([^"]*)"', refused.text) == [
            ("alias", ""),
            ("account", typed),
        ]
    assert (await account(meeting, "anna")).moved_to_uri is None

    assert (await browser.submit(page, "/account/move", account=new, password=PASSWORD)).status_code == 303
    assert await browser.said_once("/account/move") == Done.MOVED
    page = await browser.open("/account/move")
    assert "<h1>You have moved</h1>" in page.text
    assert (await browser.submit(page, "/account/move/cancel")).status_code == 303
    assert await browser.said_once("/account/move") == Done.MOVE_CANCELLED
    assert (await account(meeting, "anna")).moved_to_uri is None


async def test_whoever_was_signed_out_meanwhile_moves_nobody(meeting: Meeting) -> None:
    """The other server takes its time; the password that was given is another one before it answers."""
    anna = await meeting.working.person("anna")
    uri = meeting.add("new", alsoKnownAs=[meeting.actor(anna)])
    found = await meeting.find(anna, "new")
    assert found["uri"] == uri

    class Slow(NodeResolver):
        @override
        async def fresh_account(self, node: Node, name: str) -> Account:
            await users.reset_password(node, anna.user)
            return await super().fresh_account(node, name)

    slow = replace(meeting.node, resolver=Slow())
    with pytest.raises(Forbidden, match="password was changed meanwhile"):
        await moving.move_with_password(slow, anna.user, await account(meeting, "anna"), uri, PASSWORD)

    assert (await account(meeting, "anna")).moved_to_uri is None


async def test_a_suspended_member_does_not_move(meeting: Meeting) -> None:
    """Who was shut out here takes nobody along."""
    anna = await meeting.working.person("anna")
    new = meeting.add("new", alsoKnownAs=[meeting.actor(anna)])
    here = await account(meeting, "anna")
    await accounts.suspend_by_peer(meeting.node, here)

    with pytest.raises(Forbidden):
        await moving.move(meeting.node, here, new)
