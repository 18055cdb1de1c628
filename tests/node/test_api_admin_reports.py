"""Reports in the hands of moderators, over the admin API."""

from typing import Any

import pytest

from fedorg.domain.accounts import UserRole
from fedorg.services import auditing, instance_texts
from fedorg.services.moderation import reports
from tests.node.serving import Member, NodeServer
from tests.node.talking import NOBODYS_ID, WorkingServer, entities, entity, post, refusal, success
from tests.node.test_api_admin_accounts import act, staff

PATH = "/api/v1/admin/reports"


async def report(member: Member, target: Member, **fields: object) -> Any:  # noqa: ANN401 - JSON
    return success(await member.api.post("/api/v1/reports", json={"account_id": target.id, **fields}))


async def listed(by: Member, **filters: str) -> list[str]:
    return [one["comment"] for one in entities(await by.api.get(PATH, params=filters), "AdminReport")]


async def do(by: Member, made: Any, verb: str) -> Any:  # noqa: ANN401 - JSON
    return entity(await by.api.post(f"{PATH}/{made['id']}/{verb}"), "AdminReport")


async def test_a_moderator_sees_what_was_reported(working: WorkingServer) -> None:
    """Both accounts with their users, and the statuses as they were shown to the reporter, suspended author or not."""
    mod, anna, bert = await staff(working, "mod"), await working.person("anna"), await working.person("bert")
    hidden = await post(bert, "@anna I know where you live", visibility="direct")
    other = await post(bert, "Another secret", visibility="direct")
    await anna.api.post(f"/api/v1/statuses/{hidden['id']}/favourite")
    made = await report(anna, bert, status_ids=[hidden["id"]], comment="Threat")
    success(await act(mod, bert.id, "suspend"))

    seen = entity(await mod.api.get(f"{PATH}/{made['id']}"), "AdminReport")

    assert (seen["account"]["username"], seen["target_account"]["email"]) == ("anna", "bert@people.example")
    assert [one["id"] for one in seen["statuses"]] == [hidden["id"]]
    assert "favourited" not in seen["statuses"][0]
    assert (seen["action_taken"], seen["action_taken_by_account"]["id"]) == (True, mod.id)
    assert refusal(await mod.api.get(f"/api/v1/statuses/{other['id']}"), 404)


async def test_reports_are_found_by_their_filters(node_server: NodeServer) -> None:
    """Open ones unless closed ones are asked for; by reporter, by target; pages follow the Link header."""
    mod = await staff(node_server, "mod")
    anna, bert, carl = [await node_server.person(name) for name in ("anna", "bert", "carl")]
    await report(anna, bert, comment="1")
    await report(bert, anna, comment="2")
    closed = await report(anna, carl, comment="3")
    await do(mod, closed, "resolve")

    assert await listed(mod) == ["2", "1"]
    assert await listed(mod, resolved="true") == ["3"]
    assert await listed(mod, account_id=anna.id) == ["1"]
    assert await listed(mod, target_account_id=anna.id) == ["2"]
    assert await listed(mod, by_target_domain="b.example") == []
    assert await listed(mod, account_id="x") == []
    first = await mod.api.get(PATH, params={"limit": 1})
    assert [one["comment"] for one in success(await mod.api.get(first.links["next"]["url"]))] == ["1"]


async def test_a_page_of_reports_names_a_bounded_number_of_statuses(
    node_server: NodeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may name a hundred, and a page of such reports was 50 megabytes; what is left is on the next one."""
    monkeypatch.setattr(reports, "STATUSES_OF_PAGE_MAX", 4)
    mod = await staff(node_server, "mod")
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    ids = [(await post(bert, f"No. {number}"))["id"] for number in range(5)]
    for name, count in (("1", 5), ("2", 2), ("3", 2), ("4", 1)):
        await report(anna, bert, status_ids=ids[:count], comment=name)

    seen, answer = [], await mod.api.get(PATH)
    while found := success(answer):
        seen.append([one["comment"] for one in found])
        answer = await mod.api.get(answer.links["next"]["url"])
    assert seen == [["4", "3"], ["2"], ["1"]]
    oldest = success(await mod.api.get(PATH, params={"min_id": "1"}))
    assert [one["comment"] for one in oldest] == ["1"]


async def test_a_report_is_assigned_closed_and_opened_again(node_server: NodeServer) -> None:
    """Each step is told by the entity and by the audit log; the reporter learns that it was dealt with, not by whom."""
    mod = await staff(node_server, "mod")
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    made = await report(anna, bert)

    assert (await do(mod, made, "assign_to_self"))["assigned_account"]["id"] == mod.id
    assert (await do(mod, made, "unassign"))["assigned_account"] is None
    closed = await do(mod, made, "resolve")
    assert (closed["action_taken"], closed["action_taken_by_account"]["id"]) == (True, mod.id)
    assert (await do(mod, made, "reopen"))["action_taken"] is False

    lines = await auditing.list_lines(node_server.node, by="mod", target="bert")
    assert [line.action for line in reversed(lines)] == [
        "report.assigned",
        "report.unassigned",
        "report.resolved",
        "report.reopened",
    ]


async def test_a_report_names_rules_of_the_node(node_server: NodeServer) -> None:
    """Members name rules, moderators correct them; what is no rule is refused, other categories have none."""
    mod = await staff(node_server, "mod")
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    rules = [await instance_texts.add_rule(node_server.node, text, "") for text in ("No spam", "No hate")]
    one, two = (str(rule.id) for rule in rules)

    made = await report(anna, bert, category="violation", rule_ids=[one])
    assert made["rule_ids"] == [one]
    assert (await report(anna, bert, category="spam", rule_ids=[one]))["rule_ids"] == []
    path = f"{PATH}/{made['id']}"
    changed = entity(await mod.api.put(path, json={"rule_ids": [one, two]}), "AdminReport")
    assert [rule["text"] for rule in changed["rules"]] == ["No spam", "No hate"]
    kept = success(await mod.api.put(path, json={"category": "violation"}))
    assert [rule["id"] for rule in kept["rules"]] == [one, two]
    other = success(await mod.api.put(path, json={"category": "spam"}))
    assert (other["category"], other["rules"]) == ("spam", [])
    for fields in ({"category": "odd"}, {"category": "violation", "rule_ids": [str(NOBODYS_ID)]}):
        assert refusal(await mod.api.put(path, json=fields), 422)


async def test_nobody_handles_a_report_about_oneself(node_server: NodeServer) -> None:
    """A moderator who was reported reads it at most; a colleague decides."""
    mod, anna = await staff(node_server, "mod"), await node_server.person("anna")
    boss = await staff(node_server, "boss", UserRole.ADMIN)
    made = await report(anna, mod)

    for verb in ("assign_to_self", "unassign", "resolve", "reopen"):
        assert refusal(await mod.api.post(f"{PATH}/{made['id']}/{verb}"), 403)
        await do(boss, made, verb)
    assert refusal(await mod.api.put(f"{PATH}/{made['id']}", json={"category": "spam"}), 403)
    assert refusal(await boss.api.get(f"{PATH}/{NOBODYS_ID}"), 404)
