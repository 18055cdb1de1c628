"""Filters over the client API: both versions of the methods, and what matches."""

from datetime import timedelta
from typing import Any

import pytest

from fedorg.domain.filters import (
    FILTERS_MAX,
    KEYWORD_MAX,
    KEYWORDS_MAX,
    KEYWORDS_OF_ACCOUNT_MAX,
    Filter,
    FilterAction,
    FilterKeyword,
    match,
)
from fedorg.ids import AccountId, StatusId
from tests.node.serving import Member
from tests.node.talking import (
    WorkingServer,
    entities,
    entity,
    follow,
    listening,
    post,
    refusal,
    success,
    upload,
)

V1 = "/api/v1/filters"
V2 = "/api/v2/filters"


async def make(owner: Member, *words: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
    keywords = [{"keyword": word, "whole_word": True} for word in words]
    wanted = {"title": "Quiet please", "context": ["home"], "keywords_attributes": keywords, **fields}
    return entity(await owner.api.post(V2, json=wanted), "Filter")


async def filtered(viewer: Member, status_id: str) -> list[Any]:
    found: list[Any] = entity(await viewer.api.get(f"/api/v1/statuses/{status_id}"), "Status")["filtered"]
    return found


async def test_a_filter_is_made_changed_and_removed(working: WorkingServer) -> None:
    """What is sent is what is listed; an edit adds, changes and removes keywords at once."""
    anna = await working.person("anna")

    made = await make(anna, "meeting", "quarter", filter_action="hide", expires_in=3600)
    kept, dropped = made["keywords"]
    assert (kept["keyword"], kept["whole_word"], made["filter_action"]) == ("meeting", True, "hide")
    assert made["expires_at"] is not None
    changes = [
        {"id": kept["id"], "keyword": "meetings"},
        {"id": dropped["id"], "_destroy": True},
        {"keyword": "#lunch"},
    ]
    changed = entity(
        await anna.api.put(f"{V2}/{made['id']}", json={"title": "Later", "keywords_attributes": changes}), "Filter"
    )

    assert changed["title"] == "Later"
    assert [word["keyword"] for word in changed["keywords"]] == ["meetings", "#lunch"]
    assert entities(await anna.api.get(V2), "Filter") == [changed]
    assert entity(await anna.api.get(f"{V2}/{made['id']}"), "Filter") == changed
    for seconds in (2**63 - 1, 10**12):
        latest = entity(await anna.api.put(f"{V2}/{made['id']}", data={"expires_in": seconds}), "Filter")
        assert latest["expires_at"] > "2100"
    assert refusal(await anna.api.put(f"{V2}/{made['id']}", data={"expires_in": 2**63}), 422)
    forever = entity(await anna.api.put(f"{V2}/{made['id']}", data={"expires_in": ""}), "Filter")
    assert forever["expires_at"] is None
    assert success(await anna.api.delete(f"{V2}/{made['id']}")) == {}
    assert refusal(await anna.api.get(f"{V2}/{made['id']}"), 404) == "Record not found"


async def test_rows_of_a_form_are_told_apart_by_their_order(working: WorkingServer) -> None:
    """Rails' brackets without indexes: a new row begins where a key comes again."""
    anna = await working.person("anna")
    form = "title=test&context[]=public&keywords_attributes[][keyword]=foo&keywords_attributes[][whole_word]=false"
    form += "&keywords_attributes[][keyword]=bar&keywords_attributes[][whole_word]=true"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    made = entity(await anna.api.post(V2, content=form, headers=headers), "Filter")
    first, second = made["keywords"]
    assert [(word["keyword"], word["whole_word"]) for word in (first, second)] == [("foo", False), ("bar", True)]

    change = f"keywords_attributes[][id]={first['id']}&keywords_attributes[][_destroy]=true"
    change += f"&keywords_attributes[][id]={second['id']}&keywords_attributes[][keyword]=baz"
    changed = entity(await anna.api.put(f"{V2}/{made['id']}?{change}"), "Filter")

    assert changed["keywords"] == [{"id": second["id"], "keyword": "baz", "whole_word": True}]


async def test_keywords_and_statuses_have_methods_of_their_own(working: WorkingServer) -> None:
    """Each is added, read, listed, changed and removed by itself."""
    anna, bert = await working.person("anna"), await working.person("bert")
    one = await make(anna)
    status = await post(bert, "Look at this")

    word = entity(await anna.api.post(f"{V2}/{one['id']}/keywords", data={"keyword": "cake"}), "FilterKeyword")
    assert word["whole_word"] is False
    changed = entity(
        await anna.api.put(f"{V2}/keywords/{word['id']}", data={"keyword": "pie", "whole_word": "true"}),
        "FilterKeyword",
    )
    assert entities(await anna.api.get(f"{V2}/{one['id']}/keywords"), "FilterKeyword") == [changed]
    assert entity(await anna.api.get(f"{V2}/keywords/{word['id']}"), "FilterKeyword") == changed
    named = {"status_id": status["id"]}
    entry = entity(await anna.api.post(f"{V2}/{one['id']}/statuses", data=named), "FilterStatus")
    assert entity(await anna.api.post(f"{V2}/{one['id']}/statuses", data=named), "FilterStatus") == entry
    assert entities(await anna.api.get(f"{V2}/{one['id']}/statuses"), "FilterStatus") == [entry]
    assert entity(await anna.api.get(f"{V2}/statuses/{entry['id']}"), "FilterStatus") == entry
    (match,) = await filtered(anna, status["id"])
    assert (match["status_matches"], match["keyword_matches"]) == ([status["id"]], None)

    assert success(await anna.api.delete(f"{V2}/keywords/{word['id']}")) == {}
    assert success(await anna.api.delete(f"{V2}/statuses/{entry['id']}")) == {}

    emptied = entity(await anna.api.get(f"{V2}/{one['id']}"), "Filter")
    assert (emptied["keywords"], emptied["statuses"]) == ([], [])
    assert await filtered(anna, status["id"]) == []


async def test_matches_are_told_wherever_statuses_are(working: WorkingServer) -> None:
    """Timelines, boosts, notifications and streams say what matched; authors never filter themselves."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(anna, bert)
    await make(anna, "meeting", filter_action="warn")

    async with listening(anna.api, "user") as events:
        status = await post(bert, "@anna The MEETING is at nine")
        heard = dict([await events.next(), await events.next()])
    await working.settle()

    (match,) = heard["update"]["filtered"]
    assert match["keyword_matches"] == ["meeting"]
    assert "keywords" not in match["filter"]
    assert heard["notification"]["status"]["filtered"] == [match]
    (home,) = entities(await anna.api.get("/api/v1/timelines/home"), "Status")
    assert home["filtered"][0]["filter"]["title"] == "Quiet please"
    (told,) = entities(await anna.api.get("/api/v1/notifications"), "Notification")
    assert told["status"]["filtered"] == home["filtered"]
    boost = entity(await bert.api.post(f"/api/v1/statuses/{status['id']}/reblog"), "Status")
    assert await filtered(anna, boost["id"]) == home["filtered"]
    own = await post(anna, "Which meeting?")
    assert await filtered(anna, own["id"]) == []
    assert await filtered(bert, status["id"]) == []


@pytest.mark.parametrize(
    ("keyword", "whole_word", "text", "matches"),
    [
        ("art", True, "The art of it", True),
        ("art", True, "A party", False),
        ("art", False, "A party", True),
        ("#fun", True, "Some #fun here", True),
        ("c++", True, "I write C++ daily", True),
        ("grüße", True, "Viele GRÜSSE", False),
        ("grüße", True, "Viele Grüße!", True),
        ("a<b", False, "if a<b then", True),
        ("strong", True, "Nothing of the kind", False),
        ("one two", True, "one two", True),
        ("(", False, "an open ( bracket", True),
        ("art", True, "art", True),
        ("art", True, "art_work and part, parts", False),
        ("ΟΔΟΣ", True, "Στην οδός και οδος", True),
        ("οδοσ", False, "ΟΔΟΣ", True),
        ("#", True, "all # of it", True),
        ("x#", True, "ax# x#y", True),
    ],
)
async def test_what_matches(
    working: WorkingServer, keyword: str, text: str, *, whole_word: bool, matches: bool
) -> None:
    """Letters of any case, of words people see; whole words end where their letters do."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await make(anna, keywords_attributes=[{"keyword": keyword, "whole_word": whole_word}])

    status = await post(bert, text)

    assert bool(await filtered(anna, status["id"])) is matches


def test_s25_hostile_keywords_take_linear_time() -> None:
    """S25: as many keywords as somebody may have, each nearly what is there, end in time, and leave nothing behind.

    As alternatives of an expression they took a second for each status, and a quarter of one to be compiled.
    """
    words = [
        FilterKeyword(
            id=number,
            filter_id=1,
            keyword=("a" * (number % 500) + "b" + "a" * 500)[:KEYWORD_MAX],
            whole_word=number % 2 > 0,
        )
        for number in range(KEYWORDS_OF_ACCOUNT_MAX)
    ]
    hostile = Filter(
        id=1, account_id=AccountId(1), title="", contexts=(), action=FilterAction.WARN, expires_at=None,
        keywords=tuple(words),
    )  # fmt: skip
    texts = {StatusId(number): "a" * 2000 for number in range(40)} | {StatusId(40): f"The end: {words[7].keyword}"}

    found = match([hostile], texts)

    assert words[7].keyword in found[StatusId(40)][0].keywords
    assert found.keys() == {StatusId(40)}


def test_what_stands_in_two_statuses_is_in_neither() -> None:
    """No keyword is found across the end of a status, and one that stands in several is found in each."""
    words = [
        FilterKeyword(id=number, filter_id=1, keyword=keyword, whole_word=whole_word)
        for number, (keyword, whole_word) in enumerate(
            (word, whole) for word in ("end", "d b", "#") for whole in (True, False)
        )
    ]
    one = Filter(
        id=1, account_id=AccountId(1), title="", contexts=(), action=FilterAction.WARN, expires_at=None,
        keywords=tuple(words),
    )  # fmt: skip
    texts = {StatusId(1): "the end", StatusId(2): "begin", StatusId(3): "", StatusId(4): "# end", StatusId(5): "#"}

    found = {status_id: [*matches[0].keywords] for status_id, matches in match([one], texts).items()}

    assert found == {1: ["end", "end"], 4: ["end", "end", "#", "#"], 5: ["#", "#"]}


async def test_warnings_and_descriptions_are_searched_too(working: WorkingServer) -> None:
    """A filtered word in a content warning or in the description of a picture counts."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await make(anna, "spiders")
    picture = await upload(bert, description="Three spiders")

    warned = await post(bert, "Nothing to see", spoiler_text="Spiders")
    pictured = await post(bert, "Look", media_ids=[picture["id"]])

    assert await filtered(anna, warned["id"])
    assert await filtered(anna, pictured["id"])


async def test_an_expired_filter_matches_nothing(working: WorkingServer) -> None:
    """It stays listed, so that its owner may renew it."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await make(anna, "meeting", expires_in=60)
    status = await post(bert, "The meeting")
    assert await filtered(anna, status["id"])

    working.server.clock.advance(timedelta(minutes=2))

    assert await filtered(anna, status["id"]) == []
    assert len(entities(await anna.api.get(V2), "Filter")) == 1


async def test_filters_of_the_first_version_are_keywords(working: WorkingServer) -> None:
    """Both versions of the methods speak of the same filters."""
    anna = await working.person("anna")

    wanted = {"phrase": "meeting", "context[]": "home", "irreversible": "true", "expires_in": str(2**63 - 1)}
    made = entity(await anna.api.post(V1, data=wanted), "V1Filter")
    assert made["expires_at"] > "2100"
    (newer,) = entities(await anna.api.get(V2), "Filter")
    assert (newer["title"], newer["filter_action"], newer["keywords"][0]["id"]) == ("meeting", "hide", made["id"])
    changed = entity(
        await anna.api.put(f"{V1}/{made['id']}", data={"phrase": "party", "context[]": "public", "whole_word": "1"}),
        "V1Filter",
    )
    assert (changed["phrase"], changed["context"], changed["whole_word"]) == ("party", ["public"], True)
    assert entities(await anna.api.get(V1), "V1Filter") == [changed]
    assert entity(await anna.api.get(f"{V1}/{made['id']}"), "V1Filter") == changed
    assert success(await anna.api.delete(f"{V1}/{made['id']}")) == {}

    assert entities(await anna.api.get(V2), "Filter") == []


async def test_a_keyword_among_others_is_not_changed_behind_their_back(working: WorkingServer) -> None:
    """An old client may change the word, not what the whole filter does; removing it leaves the others."""
    anna = await working.person("anna")
    several = await make(anna, "one", "two")
    first = several["keywords"][0]["id"]

    said = refusal(await anna.api.put(f"{V1}/{first}", data={"phrase": "uno", "context[]": "public"}), 422)
    changed = entity(await anna.api.put(f"{V1}/{first}", data={"phrase": "uno", "context[]": "home"}), "V1Filter")
    await anna.api.delete(f"{V1}/{first}")

    assert "several keywords" in said
    assert changed["phrase"] == "uno"
    (left,) = entities(await anna.api.get(V2), "Filter")
    assert [word["keyword"] for word in left["keywords"]] == ["two"]


async def test_bad_filters_are_refused_with_every_reason(working: WorkingServer) -> None:
    """One answer names all that is wrong, and nothing is stored."""
    anna = await working.person("anna")

    said = refusal(await anna.api.post(V2, data={}), 422)
    assert said == (
        "Validation failed: Title can't be blank, Context can't be blank, Context None or invalid context supplied"
    )
    for fields, words in (
        ({"context": ["everywhere"]}, "invalid context"),
        ({"filter_action": "burn"}, "Action is not included in the list"),
        ({"title": "x" * 257}, "Title is too long"),
        ({"keywords_attributes": [{"keyword": " "}]}, "Keyword can't be blank"),
        ({"keywords_attributes": [{"keyword": "x" * 513}]}, "Keyword is too long"),
    ):
        wanted = {"title": "x", "context": ["home"], **fields}
        assert words in refusal(await anna.api.post(V2, json=wanted), 422)
    assert "Phrase can't be blank" in refusal(await anna.api.post(V1, data={"context[]": "home"}), 422)

    assert entities(await anna.api.get(V2), "Filter") == []


async def test_filters_and_their_words_are_limited(working: WorkingServer) -> None:
    """Of one filter, and of all of an account: each word costs on every page; what goes makes room for what comes."""
    anna, bert = await working.person("anna"), await working.person("bert")

    async def said(count: int, **fields: object) -> str:
        keywords = [{"keyword": f"word{number}"} for number in range(count)]
        wanted = {"title": "x", "context": ["home"], "keywords_attributes": keywords, **fields}
        return refusal(await anna.api.post(V2, json=wanted), 422)

    assert f"limited to {KEYWORDS_MAX}" in await said(KEYWORDS_MAX + 1)
    full = [await make(anna, *(f"word{number}" for number in range(KEYWORDS_MAX))) for _ in range(5)]
    assert KEYWORDS_OF_ACCOUNT_MAX == 5 * KEYWORDS_MAX
    assert f"limited to {KEYWORDS_OF_ACCOUNT_MAX}" in await said(1)
    another = await anna.api.post(f"{V2}/{full[0]['id']}/keywords", data={"keyword": "more"})
    assert f"limited to {KEYWORDS_MAX}" in refusal(another, 422)
    changes = [{"keyword": "more"}, {"id": full[0]["keywords"][0]["id"], "_destroy": True}]
    answer = await anna.api.put(f"{V2}/{full[0]['id']}", json={"keywords_attributes": changes})
    assert len(entity(answer, "Filter")["keywords"]) == KEYWORDS_MAX

    status = await post(bert, "One more, or word199")
    found = await filtered(anna, status["id"])
    assert [one["keyword_matches"] for one in found] == [["word199", "more"], *([["word199"]] * 4)]

    for _ in range(FILTERS_MAX - len(full)):
        await make(anna)
    assert f"limited to {FILTERS_MAX}" in await said(0)


async def test_filters_belong_to_one_account(working: WorkingServer) -> None:
    """S45: somebody else's filter, keyword or entry does not exist, whatever is tried."""
    anna, bert = await working.person("anna"), await working.person("bert")
    one = await make(anna, "meeting")
    word = one["keywords"][0]["id"]
    status = await post(anna, "Mine")
    other = await make(bert)
    entry = entity(await anna.api.post(f"{V2}/{one['id']}/statuses", data={"status_id": status["id"]}), "FilterStatus")

    answers = [
        await bert.api.get(f"{V2}/{one['id']}"),
        await bert.api.put(f"{V2}/{one['id']}", data={"title": "Mine"}),
        await bert.api.delete(f"{V2}/{one['id']}"),
        await bert.api.get(f"{V2}/{one['id']}/keywords"),
        await bert.api.post(f"{V2}/{one['id']}/keywords", data={"keyword": "x"}),
        await bert.api.get(f"{V2}/{one['id']}/statuses"),
        await bert.api.post(f"{V2}/{one['id']}/statuses", data={"status_id": status["id"]}),
        await bert.api.get(f"{V2}/keywords/{word}"),
        await bert.api.put(f"{V2}/keywords/{word}", data={"keyword": "x"}),
        await bert.api.delete(f"{V2}/keywords/{word}"),
        await bert.api.get(f"{V2}/statuses/{entry['id']}"),
        await bert.api.delete(f"{V2}/statuses/{entry['id']}"),
        await bert.api.put(f"{V2}/{other['id']}", json={"keywords_attributes": [{"id": word, "keyword": "x"}]}),
        await bert.api.get(f"{V1}/{word}"),
        await bert.api.put(f"{V1}/{word}", data={"phrase": "x", "context[]": "home"}),
        await bert.api.delete(f"{V1}/{word}"),
    ]

    assert {refusal(answer, 404) for answer in answers} == {"Record not found"}
    assert entity(await anna.api.get(f"{V2}/{one['id']}"), "Filter")["keywords"] == one["keywords"]


async def test_a_status_that_cannot_be_seen_cannot_be_named(working: WorkingServer) -> None:
    """S47: naming it is no way to find out that it exists."""
    anna, bert = await working.person("anna"), await working.person("bert")
    one = await make(anna)
    hidden = await post(bert, "Not for anna", visibility="private")

    for status_id in (hidden["id"], "1", "x"):
        answer = await anna.api.post(f"{V2}/{one['id']}/statuses", data={"status_id": status_id})
        assert refusal(answer, 404) == "Record not found"
