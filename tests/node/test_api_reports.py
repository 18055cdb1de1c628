"""Reports over the client API, and what those who look after a node hear of them."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import UserRole
from fedorg.domain.reports import ReportQuery
from fedorg.domain.statuses import PageQuery
from fedorg.ids import ReportId
from fedorg.services import users
from fedorg.services.moderation import reports
from fedorg.store.tables import audit_log
from tests.node.meeting import Meeting
from tests.node.serving import Member, NodeServer
from tests.node.talking import NOBODYS_ID, WorkingServer, entities, entity, post, refusal, success


async def report(member: Member, target: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
    return entity(await member.api.post("/api/v1/reports", json={"account_id": target, **fields}), "Report")


async def told(member: Member) -> list[Any]:
    answer = await member.api.get("/api/v1/notifications", params={"types[]": "admin.report"})
    return entities(answer, "Notification")


def audited(conn: Connection) -> list[str]:
    return list(conn.execute(sa.select(audit_log.c.action).order_by(audit_log.c.id)).scalars())


async def test_a_report_reaches_those_who_look_after_the_node(working: WorkingServer) -> None:
    """Moderators, administrators and the owner are told with the report; members are not; the audit log knows."""
    anna, bert = await working.person("anna"), await working.person("bert")
    staff = [await working.person(role.value, role=role) for role in list(UserRole)[1:]]
    bad = await post(bert, "Buy now")

    made = await report(anna, bert.id, status_ids=[bad["id"]], comment=" Spam all day ", category="spam")

    assert (made["comment"], made["category"], made["status_ids"]) == ("Spam all day", "spam", [bad["id"]])
    assert (made["forwarded"], made["action_taken"], made["target_account"]["id"]) == (False, False, bert.id)
    for moderator in staff:
        (one,) = await told(moderator)
        assert one["report"] == made
        assert one["account"]["id"] == anna.id
    assert await told(anna) == await told(bert) == []
    assert "report.created" in await working.server.node.read(audited)


async def test_who_is_staff_no_more_reads_no_reports(working: WorkingServer) -> None:
    """What somebody was told as a moderator or administrator is theirs only for as long as they are one."""
    anna, bert = await working.person("anna"), await working.person("bert")
    mod = await working.person("mod", role=UserRole.ADMIN)
    await report(anna, bert.id, comment="Between us")
    (one,) = await told(mod)
    counts = ("/api/v1/notifications/unread_count", "/api/v2/notifications/unread_count")
    assert [success(await mod.api.get(path))["count"] for path in counts] == [1, 1]

    await users.change_role(working.server.node, mod.user, UserRole.MODERATOR)
    assert await told(mod) == [one]
    await users.change_role(working.server.node, mod.user, UserRole.MEMBER)

    assert await told(mod) == []
    assert [success(await mod.api.get(path))["count"] for path in counts] == [0, 0]
    assert refusal(await mod.api.get(f"/api/v1/notifications/{one['id']}"), 404)
    assert "Between us" not in (await mod.api.get("/api/v2/notifications")).text


async def test_moderators_hear_of_reports_by_whomever(working: WorkingServer) -> None:
    """Whom a moderator blocks or mutes may report all the same; nobody is told of their own report."""
    anna, bert = await working.person("anna"), await working.person("bert")
    mod = await working.person("mod", role=UserRole.MODERATOR)
    for member, action in ((anna, "block"), (bert, "mute")):
        await mod.api.post(f"/api/v1/accounts/{member.id}/{action}")

    await report(anna, bert.id)
    await report(bert, anna.id)
    await report(mod, anna.id)

    assert [one["account"]["id"] for one in await told(mod)] == [bert.id, anna.id]


async def test_only_visible_statuses_of_the_account_can_be_reported(working: WorkingServer) -> None:
    """Somebody else's status, one the reporter cannot see, and none at all are the same refusal (S47)."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    hidden = await post(bert, "For nobody", visibility="direct")
    foreign = await post(carl, "Mine")

    for number in (hidden["id"], foreign["id"], str(NOBODYS_ID), "x"):
        answer = await anna.api.post("/api/v1/reports", json={"account_id": bert.id, "status_ids": [number]})
        assert refusal(answer, 404) == "Record not found"
    for number in (str(NOBODYS_ID), "x"):
        assert refusal(await anna.api.post("/api/v1/reports", json={"account_id": number}), 404)

    mentioned = await post(bert, "@anna only you", visibility="direct")
    assert (await report(anna, bert.id, status_ids=[mentioned["id"]]))["status_ids"] == [mentioned["id"]]


async def test_a_report_that_says_too_much_is_refused(working: WorkingServer) -> None:
    """A thousand characters are a comment, one more is not; categories and rules are those there are."""
    anna, bert = await working.person("anna"), await working.person("bert")

    assert len((await report(anna, bert.id, comment="x" * 1000))["comment"]) == 1000
    for fields in (
        {"comment": "x" * 1001},
        {"category": "boring"},
        {"category": "violation", "rule_ids": ["1"]},
        {"status_ids": [str(number) for number in range(1, 102)]},
    ):
        assert refusal(await anna.api.post("/api/v1/reports", json={"account_id": bert.id, **fields}), 422)
    assert refusal(await anna.api.post("/api/v1/reports", json={}), 422)


async def test_reporting_wants_its_scope(node_server: NodeServer) -> None:
    """A token that may only read reports nobody, and nobody without a token does."""
    bert = await node_server.person("bert")
    reader = await node_server.person("reader", scopes="read write:statuses")

    assert refusal(await reader.api.post("/api/v1/reports", json={"account_id": bert.id}), 403)
    assert refusal(await node_server.anonymous.post("/api/v1/reports", json={"account_id": bert.id}), 401)


async def test_reports_are_not_forwarded_unless_asked(meeting: Meeting) -> None:
    """A report about a remote account stays here; asked for, it goes to its home from the node, naming nobody (S63)."""
    anna = await meeting.working.person("anna")
    fred = await meeting.find(anna, meeting.add("fred") and "fred")

    kept = await report(anna, fred["id"], comment="Kept here")
    elsewhere = await report(anna, fred["id"], forward=True, forward_to_domains=["other.example"])
    sent = await report(anna, fred["id"], comment="Told on", forward=True)
    await meeting.working.settle()

    flag = await meeting.peer.wait_for("Flag")
    assert [one["forwarded"] for one in (kept, elsewhere, sent)] == [False, False, True]
    assert (flag["content"], flag["actor"]) == ("Told on", meeting.node.uris.node_actor)
    assert flag["object"] == [meeting.peer.actor("fred")]
    assert "anna" not in str(flag)
    assert anna.id not in str(flag)
    assert [one["type"] for one in meeting.peer.received].count("Flag") == 1


async def test_reports_about_members_and_of_strangers_are_not_forwarded(working: WorkingServer) -> None:
    """There is no other server to tell about a member."""
    anna, bert = await working.person("anna"), await working.person("bert")

    assert (await report(anna, bert.id, forward=True))["forwarded"] is False


async def test_reports_are_closed_and_opened_again_once(working: WorkingServer) -> None:
    """Closing twice is closing once, in the audit log too; what the moderator was told follows."""
    anna, bert = await working.person("anna"), await working.person("bert")
    mod = await working.person("mod", role=UserRole.MODERATOR)
    made = await report(anna, bert.id)
    node, number = working.server.node, ReportId(int(made["id"]))
    waiting = ReportQuery(is_resolved=False)

    for _ in range(2):
        await reports.resolve(node, mod.user, number)
    assert await reports.search(node, waiting, PageQuery(limit=9)) == []
    (one,) = await told(mod)
    assert one["report"]["action_taken"] is True
    assert one["report"]["action_taken_at"] is not None
    for _ in range(2):
        await reports.reopen(node, mod.user, number)

    assert [view.report.id for view in await reports.search(node, waiting, PageQuery(limit=9))] == [number]
    assert [one for one in await node.read(audited) if one.startswith("report.")] == [
        "report.created",
        "report.resolved",
        "report.reopened",
    ]
