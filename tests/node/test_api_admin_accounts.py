"""Accounts under moderation, over the admin API: what is done to them is done, and they are told, but not by whom."""

import asyncio
from typing import Any, Final

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import UserRole
from fedorg.errors import Forbidden
from fedorg.ids import AccountId
from fedorg.services import auditing, registration, users
from fedorg.services.registration import SignUp
from fedorg.store import accounts as stored_accounts
from fedorg.store.tables import account_warnings, accounts, reports, statuses
from fedorg.store.tables import users as users_table
from tests.node.at_once import meanwhile
from tests.node.attacks.ground import PUBLIC
from tests.node.meeting import Meeting
from tests.node.serving import PASSWORD, Member, NodeServer
from tests.node.talking import NOBODYS_ID, WorkingServer, entities, entity, follow, post, refusal, success, upload

SCOPES: Final = "read write follow push admin:read admin:write"


async def staff(server: NodeServer | WorkingServer, name: str, role: UserRole = UserRole.MODERATOR) -> Member:
    return await server.person(name, scopes=SCOPES, role=role)


async def act(by: Member, target: str, kind: str, **fields: object) -> httpx.Response:
    return await by.api.post(f"/api/v1/admin/accounts/{target}/action", json={"type": kind, **fields})


async def listed(by: Member, path: str = "/api/v1/admin/accounts", **filters: object) -> list[str]:
    answer = await by.api.get(path, params=filters)  # type: ignore[arg-type] # httpx takes less than it can write
    return [one["username"] for one in entities(answer, "AdminAccount")]


async def told(member: Member) -> list[Any]:
    answer = await member.api.get("/api/v1/notifications", params={"types[]": "moderation_warning"})
    return entities(answer, "Notification")


async def strikes(server: NodeServer, member: Member) -> list[sa.Row[Any]]:
    """What is kept of the warnings of somebody, told or not."""
    of_account = account_warnings.c.target_account_id == member.user.account_id

    def unit(conn: Connection) -> list[sa.Row[Any]]:
        return list(conn.execute(sa.select(account_warnings).where(of_account)))

    return await server.node.read(unit)


async def shown(member: Member, target: Member) -> list[str]:
    answer = await member.api.get("/api/v1/timelines/public")
    return [one["id"] for one in success(answer) if one["account"]["id"] == target.id]


async def test_a_warning_tells_the_account_but_not_by_whom(working: WorkingServer) -> None:
    """A mere warning changes nothing, is kept as a strike, and names no moderator (S63)."""
    mod, anna = await staff(working, "mod"), await working.person("anna")

    assert success(await act(mod, anna.id, "none", text=" Please be kind ")) == {}

    (one,) = await told(anna)
    warning = one["moderation_warning"]
    assert (warning["action"], warning["text"]) == ("none", "Please be kind")
    assert one["account"]["id"] == warning["target_account"]["id"] == anna.id
    grouped = success(await anna.api.get("/api/v2/notifications", params={"types[]": "moderation_warning"}))
    assert grouped["notification_groups"][0]["moderation_warning"] == warning
    assert "mod" not in str(one).replace("moderation_warning", "")
    assert mod.id not in str(one)
    (strike,) = await strikes(working.server, anna)
    assert (strike.text, strike.user_id) == ("Please be kind", mod.user.id)
    assert success(await anna.api.get("/api/v1/accounts/verify_credentials"))["limited"] is False


async def test_the_page_of_a_strike_says_why_to_whom_it_concerns_alone(working: WorkingServer) -> None:
    """Programs lead there from the notification, and show no text themselves; what was not told stays untold."""
    mod, anna, bert = await staff(working, "mod"), await working.person("anna"), await working.person("bert")
    success(await act(mod, anna.id, "silence", text="You <shout>"))
    (one,) = await told(anna)
    address = f"/disputes/strikes/{one['moderation_warning']['id']}"
    success(await act(mod, bert.id, "none", text="Note to file", send_email_notification=False))
    (quiet,) = await strikes(working.server, bert)

    pages = {}
    for name in ("anna", "bert", "mod"):
        browser = await working.server.browser()
        await browser.sign_in(name)
        pages[name] = [await browser.open(path) for path in (address, f"/disputes/strikes/{quiet.id}")]

    assert {name: [page.status_code for page in both] for name, both in pages.items()} == {
        "anna": [200, 404], "bert": [404, 404], "mod": [404, 404]
    }  # fmt: skip
    text = pages["anna"][0].text
    assert "You &lt;shout&gt;" in text
    assert "hidden from public timelines" in text
    assert "@mod" not in text
    away = await (await working.server.browser()).open(address)
    assert away.headers["location"].startswith("/auth/sign_in")


async def test_nobody_is_told_when_that_is_not_wanted(working: WorkingServer) -> None:
    """``send_email_notification=false`` keeps the strike and tells nobody."""
    mod, anna = await staff(working, "mod"), await working.person("anna")

    success(await act(mod, anna.id, "none", text="Note to file", send_email_notification=False))

    assert await told(anna) == []
    assert len(await strikes(working.server, anna)) == 1


async def test_a_disabled_member_is_out_at_once(working: WorkingServer) -> None:
    """Tokens, sessions and open streams end with it, within a second (S42); enabling lets them sign in again."""
    mod, anna = await staff(working, "mod"), await working.person("anna")
    browser = await working.server.browser()
    assert (await browser.sign_in("anna", PASSWORD)).status_code == 303
    async with anna.api.stream("GET", "/api/v1/streaming/user") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == ":)"

        success(await act(mod, anna.id, "disable"))

        async with asyncio.timeout(5):
            async for _ in lines:
                pass
    assert refusal(await anna.api.get("/api/v1/accounts/verify_credentials"), 401)
    front = await browser.open("/")
    assert (front.status_code, "Sign out" in front.text, "anna" in front.text) == (200, False, False)
    assert entity(await mod.api.get(f"/api/v1/admin/accounts/{anna.id}"), "AdminAccount")["disabled"] is True
    back = entity(await mod.api.post(f"/api/v1/admin/accounts/{anna.id}/enable"), "AdminAccount")
    assert back["disabled"] is False
    assert (await users.sign_in(working.server.node, "anna", PASSWORD)).id == anna.user.id


async def test_a_suspended_account_vanishes_everywhere_and_comes_back(working: WorkingServer) -> None:
    """Profile, statuses and token are gone (S50); unsuspending brings profile and statuses back."""
    mod, anna, bert = await staff(working, "mod"), await working.person("anna"), await working.person("bert")
    status = await post(anna, "Buy now")

    success(await act(mod, anna.id, "suspend", text="Spam"))

    assert refusal(await anna.api.get("/api/v1/accounts/verify_credentials"), 401)
    assert refusal(await bert.api.get(f"/api/v1/statuses/{status['id']}"), 404)
    assert await shown(bert, anna) == []
    profile = entity(await bert.api.get(f"/api/v1/accounts/{anna.id}"), "Account")
    assert (profile["suspended"], profile["display_name"]) == (True, "")
    seen = entity(await mod.api.get(f"/api/v1/admin/accounts/{anna.id}"), "AdminAccount")
    assert (seen["suspended"], seen["email"]) == (True, "anna@people.example")
    assert await listed(mod, suspended=True) == ["anna"]

    assert success(await mod.api.post(f"/api/v1/admin/accounts/{anna.id}/unsuspend"))["suspended"] is False
    assert success(await bert.api.get(f"/api/v1/statuses/{status['id']}"))["id"] == status["id"]


async def test_a_silenced_account_is_out_of_public_timelines(working: WorkingServer) -> None:
    """Those who do not follow meet a limited account no more; unsilencing shows it again."""
    mod = await staff(working, "mod")
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    status = await post(anna, "Hello")
    success(await anna.api.patch("/api/v1/accounts/update_credentials", data={"indexable": "true"}))
    await follow(carl, anna)
    await working.settle()

    async def find(member: Member) -> list[str]:
        found = success(await member.api.get("/api/v2/search", params={"q": "hello", "type": "statuses"}))
        return [one["id"] for one in found["statuses"]]

    assert await shown(bert, anna) == await find(bert) == [status["id"]]

    success(await act(mod, anna.id, "silence"))
    assert await shown(bert, anna) == await find(bert) == []
    assert await find(carl) == [status["id"]]
    assert success(await bert.api.get(f"/api/v1/accounts/{anna.id}"))["limited"] is True
    assert await listed(mod, silenced=True) == ["anna"]

    assert success(await mod.api.post(f"/api/v1/admin/accounts/{anna.id}/unsilence"))["silenced"] is False
    assert await shown(bert, anna) == [status["id"]]


async def test_all_media_of_a_sensitive_account_are_marked(working: WorkingServer) -> None:
    """Old statuses and new ones count as sensitive until the mark is taken back."""
    mod, anna, bert = await staff(working, "mod"), await working.person("anna"), await working.person("bert")
    picture = await upload(anna)
    status = await post(anna, "Look", media_ids=[picture["id"]])
    assert status["sensitive"] is False

    success(await act(mod, anna.id, "sensitive"))
    assert success(await bert.api.get(f"/api/v1/statuses/{status['id']}"))["sensitive"] is True
    assert await listed(mod, sensitized=True) == ["anna"]

    assert success(await mod.api.post(f"/api/v1/admin/accounts/{anna.id}/unsensitive"))["sensitized"] is False
    assert success(await bert.api.get(f"/api/v1/statuses/{status['id']}"))["sensitive"] is False


async def test_nobody_acts_on_an_equal_or_higher_role(node_server: NodeServer) -> None:
    """Moderators leave moderators and above alone, administrators their like; owners stand above all but owners."""
    roles = {role: await staff(node_server, role.value, role) for role in UserRole}
    others = {role: await staff(node_server, f"other_{role.value}", role) for role in UserRole}

    for by_role in list(UserRole)[1:]:
        for target_role in UserRole:
            answer = await act(roles[by_role], others[target_role].id, "none")
            assert answer.status_code == (200 if by_role.rank > target_role.rank else 403), (by_role, target_role)
        assert refusal(await act(roles[by_role], roles[by_role].id, "disable"), 403)
    for verb in ("enable", "unsuspend", "unsilence", "unsensitive", "approve", "reject"):
        path = f"/api/v1/admin/accounts/{others[UserRole.MODERATOR].id}/{verb}"
        assert refusal(await roles[UserRole.MODERATOR].api.post(path), 403)


async def test_pending_people_are_let_in_or_turned_away(node_server: NodeServer) -> None:
    """Until they are approved they are nobody (S49); the rejected are gone with their account."""
    mod = await staff(node_server, "mod")
    node = node_server.node
    waiting = []
    for name in ("wilma", "xaver"):
        user = await registration.sign_up(
            node, SignUp(username=name, email=f"{name}@people.example", password=PASSWORD, agreement=True, reason="Hi")
        )
        waiting.append(user)
    await node.write(_make_wait, [user.id for user in waiting])
    wilma, xaver = waiting
    assert await listed(mod, pending=True) == ["xaver", "wilma"]
    assert await listed(mod, "/api/v2/admin/accounts", status="pending") == ["xaver", "wilma"]
    assert await listed(mod, suspended=True) == []

    let_in = entity(await mod.api.post(f"/api/v1/admin/accounts/{wilma.account_id}/approve"), "AdminAccount")
    assert (let_in["approved"], let_in["invite_request"]) == (True, "Hi")
    assert (await users.sign_in(node, "wilma", PASSWORD)).is_active
    away = entity(await mod.api.post(f"/api/v1/admin/accounts/{xaver.account_id}/reject"), "AdminAccount")
    assert (away["username"], away["approved"], away["suspended"]) == ("xaver", False, False)

    assert refusal(await mod.api.get(f"/api/v1/admin/accounts/{xaver.account_id}"), 404)
    for verb in ("approve", "reject"):
        assert refusal(await mod.api.post(f"/api/v1/admin/accounts/{wilma.account_id}/{verb}"), 403)


async def test_only_suspended_accounts_are_deleted_and_only_by_administrators(working: WorkingServer) -> None:
    """Deleting data is for administrators; the account and its name are gone for good."""
    mod, boss = await staff(working, "mod"), await staff(working, "boss", UserRole.ADMIN)
    anna = await working.person("anna")
    path = f"/api/v1/admin/accounts/{anna.id}"
    assert refusal(await boss.api.delete(path), 403) == "Only a suspended account can be deleted"
    success(await act(mod, anna.id, "suspend"))

    assert refusal(await mod.api.delete(path), 403)
    assert entity(await boss.api.delete(path), "AdminAccount")["username"] == "anna"

    await working.settle()
    assert refusal(await boss.api.get(path), 404)
    assert refusal(await boss.api.delete(path), 404)


async def test_a_suspended_account_of_a_peer_stays_so_when_it_is_deleted(meeting: Meeting) -> None:
    """What it did goes, it does not come back by being met again (S50), and the suspension can be taken back."""
    working = meeting.working
    boss = await staff(working, "boss", UserRole.ADMIN)
    uri = meeting.add("fred", name="Fred", summary="Buy now")
    fred = await meeting.find(boss, "fred")
    path = f"/api/v1/admin/accounts/{fred['id']}"
    success(await boss.api.post(f"/api/v1/accounts/{fred['id']}/follow"))
    await meeting.say("Accept", "fred", await meeting.peer.wait_for("Follow"))
    said = {"type": "Note", "id": f"{uri}/1", "attributedTo": uri, "content": "Buy", "to": [PUBLIC]}
    await meeting.say("Create", "fred", said)
    assert await statuses_of(working, uri) == 1
    success(await act(boss, fred["id"], "suspend"))

    def lift(conn: Connection) -> None:
        stored_accounts.set_standing(conn, AccountId(int(fred["id"])), suspended_at=None)

    late = await meanwhile(meeting.node, lift, boss.api.delete(path))
    assert refusal(late, 403) == "Only a suspended account can be deleted"
    success(await act(boss, fred["id"], "suspend"))
    assert entity(await boss.api.delete(path), "AdminAccount")["username"] == "fred"
    await working.settle()

    assert await statuses_of(working, uri) == 0
    update = meeting.peer.activity("Update", uri, meeting.peer.documents["/users/fred"], 900)
    assert await meeting.post(update, "fred") == 403
    asked = {"q": f"@fred@{meeting.peer.domain}", "type": "accounts", "resolve": "true"}
    assert success(await boss.api.get("/api/v2/search", params=asked))["accounts"] == []
    seen = entity(await boss.api.get(path), "AdminAccount")
    assert (seen["suspended"], seen["account"]["display_name"], seen["account"]["note"]) == (True, "", "")
    (line,) = await auditing.list_lines(meeting.node, action="account.deleted")
    assert (line.by, line.target) == ("boss", fred["acct"])
    assert success(await boss.api.post(f"{path}/unsuspend"))["suspended"] is False
    back = await meeting.find(boss, "fred")
    assert (back["id"], back["display_name"], back["note"]) == (fred["id"], "Fred", "Buy now")


async def statuses_of(working: WorkingServer, uri: str) -> int:
    def unit(conn: Connection) -> int:
        own = sa.select(sa.func.count()).join(accounts, accounts.c.id == statuses.c.account_id)
        return conn.execute(own.select_from(statuses).where(accounts.c.uri == uri)).scalar_one()

    return await working.server.node.read(unit)


async def test_an_action_answers_the_reports(working: WorkingServer) -> None:
    """Closing the report it answers; more than a warning closes all that wait about the account."""
    mod, anna, bert = await staff(working, "mod"), await working.person("anna"), await working.person("bert")
    made = [
        success(await bert.api.post("/api/v1/reports", json={"account_id": anna.id, "comment": str(one)}))
        for one in range(3)
    ]
    foreign = success(await anna.api.post("/api/v1/reports", json={"account_id": bert.id}))

    def waiting() -> Any:  # noqa: ANN401 - what an awaitable gives
        return working.server.node.read(_open_reports)

    assert refusal(await act(mod, anna.id, "none", report_id=foreign["id"]), 404)
    assert refusal(await act(mod, anna.id, "none", report_id="x"), 404)
    success(await act(mod, anna.id, "none", report_id=made[0]["id"]))
    assert await waiting() == {int(made[1]["id"]), int(made[2]["id"]), int(foreign["id"])}
    success(await act(mod, anna.id, "silence", report_id=made[1]["id"]))
    assert await waiting() == {int(foreign["id"])}


async def test_accounts_are_found_by_their_filters(meeting: Meeting) -> None:
    """Origin, names, address, domain, staff, roles and inviter narrow the list; pages follow the Link header."""
    working = meeting.working
    boss = await staff(working, "boss", UserRole.ADMIN)
    mod, anna = await staff(working, "mod"), await working.person("anna")
    invite = await registration.create_invite(working.server.node, boss.user)
    await registration.sign_up(
        working.server.node,
        SignUp(username="ina", email="ina@people.example", password=PASSWORD, agreement=True, invite_code=invite.code),
    )
    meeting.add("fred")
    fred = await meeting.find(anna, "fred")

    assert await listed(boss, local=True) == ["ina", "anna", "mod", "boss"]
    assert await listed(boss, remote=True) == ["fred"]
    assert await listed(boss, by_domain=fred["acct"].partition("@")[2]) == ["fred"]
    assert await listed(boss, username="An") == ["anna"]
    assert await listed(boss, username="%") == []
    assert await listed(boss, email="anna@") == ["anna"]
    assert await listed(boss, staff=True) == ["mod", "boss"]
    assert await listed(boss, ip="127.0.0.1") == []
    v2 = "/api/v2/admin/accounts"
    assert await listed(boss, v2, origin="local", permissions="staff") == ["mod", "boss"]
    assert await listed(boss, v2, **{"role_ids[]": "1"}) == ["mod"]
    assert await listed(boss, v2, invited_by=boss.id) == ["ina"]
    assert refusal(await boss.api.get(v2, params={"origin": "mars"}), 422)
    assert refusal(await boss.api.get(v2, params={"status": "odd"}), 422)
    (ina,) = success(await boss.api.get(v2, params={"username": "ina"}))
    assert ina["invited_by_account_id"] == boss.id
    first = await boss.api.get("/api/v1/admin/accounts", params={"local": True, "limit": 2})
    assert [one["username"] for one in first.json()] == ["ina", "anna"]
    following = await boss.api.get(first.links["next"]["url"])
    assert [one["username"] for one in following.json()] == ["mod", "boss"]
    assert mod.id


async def test_peers_hear_of_a_suspension_and_of_its_end(meeting: Meeting) -> None:
    """An ``Update`` of the actor says ``suspended``, and a later one does not."""
    working = meeting.working
    mod, anna = await staff(working, "mod"), await working.person("anna")
    meeting.add("fred")
    fred = await meeting.find(anna, "fred")
    success(await anna.api.post(f"/api/v1/accounts/{fred['id']}/follow"))
    await meeting.peer.wait_for("Follow")

    success(await act(mod, anna.id, "suspend"))
    told = (await meeting.peer.wait_for("Update"))["object"]
    assert (told["suspended"], told.get("name"), told.get("summary")) == (True, None, None)
    meeting.peer.received.clear()

    success(await mod.api.post(f"/api/v1/admin/accounts/{anna.id}/unsuspend"))
    assert "suspended" not in (await meeting.peer.wait_for("Update"))["object"]


async def test_accounts_of_peers_are_limited_too_but_nobody_signs_in_for_them(meeting: Meeting) -> None:
    """Disabling wants a user of this node; a remote account is silenced and suspended here."""
    mod = await staff(meeting.working, "mod")
    meeting.add("fred")
    fred = await meeting.find(mod, "fred")

    assert refusal(await act(mod, fred["id"], "disable"), 422)
    success(await act(mod, fred["id"], "suspend"))
    seen = entity(await mod.api.get(f"/api/v1/admin/accounts/{fred['id']}"), "AdminAccount")
    assert (seen["suspended"], seen["email"], seen["role"]) == (True, None, None)


async def test_what_makes_no_sense_is_refused(node_server: NodeServer) -> None:
    """Unknown kinds, presets and accounts, and a text that is too long."""
    mod, anna = await staff(node_server, "mod"), await node_server.person("anna")
    node_actor = await node_server.node.read(_node_actor_id, node_server.node.uris.node_actor)

    assert refusal(await act(mod, anna.id, "vaporise"), 422)
    assert refusal(await act(mod, anna.id, "none", warning_preset_id="1"), 422)
    assert refusal(await act(mod, anna.id, "none", text="x" * 2001), 422)
    for number in (NOBODYS_ID, node_actor):
        assert refusal(await act(mod, str(number), "suspend"), 404)
        assert refusal(await mod.api.get(f"/api/v1/admin/accounts/{number}"), 404)


async def test_everything_done_is_in_the_audit_log(node_server: NodeServer) -> None:
    """Who, what and whom; filters narrow it."""
    mod, anna = await staff(node_server, "mod"), await node_server.person("anna")
    for kind in ("sensitive", "silence", "suspend", "disable"):
        success(await act(mod, anna.id, kind))
    for verb in ("unsensitive", "unsilence", "unsuspend", "enable"):
        success(await mod.api.post(f"/api/v1/admin/accounts/{anna.id}/{verb}"))

    lines = await auditing.list_lines(node_server.node, by="mod", target="anna")
    assert [line.action for line in reversed(lines) if line.action != "account.warned"] == [
        "account.sensitized",
        "account.silenced",
        "account.suspended",
        "user.disabled",
        "account.unsensitized",
        "account.unsilenced",
        "account.unsuspended",
        "user.enabled",
    ]
    warned = await auditing.list_lines(node_server.node, action="account.warned")
    assert [line.details["action"] for line in reversed(warned)] == ["sensitive", "silence", "suspend", "disable"]


async def test_the_last_administrator_cannot_be_shut_out(node_server: NodeServer) -> None:
    """By nobody who signed in: somebody must be left who can let others in. The command line can make another one."""
    boss = await staff(node_server, "boss", UserRole.ADMIN)
    with pytest.raises(Forbidden, match="only administrator"):
        await users.disable(node_server.node, boss.user, by=boss.user.id)
    assert success(await boss.api.get("/api/v1/accounts/verify_credentials"))["id"] == boss.id
    await staff(node_server, "owner", UserRole.OWNER)
    await users.disable(node_server.node, boss.user, by=boss.user.id)
    assert refusal(await boss.api.get("/api/v1/accounts/verify_credentials"), 401)


def _make_wait(conn: Connection, ids: list[int]) -> None:
    conn.execute(sa.update(users_table).where(users_table.c.id.in_(ids)).values(approved_at=None))
    own = sa.select(users_table.c.account_id).where(users_table.c.id.in_(ids))
    conn.execute(sa.update(accounts).where(accounts.c.id.in_(own)).values(suspended_at=accounts.c.created_at))


def _open_reports(conn: Connection) -> set[int]:
    return set(conn.execute(sa.select(reports.c.id).where(reports.c.resolved_at.is_(None))).scalars())


def _node_actor_id(conn: Connection, uri: str) -> int:
    return int(conn.execute(sa.select(accounts.c.id).where(accounts.c.uri == uri)).scalar_one())
