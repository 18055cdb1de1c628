"""What a node counts about itself, read by a moderator after it happened through the API."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import fedorg
from tests.node.counting import about_things, counted_queries
from tests.node.meeting import Meeting
from tests.node.peering import be_followed, follow_remote
from tests.node.serving import Member, NodeServer
from tests.node.talking import NOBODYS_ID, WorkingServer, entities, post, refusal, success
from tests.node.test_api_admin_accounts import staff
from tests.node.test_api_admin_reports import do, report
from tests.node.test_attacks_inbound import note

DAY: Final = timedelta(days=1)
PATH: Final = "/api/v1/admin"
KINDS: Final = ("id", "domain")


def days(server: NodeServer, before: int = 0, after: int = 0) -> dict[str, str]:
    """A period from so many days before today until so many after, the time of day to be ignored."""
    now = server.clock()
    return {"start_at": (now - before * DAY).isoformat(), "end_at": f"{(now + after * DAY).date()}"}


async def measure(by: Member, period: Mapping[str, str], *keys: str, **nested: str) -> list[Any]:
    form = {
        "keys[]": list(keys),
        **period,
        **{f"{name}[{kind}]": text for name, text in nested.items() for kind in KINDS},
    }
    return entities(await by.api.post(f"{PATH}/measures", data=form), "AdminMeasure")


def told(one: Any) -> tuple[str, str, list[str]]:  # noqa: ANN401 - JSON
    return one["total"], one["previous_total"], [day["value"] for day in one["data"]]


async def tag_id(member: Member, name: str) -> str:
    return str(success(await member.api.get(f"/api/v1/tags/{name}"))["id"])


async def test_people_interactions_and_reports_are_counted_by_day(working: WorkingServer) -> None:
    """Totals of the days asked for and of as many before; who is here twice in a day, or on two, is one person."""
    server = working.server
    mod, anna, bert = await staff(working, "mod"), await working.person("anna"), await working.person("bert")
    status = await post(anna, "Hello")
    await post(bert, "Hi", in_reply_to_id=status["id"])
    for _ in range(2):
        success(await bert.api.post(f"/api/v1/statuses/{status['id']}/favourite"))
    first = await report(anna, bert)
    await do(mod, first, "resolve")
    server.clock.advance(DAY)
    await working.person("cora")
    success(await bert.api.post(f"/api/v1/statuses/{status['id']}/reblog"))
    await report(bert, anna)
    keys = ("active_users", "new_users", "interactions", "opened_reports", "resolved_reports")

    both = await measure(mod, days(server, 1), *keys, "no_such_measure", "new_users")
    today = await measure(mod, days(server), *keys)

    assert [one["key"] for one in both] == list(keys)
    assert [told(one) for one in both] == [
        ("3", "0", ["3", "2"]),
        ("4", "0", ["3", "1"]),
        ("3", "0", ["2", "1"]),
        ("2", "0", ["1", "1"]),
        ("1", "0", ["1", "0"]),
    ]
    assert [told(one)[:2] for one in today] == [("2", "3"), ("1", "3"), ("1", "2"), ("1", "1"), ("0", "1")]
    assert both[0]["data"][1]["date"] == f"{server.clock().date()}T00:00:00.000Z"
    assert both[0]["unit"] is None


async def test_a_hashtag_is_measured_by_what_everybody_sees(working: WorkingServer) -> None:
    """Accounts, uses and servers of public statuses; languages and servers of them; another hashtag is not found."""
    server, mod, anna = working.server, await staff(working, "mod"), await working.person("anna")
    await post(anna, "#garden", language="en")
    await post(anna, "#garden again", language="de")
    await post(anna, "#garden in private", visibility="private")
    server.clock.advance(DAY)
    await post(await working.person("bert"), "#Garden", language="de")
    number = await tag_id(mod, "garden")
    keys = ("tag_accounts", "tag_uses", "tag_servers")

    found = await measure(mod, days(server, 1), *keys, **dict.fromkeys(keys, number))
    ranked = await rank(mod, days(server, 1), "tag_languages", "tag_servers", tag_languages=number, tag_servers=number)

    assert [told(one) for one in found] == [
        ("2", "0", ["1", "1"]),
        ("3", "0", ["2", "1"]),
        ("0", "0", ["0", "0"]),
    ]
    assert ranked["tag_languages"] == [("de", "German", "2"), ("en", "English", "1")]
    assert ranked["tag_servers"] == [(server.node.settings.domain, server.node.settings.domain, "3")]
    for path, wrong in (("measures", keys[0]), ("dimensions", "tag_servers")):
        for name, status in ((str(NOBODYS_ID), 404), ("garden", 404), ("", 400)):
            form = {"keys[]": wrong, f"{wrong}[id]": name, **days(server)}
            refusal(await mod.api.post(f"{PATH}/{path}", data=form), status)


async def test_another_server_is_measured(meeting: Meeting) -> None:
    """Accounts, statuses, follows both ways, reports and space: of all time, and by day. Of a stranger, nothing."""
    working, peer, server = meeting.working, meeting.peer, meeting.server
    mod, anna = await staff(working, "mod"), await working.person("anna")
    meeting.add("rita")
    rita = await follow_remote(working, anna, peer, "rita")
    await be_followed(working, peer, "rita", anna)
    for number in range(2):
        written = note(peer, "rita", id=f"{peer.url}/notes/{number}", published=server.clock().isoformat())
        await meeting.say("Create", "rita", written)
    success(await anna.api.post("/api/v1/reports", json={"account_id": rita["id"]}))
    server.clock.advance(DAY)
    keys = [f"instance_{name}" for name in ("accounts", "statuses", "follows", "followers", "reports")]
    period = days(server, 1)

    found = await measure(mod, period, *keys, **dict.fromkeys(keys, peer.domain.upper()))
    ranked = await rank(
        mod, period, "servers", "instance_accounts", "instance_languages",
        instance_accounts=peer.domain, instance_languages=peer.domain,
    )  # fmt: skip

    assert [(one["total"], [day["value"] for day in one["data"]]) for one in found] == [
        ("1", ["1", "0"]),
        ("2", ["2", "0"]),
        ("1", ["1", "0"]),
        ("1", ["1", "0"]),
        ("1", ["1", "0"]),
    ]
    assert "previous_total" not in found[0]
    assert ranked["servers"] == [(peer.domain, peer.domain, "2")]
    assert ranked["instance_accounts"] == [("rita", "rita", "1")]
    assert [row[2] for row in ranked["instance_languages"]] == ["2"]
    space = "instance_media_attachments"
    (media,) = await measure(mod, period, space, **{space: "nobody.example"})
    assert (media["unit"], media["total"], media["human_value"]) == ("bytes", "0", "0 Bytes")


async def rank(by: Member, period: Mapping[str, str], *keys: str, **nested: str) -> dict[str, list[tuple[str, ...]]]:
    form = {"keys": list(keys), **period, **{name: dict.fromkeys(KINDS, text) for name, text in nested.items()}}
    found = entities(await by.api.post(f"{PATH}/dimensions", json=form), "AdminDimension")
    return {one["key"]: [(row["key"], row["human_key"], row["value"]) for row in one["data"]] for one in found}


async def test_what_is_most_used_and_what_the_node_runs(working: WorkingServer) -> None:
    """Languages and programs of what was written here, the greatest first; space and versions of what runs."""
    mod, anna = await staff(working, "mod"), await working.person("anna")
    made = [await post(anna, text, language=text) for text in ("de", "en", "de", "gsw")]
    success(await mod.api.post(f"/api/v1/statuses/{made[0]['id']}/reblog"))

    ranked = await rank(mod, {}, "languages", "sources", "servers", "space_usage", "software_versions", "nothing")
    answer = await mod.api.post(f"{PATH}/dimensions", json={"keys": ["languages", "space_usage"], "limit": 1})

    assert ranked["languages"] == [("de", "German", "2"), ("en", "English", "1"), ("gsw", "gsw", "1")]
    assert ranked["sources"] == [("Test client", "Test client", "4")]
    assert (ranked["servers"], "nothing" in ranked) == ([], False)
    database = working.server.node.db.dialect
    assert [row[0] for row in ranked["software_versions"]] == ["fedorg", "python", database]
    assert ranked["software_versions"][0] == ("fedorg", "fedorg", fedorg.__version__)
    assert [row[0] for row in ranked["space_usage"]] == [database, "media"]
    assert int(ranked["space_usage"][0][2]) > 100_000
    limited = success(answer)
    assert len(limited[0]["data"]) == 1
    assert {"unit", "human_value"} <= limited[1]["data"][0].keys()


async def test_retention_tells_who_stays(working: WorkingServer) -> None:
    """Who registered on a day and was here on those that followed; by month; nothing where a parameter is missing."""
    server = working.server
    mod, anna = await staff(working, "mod"), await working.person("anna")
    await post(anna, "Here")
    begun = server.clock()
    server.clock.advance(DAY)
    period = days(server, 1, 1)

    async def cohorts(**more: str) -> list[Any]:
        return entities(await mod.api.post(f"{PATH}/retention", data=period | more), "AdminCohort")

    by_day = await cohorts(frequency="day")

    assert [len(one["data"]) for one in by_day] == [3, 2, 1]
    assert [(day["value"], day["rate"]) for day in by_day[0]["data"]] == [("1", 0.5), ("1", 0.5), ("0", 0)]
    assert by_day[0]["period"] == by_day[0]["data"][0]["date"] == f"{begun.date()}T00:00:00.000Z"
    assert await cohorts(frequency="year") == by_day
    assert await cohorts() == []
    assert await cohorts(frequency="month", end_at="") == []
    (by_month, *_) = await cohorts(frequency="month")
    assert by_month["period"] == f"{begun:%Y-%m}-01T00:00:00.000Z"
    assert (by_month["data"][0]["value"], by_month["data"][0]["rate"]) == ("2", 1)
    long = {"start_at": "2025-01-01", "end_at": "2025-12-31"}
    assert len(await cohorts(frequency="month", **long)) == 12
    refusal(await mod.api.post(f"{PATH}/retention", data={"frequency": "day", **long}), 422)


async def test_a_period_has_bounds_and_its_length_costs_nothing(node_server: NodeServer) -> None:
    """More than a year, the end before the start, no days at all or none that exist: 422. A day costs as a year."""
    mod = await staff(node_server, "mod")
    keys = {"keys[]": ["active_users", "interactions", "new_users"]}
    for start, end in (
        ("2024-01-01", "2026-01-01"),
        ("2025-01-02", "2025-01-01"),
        ("2025-01-02", ""),
        ("", "2025-01-02"),
        ("yesterday", "2025-01-02"),
        ("0001-01-01", "0001-01-02"),
        ("9999-12-30", "9999-12-31"),
    ):
        refusal(await mod.api.post(f"{PATH}/measures", data={**keys, "start_at": start, "end_at": end}), 422)
    made, found = [], []
    for start in ("2025-12-31", "2025-01-01"):
        with counted_queries() as queries:
            found = success(
                await mod.api.post(f"{PATH}/measures", data={**keys, "start_at": start, "end_at": "2025-12-31"})
            )
        made.append(len(about_things(queries)))
    assert len(found[0]["data"]) == 365
    assert made[0] == made[1]


async def test_members_are_active_who_come_with_a_token(node_server: NodeServer) -> None:
    """The description, the weeks and NodeInfo count whom a program brought, once a day; each day costs one write."""
    anna, bert = [await node_server.person(name) for name in ("anna", "bert")]

    async def active() -> tuple[Any, ...]:
        info = (await node_server.anonymous.get("/nodeinfo/2.1")).json()["usage"]["users"]
        weeks = success(await node_server.anonymous.get("/api/v1/instance/activity"))
        instance = success(await node_server.anonymous.get("/api/v2/instance"))
        month = instance["usage"]["users"]["active_month"]
        return month, info["activeMonth"], info["activeHalfyear"], weeks[0]["logins"]

    assert await active() == (0, 0, 0, "0")
    for member in (anna, anna, bert):
        success(await member.api.get("/api/v1/accounts/verify_credentials"))
    assert await active() == (2, 2, 2, "2")
    node_server.clock.advance(40 * DAY)
    assert (await active())[:3] == (0, 0, 2)
    await (await node_server.browser()).sign_in("anna")
    assert (await active())[:3] == (1, 1, 2)
    with counted_queries() as queries:
        for _ in range(3):
            success(await bert.api.get("/api/v1/accounts/verify_credentials"))
    assert sum("INSERT INTO active_days" in one for one in queries) == 1
    assert (await active())[:3] == (2, 2, 2)
