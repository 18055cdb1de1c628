"""What was decided about an account stands, whatever else is written about it at the same moment."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account, User
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services import accounts, moving, rotation, users
from fedorg.services.accounts import ProfileChange
from fedorg.services.moderation import accounts as moderation
from fedorg.store import accounts as rows
from fedorg.store import removal, tables
from fedorg.store import users as user_rows
from tests.node.at_once import meanwhile
from tests.node.meeting import NUMBERS, Meeting
from tests.node.serving import Member, NodeServer
from tests.node.talking import entity, success
from tests.node.test_api_admin_accounts import staff

Decision = Callable[[Connection, Node, Account, User], None]
DECISIONS: Final[dict[str, Decision]] = {
    "sensitized": moderation.sensitize,
    "silenced": moderation.silence,
    "suspended": moderation.suspend,
}


async def decide(node: Node, decision: Decision, by: Member, target: str, other: Awaitable[object]) -> None:
    """Do something to an account while somebody writes about it."""
    account = await accounts.get_account(node, AccountId(int(target)))
    await meanwhile(node, lambda conn: decision(conn, node, account, by.user), other)


async def standing(by: Member, target: str) -> set[str]:
    """What an account is under now."""
    seen = entity(await by.api.get(f"/api/v1/admin/accounts/{target}"), "AdminAccount")
    return {name for name in DECISIONS if seen[name]}


async def tell(meeting: Meeting, name: str, document: dict[str, Any]) -> None:
    """An ``Update`` of somebody's actor is handled, unless the door knows already that they are suspended."""
    activity = meeting.peer.activity("Update", meeting.peer.actor(name), document, next(NUMBERS))
    assert await meeting.post(activity, name) in (202, 403)
    await meeting.working.settle()


async def test_nothing_a_member_changes_undoes_a_decision(node_server: NodeServer) -> None:
    """Profile, aliases, move and keys are written while a moderator decides, and both last (S50)."""
    mod, anna, bert = [await staff(node_server, "mod"), *[await node_server.person(one) for one in ("anna", "bert")]]
    node = node_server.node
    account = await accounts.get_account(node, anna.user.account_id)
    await moving.add_alias(node, await accounts.get_account(node, bert.user.account_id), "anna")
    edits: list[Callable[[], Awaitable[object]]] = [
        lambda: accounts.change_profile(node, account, ProfileChange(display_name="Anna")),
        lambda: moving.add_alias(node, account, "bert"),
        lambda: moving.remove_alias(node, account, "bert"),
        lambda: rotation.rotate_keys(node, account),
        lambda: moving.move(node, account, "bert"),
        lambda: moving.cancel_move(node, account),
    ]
    for edit in edits:
        await decide(node, moderation.silence, mod, anna.id, edit())
        assert await standing(mod, anna.id) == {"silenced"}
        success(await mod.api.post(f"/api/v1/admin/accounts/{anna.id}/unsilence"))

    # The first request of a day notes that, and finds that the suspension ended its token.
    success(await anna.api.get("/api/v1/accounts/verify_credentials"))
    await decide(
        node, moderation.suspend, mod, anna.id,
        anna.api.patch("/api/v1/accounts/update_credentials", json={"note": "Still here"}),
    )  # fmt: skip

    assert await standing(mod, anna.id) == {"suspended"}
    after = await accounts.get_account(node, anna.user.account_id)
    assert (after.display_name, after.note_source, after.also_known_as) == ("Anna", "Still here", ())


async def test_nothing_a_server_says_of_its_account_undoes_a_decision(meeting: Meeting) -> None:
    """An ``Update`` that is handled at the same moment changes the profile and nothing else (S50)."""
    mod = await staff(meeting.working, "mod")
    meeting.add("fred", name="Fred")
    fred = (await meeting.find(mod, "fred"))["id"]
    document = meeting.peer.documents["/users/fred"]

    for number, (name, decision) in enumerate(DECISIONS.items()):
        update = tell(meeting, "fred", document | {"name": f"Fred {number}"})
        await decide(meeting.node, decision, mod, fred, update)
        assert name in await standing(mod, fred), name
    assert await standing(mod, fred) == set(DECISIONS)
    assert success(await mod.api.get(f"/api/v1/admin/accounts/{fred}"))["account"]["display_name"] == ""


async def test_who_is_suspended_here_is_not_suspended_by_their_server(meeting: Meeting) -> None:
    """Whoever is first, what a server says of its account and takes back lifts nothing that was decided here (S50)."""
    mod = await staff(meeting.working, "mod")
    for number, name in enumerate(("fred", "gina")):
        meeting.add(name)
        found = (await meeting.find(mod, name))["id"]
        document = meeting.peer.documents[f"/users/{name}"]
        hidden = document | {"suspended": True}
        if number:
            await tell(meeting, name, hidden)

        await decide(meeting.node, moderation.suspend, mod, found, tell(meeting, name, [hidden, document][number]))
        await tell(meeting, name, document)

        assert await standing(mod, found) == {"suspended"}, name
        kept = await meeting.node.read(rows.get, AccountId(int(found)))
        assert kept.is_barred, name


async def test_an_account_met_twice_at_once_is_one(meeting: Meeting) -> None:
    """Two members look for the same person at the same moment: both find it."""
    anna, uri = await meeting.working.person("anna"), meeting.add("fred")

    def record(conn: Connection) -> None:
        rows.insert(conn, made)

    met = await meeting.find(anna, "fred")
    made = await meeting.node.read(rows.get, AccountId(int(met["id"])))
    await meeting.node.write(lambda conn: conn.execute(sa.delete(tables.accounts).where(tables.accounts.c.uri == uri)))

    again = await meanwhile(meeting.node, record, meeting.find(anna, "fred"))

    assert again["id"] == met["id"]


async def test_letting_somebody_in_lifts_no_suspension(node_server: NodeServer) -> None:
    """Somebody who waits and is suspended stays so when another administrator approves them at that moment."""
    mod, wilma = await staff(node_server, "mod"), await node_server.person("wilma")
    node = node_server.node
    await node.write(_make_wait, wilma.user)

    await decide(node, moderation.suspend, mod, wilma.id, users.approve(node, wilma.user))

    assert await standing(mod, wilma.id) == {"suspended"}


async def test_who_confirms_at_the_last_moment_is_not_forgotten(node_server: NodeServer) -> None:
    """Whoever never confirmed is removed after a week, but not somebody who is just doing it."""
    dora, node = await node_server.person("dora"), node_server.node
    await node.write(user_rows.update, replace(dora.user, confirmed_at=None))

    soon = node.now() + timedelta(days=1)
    removed = await meanwhile(
        node, lambda conn: user_rows.update(conn, dora.user), node.write(removal.remove_unconfirmed, soon, 10)
    )

    assert removed == 0
    assert success(await dora.api.get("/api/v1/accounts/verify_credentials"))["username"] == "dora"


def _make_wait(conn: Connection, user: User) -> None:
    conn.execute(sa.update(tables.users).where(tables.users.c.id == user.id).values(approved_at=None))
    values = {"suspended_at": tables.accounts.c.created_at}
    conn.execute(sa.update(tables.accounts).where(tables.accounts.c.id == user.account_id).values(values))
