"""The report of a year over the client API: when it is offered, what it counts, and who reads it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fedorg.domain.annual_reports import Archetype, Deeds, archetype_of, is_offered
from tests.contract import assert_valid
from tests.node.serving import Member
from tests.node.talking import WorkingServer, follow, post, refusal, success

REPORTS = "/api/v1/annual_reports"


def in_december(working: WorkingServer) -> int:
    """Let time pass until reports are offered; the year."""
    now = working.server.clock()
    working.server.clock.advance(max(now, datetime(now.year, 12, 15, tzinfo=UTC)) - now)
    return now.year


async def state(person: Member, year: int) -> str:
    """Whether there is a report, or could be."""
    return str(success(await person.api.get(f"{REPORTS}/{year}/state"))["state"])


async def reports_of(person: Member, where: str = "") -> Any:  # noqa: ANN401 - JSON
    """The answer that holds reports."""
    found = success(await person.api.get(f"{REPORTS}{where}"))
    for report in found["annual_reports"]:
        assert_valid(report, "AnnualReport")
    return found


async def test_a_report_counts_what_its_owner_did(working: WorkingServer) -> None:
    """Statuses, followers, the hashtag used and the status boosted most; nothing of direct ones; made once."""
    year = in_december(working)
    anna, bert = await working.person("anna"), await working.person("bert")
    made = [await post(anna, f"Number {number} #Roses") for number in range(10)]
    await post(anna, "#tulips")
    for number in range(12):
        await post(anna, f"@bert Secret {number} #secret", visibility="direct")
    success(await bert.api.post(f"/api/v1/statuses/{made[3]['id']}/reblog"))
    await follow(bert, anna)
    await working.settle()
    assert await state(anna, year) == "eligible"

    assert (await anna.api.post(f"{REPORTS}/{year}/generate")).status_code == 202
    await working.settle()

    assert await state(anna, year) == "available"
    assert (await anna.api.post(f"{REPORTS}/{year}/generate")).status_code == 200
    found = await reports_of(anna)
    (report,) = found["annual_reports"]
    assert report["data"]["time_series"][11] == {"month": 12, "statuses": 11, "followers": 1}
    assert sum(month["statuses"] for month in report["data"]["time_series"]) == 11
    assert report["data"]["top_hashtags"] == [{"name": "Roses", "count": 10}]
    assert report["data"]["top_statuses"] == {"by_reblogs": made[3]["id"], "by_replies": None, "by_favourites": None}
    assert (report["data"]["archetype"], report["schema_version"]) == ("lurker", 2)
    assert [one["id"] for one in found["statuses"]] == [made[3]["id"]]
    assert [one["id"] for one in found["accounts"]] == [anna.id]
    assert await reports_of(anna, f"/{year}") == found
    assert success(await anna.api.post(f"{REPORTS}/{year}/read")) == {}


async def test_a_status_that_was_deleted_is_named_no_more(working: WorkingServer) -> None:
    """The report stays, without it."""
    year = in_december(working)
    anna, bert = await working.person("anna"), await working.person("bert")
    made = [await post(anna, f"Number {number}") for number in range(10)]
    success(await bert.api.post(f"/api/v1/statuses/{made[0]['id']}/reblog"))
    assert (await anna.api.post(f"{REPORTS}/{year}/generate")).status_code == 202
    await working.settle()

    success(await anna.api.delete(f"/api/v1/statuses/{made[0]['id']}"))

    found = await reports_of(anna)
    assert found["statuses"] == []
    assert found["annual_reports"][0]["data"]["top_statuses"]["by_reblogs"] is None


async def test_a_report_is_not_for_everybody_nor_for_any_year(working: WorkingServer) -> None:
    """Who posted too little gets none, nor is there one of another year, nor of somebody else."""
    year = in_december(working)
    anna, bert = await working.person("anna"), await working.person("bert")
    for number in range(9):
        await post(anna, f"Number {number}")
    assert await state(anna, year) == "ineligible"
    await post(anna, "Number 9")

    for one in (year - 1, year + 1, 0, 10**12):
        assert await state(anna, one) == "ineligible"
        assert success(await anna.api.post(f"{REPORTS}/{one}/generate")) == {}
        assert refusal(await anna.api.get(f"{REPORTS}/{one}"), 404) == "Record not found"
    assert (await anna.api.post(f"{REPORTS}/{year}/generate")).status_code == 202
    await working.settle()
    assert await state(bert, year) == "ineligible"
    assert (await reports_of(bert))["annual_reports"] == []
    assert refusal(await bert.api.get(f"{REPORTS}/{year}"), 404) == "Record not found"
    assert refusal(await bert.api.post(f"{REPORTS}/{year}/read"), 404) == "Record not found"


@pytest.mark.parametrize(
    ("day", "expected"), [((2031, 12, 9), False), ((2031, 12, 10), True), ((2031, 12, 31), True), ((2032, 1, 1), False)]
)
def test_reports_are_offered_in_the_last_weeks_of_their_year(day: tuple[int, int, int], expected: bool) -> None:  # noqa: FBT001 - a case
    """From 10 to 31 December."""
    assert is_offered(2031, datetime(*day, tzinfo=UTC)) is expected


@pytest.mark.parametrize(
    ("deeds", "expected"),
    [
        (Deeds(own=10, replies=5, reblogs=4, polls=9), Archetype.LURKER),
        (Deeds(own=10, replies=0, reblogs=21, polls=0), Archetype.BOOSTER),
        (Deeds(own=20, replies=0, reblogs=0, polls=3), Archetype.POLLSTER),
        (Deeds(own=10, replies=21, reblogs=0, polls=1), Archetype.REPLIER),
        (Deeds(own=20, replies=20, reblogs=20, polls=1), Archetype.ORACLE),
    ],
)
def test_one_word_says_what_somebody_mostly_does(deeds: Deeds, expected: Archetype) -> None:
    """Each of the words has its deeds."""
    assert archetype_of(deeds) is expected
