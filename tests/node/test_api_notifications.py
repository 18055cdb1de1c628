"""Notifications, markers and search over the client API."""

from typing import Any

import pytest

from tests.contract import assert_valid
from tests.node.serving import Member
from tests.node.talking import WorkingServer, entities, entity, follow, links, post, refusal, success


async def notifications(member: Member, **params: object) -> list[Any]:
    return entities(await member.api.get("/api/v1/notifications", params=params), "Notification")  # type: ignore[arg-type]


async def test_everything_that_concerns_somebody_is_told(working: WorkingServer) -> None:
    """Mention, favourite, boost, follow, follow request, a watched author's post and an edit each make their kind."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(bert, anna)
    made = await post(anna, "First")
    path = f"/api/v1/statuses/{made['id']}"
    await bert.api.post(f"{path}/favourite")
    await bert.api.post(f"{path}/reblog")
    await post(bert, "Hello @anna")
    await follow(anna, bert, notify=True)
    await post(bert, "A watched post")
    await working.settle()
    await anna.api.put(path, json={"status": "Second"})
    await working.settle()
    await anna.api.patch("/api/v1/accounts/update_credentials", data={"locked": "true"})
    await bert.api.post(f"/api/v1/accounts/{anna.id}/unfollow")
    await follow(bert, anna)

    told = await notifications(anna)
    assert {one["type"] for one in told} == {"mention", "favourite", "reblog", "status", "follow_request"}
    assert all(one["account"]["id"] == bert.id for one in told)
    assert all(("status" in one) == (one["type"] not in ("follow", "follow_request")) for one in told)
    assert "update" in {one["type"] for one in await notifications(bert)}


async def test_whom_a_status_names_is_told_of_it_and_nobody_else(working: WorkingServer) -> None:
    """Whoever was named in another status hears nothing of this one."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await post(anna, "@carl one")
    await working.settle()

    await post(anna, "@bert two")
    await post(anna, "@bert psst", visibility="direct")
    await working.settle()

    assert [len(await notifications(one)) for one in (bert, carl)] == [2, 1]
    assert [len(success(await one.api.get("/api/v1/conversations"))) for one in (bert, carl)] == [1, 0]


@pytest.mark.parametrize(("deed", "kind"), [("favourite", "favourite"), ("reblog", "reblog")])
async def test_what_is_taken_back_is_told_no_more_and_all_else_is(working: WorkingServer, deed: str, kind: str) -> None:
    """Of one who did several things, of several who did the same, and of several things it was done to."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    made, other = await post(anna, "First"), await post(anna, "Second")
    for fan, status in ((bert, made), (bert, other), (carl, made)):
        for done in ("favourite", "reblog"):
            success(await fan.api.post(f"/api/v1/statuses/{status['id']}/{done}"))
    await working.settle()

    async def told() -> set[tuple[str, str, str]]:
        return {(one["type"], one["account"]["id"], one["status"]["id"]) for one in await notifications(anna)}

    before = await told()
    assert len(before) == 6
    success(await bert.api.post(f"/api/v1/statuses/{made['id']}/un{deed}"))

    assert before - await told() == {(kind, bert.id, made["id"])}


async def test_an_edit_is_told_to_those_who_boosted_that_status(working: WorkingServer) -> None:
    """Not to those who boosted another; and the edit of another one takes nothing back."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    made, other = await post(anna, "First"), await post(anna, "Second")
    for fan, status in ((bert, made), (carl, other)):
        success(await fan.api.post(f"/api/v1/statuses/{status['id']}/reblog"))
    await working.settle()

    seen = []
    for status in (made, other):
        success(await anna.api.put(f"/api/v1/statuses/{status['id']}", json={"status": "Changed"}))
        await working.settle()
        updates = [await notifications(one, **{"types[]": "update"}) for one in (bert, carl)]
        seen.append([[one["status"]["id"] for one in found] for found in updates])

    assert seen == [[[made["id"]], []], [[made["id"]], [other["id"]]]]
    assert [one["type"] for one in await notifications(anna)] == ["reblog"] * 2


async def test_notifications_are_selected_and_paged(working: WorkingServer) -> None:
    """Types, excluded types and the other account select; the Link header turns pages; unknown types select nothing."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    made = await post(anna, "Popular")
    for fan in (bert, carl):
        await follow(fan, anna)
        await fan.api.post(f"/api/v1/statuses/{made['id']}/favourite")

    assert len(await notifications(anna)) == 4
    assert {one["type"] for one in await notifications(anna, **{"types[]": "follow"})} == {"follow"}
    assert {one["type"] for one in await notifications(anna, **{"exclude_types[]": "follow"})} == {"favourite"}
    assert {one["account"]["id"] for one in await notifications(anna, account_id=carl.id)} == {carl.id}
    assert await notifications(anna, **{"types[]": "earthquake"}) == []
    page, seen = await anna.api.get("/api/v1/notifications", params={"limit": "3"}), 0
    while found := entities(page, "Notification"):
        seen += len(found)
        page = await anna.api.get(links(page)["next"])
    assert seen == 4


async def test_notifications_are_dismissed_by_their_owner_alone(working: WorkingServer) -> None:
    """One is removed by its id, all by ``clear``; somebody else's does not exist (S45)."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(bert, anna)
    made = await post(anna, "x")
    await bert.api.post(f"/api/v1/statuses/{made['id']}/favourite")
    first, second = await notifications(anna)
    path = f"/api/v1/notifications/{first['id']}"
    assert entity(await anna.api.get(path), "Notification") == first
    assert refusal(await bert.api.get(path), 404) == "Record not found"
    assert refusal(await bert.api.post(f"{path}/dismiss"), 404) == "Record not found"
    await bert.api.post("/api/v1/notifications/clear")
    assert len(await notifications(anna)) == 2

    assert success(await anna.api.post(f"{path}/dismiss")) == {}
    assert await notifications(anna) == [second]
    assert success(await anna.api.post("/api/v1/notifications/clear")) == {}
    assert await notifications(anna) == []


async def test_the_marker_decides_what_counts_as_unread(working: WorkingServer) -> None:
    """Markers keep positions with growing versions, each account its own; what is newer than them is unread."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(bert, anna)
    (told,) = await notifications(anna)

    async def unread(**params: str) -> int:
        counted: int = success(await anna.api.get("/api/v1/notifications/unread_count", params=params))["count"]
        return counted

    assert await unread() == 1
    kind = told["type"]
    assert (await unread(**{"types[]": kind}), await unread(**{"exclude_types[]": kind})) == (1, 0)
    assert (await unread(account_id=bert.id), await unread(account_id=anna.id)) == (1, 0)
    assert await unread(**{"types[]": "earthquake"}) == 0
    for version in (1, 2):
        answer = success(await anna.api.post("/api/v1/markers", json={"notifications": {"last_read_id": told["id"]}}))
        assert_valid(answer["notifications"], "Marker")
        assert answer["notifications"]["version"] == version
    assert await unread() == 0

    both = {"timeline[]": ["home", "notifications", "elsewhere"]}
    assert list(success(await anna.api.get("/api/v1/markers", params=both))) == ["notifications"]
    assert success(await bert.api.get("/api/v1/markers", params=both)) == {}
    form = await anna.api.post("/api/v1/markers", data={"home[last_read_id]": "7"})
    assert success(form)["home"]["last_read_id"] == "7"
    for bad in ("-1", "x"):
        assert refusal(await anna.api.post("/api/v1/markers", data={"home[last_read_id]": bad}), 422)


async def test_search_finds_accounts_statuses_and_hashtags(working: WorkingServer) -> None:
    """A beginning finds people and hashtags, an address finds the status; ``type`` narrows it to one kind."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await post(anna, "About #Gardening")

    async def search(text: str, **params: str) -> Any:  # noqa: ANN401 - JSON
        return entity(await bert.api.get("/api/v2/search", params={"q": text, **params}), "Search")

    assert [one["id"] for one in (await search("ann"))["accounts"]] == [anna.id]
    assert [one["id"] for one in (await search("@anna"))["accounts"]] == [anna.id]
    for words in ("garden", "#GARDEN"):
        (tag,) = (await search(words))["hashtags"]
        assert tag["name"] == "gardening"
        assert (len(tag["history"]), tag["history"][0]["uses"], tag["history"][0]["accounts"]) == (7, "1", "1")
    for address in (made["uri"], made["url"]):
        assert [one["id"] for one in (await search(address))["statuses"]] == [made["id"]]
        assert (await search(address, type="accounts"))["statuses"] == []
        assert (await search(address, account_id=bert.id))["statuses"] == []
    found = entities(await bert.api.get("/api/v1/accounts/search", params={"q": "an", "following": "true"}), "Account")
    assert found == []
    for params in ({}, {"q": "  "}, {"q": "x", "type": "everything"}):
        assert refusal(await bert.api.get("/api/v2/search", params=params), 400)


async def test_search_finds_nothing_that_is_not_for_the_searcher(working: WorkingServer) -> None:
    """No private status by its address, no hashtag that only narrower statuses hold; and visitors may not search."""
    anna, bert = await working.person("anna"), await working.person("bert")
    hidden = await post(anna, "@anna #topsecret", visibility="direct")
    await post(anna, "#forfriends", visibility="private")

    for resolve in ("false", "true"):
        found = entity(await bert.api.get("/api/v2/search", params={"q": hidden["uri"], "resolve": resolve}), "Search")
        assert found["statuses"] == []
    for words in ("topsecret", "forfriends"):
        found = entity(await bert.api.get("/api/v2/search", params={"q": words}), "Search")
        assert found["hashtags"] == []
    assert refusal(await working.server.anonymous.get("/api/v2/search", params={"q": "a"}), 401)
    assert refusal(await working.server.anonymous.get("/api/v1/accounts/search", params={"q": "a"}), 401)


@pytest.mark.parametrize("offset", ["0", "1", "2", "3", "100000"])
async def test_search_is_paged_by_offset(working: WorkingServer, offset: str) -> None:
    """Each page begins where the one before ended."""
    reader = await working.person("reader")
    people = [await working.person(f"team{number}") for number in range(3)]

    found = entity(
        await reader.api.get(
            "/api/v2/search", params={"q": "team", "type": "accounts", "offset": offset, "limit": "2"}
        ),
        "Search",
    )

    assert len(found["accounts"]) == max(0, min(2, len(people) - int(offset)))


async def test_a_kind_that_is_named_often_is_asked_for_once(working: WorkingServer) -> None:
    """However often: each notification comes once, is counted once, and nothing breaks."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await post(bert, "@anna hello")
    await working.settle()
    for times in (2, 600):
        params = {"types[]": ["mention"] * times, "exclude_types[]": ["poll"] * times}

        one = success(await anna.api.get("/api/v1/notifications", params=params))
        groups = success(await anna.api.get("/api/v2/notifications", params=params))["notification_groups"]
        counts = [
            success(await anna.api.get(f"/api/{version}/notifications/unread_count", params=params))["count"]
            for version in ("v1", "v2")
        ]

        assert (len(one), len(groups), counts) == (1, 1, [1, 1]), times
