"""Notifications in groups over the client API: what is told as one, pages of groups, and who may see them."""

from datetime import timedelta
from typing import Any

import pytest

from fedorg.domain.accounts import Account, UserRole
from fedorg.ids import StatusId
from fedorg.services import interactions, registration, relationships
from fedorg.services.registration import SignUp
from fedorg.store.notifications import groups as stored_groups
from tests.node.counting import about_things, counted_queries
from tests.node.serving import PASSWORD, Member, NodeServer
from tests.node.talking import entity, links, post, refusal, success
from tests.node.world import insert_member

GROUPS = "/api/v2/notifications"


async def fans(server: NodeServer, count: int) -> list[Account]:
    """Accounts of this node without a login, for crowds."""
    return [await insert_member(server.node, f"fan{number}") for number in range(count)]


async def favourite(server: NodeServer, made: Any, *people: Account) -> None:  # noqa: ANN401 - JSON
    for person in people:
        await interactions.favourite(server.node, person, StatusId(int(made["id"])))


async def groups(member: Member, **params: Any) -> list[Any]:  # noqa: ANN401 - JSON
    found: list[Any] = entity(await member.api.get(GROUPS, params=params), "GroupedNotificationsResults")[
        "notification_groups"
    ]
    return found


def shape(found: list[Any]) -> list[tuple[str, int]]:
    return [(group["type"], group["notifications_count"]) for group in found]


async def test_favourites_boosts_and_follows_are_told_as_one(node_server: NodeServer) -> None:
    """One group for each status and kind, one for all follows; eight of the last accounts are named, each once."""
    anna = await node_server.person("anna")
    first, second = await post(anna, "First"), await post(anna, "Second")
    people = await fans(node_server, 10)
    await favourite(node_server, first, *people)
    await favourite(node_server, second, *people[:2])
    for person in people[:3]:
        await relationships.follow(node_server.node, person, anna.user.account_id)

    found = entity(await anna.api.get(GROUPS), "GroupedNotificationsResults")

    assert shape(found["notification_groups"]) == [("follow", 3), ("favourite", 2), ("favourite", 10)]
    follows, of_second, of_first = found["notification_groups"]
    latest = [str(person.id) for person in reversed(people)]
    assert of_first["sample_account_ids"] == latest[:8]
    assert of_second["sample_account_ids"] == latest[8:]
    assert [group.get("status_id") for group in (follows, of_second, of_first)] == [None, second["id"], first["id"]]
    assert of_first["group_key"].startswith(f"favourite-{first['id']}-")
    assert {one["id"] for one in found["accounts"]} == {*latest}
    assert len(found["accounts"]) == len(latest)
    assert [one["id"] for one in found["statuses"]] == [second["id"], first["id"]]
    assert "partial_accounts" not in found
    told = success(
        await anna.api.get("/api/v1/notifications", params={"types[]": "favourite", "account_id": latest[0]})
    )
    assert [one["group_key"] for one in told] == [of_first["group_key"]]


async def test_a_group_takes_in_half_a_day(node_server: NodeServer) -> None:
    """What comes within twelve hours of a group's beginning belongs to it, later things begin another one."""
    anna = await node_server.person("anna")
    made = await post(anna, "Loved for long")
    people = await fans(node_server, 4)
    await favourite(node_server, made, people[0])
    for person, hours in zip(people[1:], (6, 4, 8), strict=True):
        node_server.clock.advance(timedelta(hours=hours))
        await favourite(node_server, made, person)

    newer, older = await groups(anna)

    assert (newer["notifications_count"], older["notifications_count"]) == (1, 3)
    assert newer["group_key"] != older["group_key"]


async def test_pages_of_groups_go_both_ways(node_server: NodeServer) -> None:
    """A page is filled with groups, not with notifications; what lies on it, and around it, is said exactly."""
    anna = await node_server.person("anna")
    made = [await post(anna, f"Number {number}") for number in range(3)]
    people = await fans(node_server, 3)
    for person in people:
        for one in made:
            await favourite(node_server, one, person)
    # Newest first: 9 8 7 (last fan: third, second, first status), 6 5 4, 3 2 1.
    ids = [one["id"] for one in success(await anna.api.get("/api/v1/notifications"))]

    page = await anna.api.get(GROUPS, params={"limit": 2})
    third, second = page.json()["notification_groups"]

    assert (third["status_id"], second["status_id"]) == (made[2]["id"], made[1]["id"])
    assert (third["notifications_count"], second["notifications_count"]) == (3, 3)
    assert third["most_recent_notification_id"] == int(ids[0])
    # The page goes from notification 9 to 8: of each group one lies on it.
    assert (third["page_min_id"], third["page_max_id"]) == (ids[0], ids[0])
    assert (second["page_min_id"], second["page_max_id"]) == (ids[1], ids[1])
    following = await anna.api.get(links(page)["next"])
    assert f"max_id={ids[1]}" in links(page)["next"]
    first, third_again = following.json()["notification_groups"]
    assert (first["status_id"], first["page_max_id"]) == (made[0]["id"], ids[2])
    # The rest of a group comes on a later page under the same key, with what had come until then.
    assert (third_again["group_key"], third_again["page_max_id"]) == (third["group_key"], ids[3])
    assert third_again["notifications_count"] == 2
    last = await groups(anna, limit=40, max_id=ids[5])
    assert [one["status_id"] for one in last] == [one["id"] for one in reversed(made)]
    assert [one["page_min_id"] for one in last] == ids[6:]
    assert await groups(anna, max_id=ids[8]) == []

    # Forwards, each group is met by the oldest notification that is newer than the cursor.
    forwards = await anna.api.get(GROUPS, params={"limit": 2, "min_id": ids[5]})
    assert [(one["status_id"], one["page_max_id"]) for one in forwards.json()["notification_groups"]] == [
        (made[2]["id"], ids[3]),
        (made[1]["id"], ids[4]),
    ]
    since = await groups(anna, since_id=ids[1])
    assert [(one["status_id"], one["page_min_id"]) for one in since] == [(made[2]["id"], ids[0])]


async def test_only_what_the_client_can_group_is_grouped(node_server: NodeServer) -> None:
    """With ``grouped_types`` all other kinds stand alone under keys of their own, which can be asked for."""
    anna = await node_server.person("anna")
    made = await post(anna, "x")
    people = await fans(node_server, 2)
    await favourite(node_server, made, *people)
    for person in people:
        await relationships.follow(node_server.node, person, anna.user.account_id)

    found = await groups(anna, **{"grouped_types[]": ["follow", "mention", "earthquake"]})

    assert shape(found) == [("follow", 2), ("favourite", 1), ("favourite", 1)]
    assert [one["group_key"] for one in found[1:]] == [
        f"ungrouped-{one['most_recent_notification_id']}" for one in found[1:]
    ]
    alone = entity(await anna.api.get(f"{GROUPS}/{found[1]['group_key']}"), "GroupedNotificationsResults")
    assert shape(alone["notification_groups"]) == [("favourite", 1)]
    assert shape(await groups(anna, **{"types[]": ["favourite"]})) == [("favourite", 2)]
    assert shape(await groups(anna, **{"exclude_types[]": ["favourite"]})) == [("follow", 2)]
    assert shape(await groups(anna, account_id=str(people[1].id))) == [("follow", 2), ("favourite", 2)]
    assert await groups(anna, **{"types[]": ["earthquake"]}) == []


async def test_accounts_beyond_the_latest_may_come_as_avatars(node_server: NodeServer) -> None:
    """``partial_avatars`` writes only the latest account of each group in full; other values are refused."""
    anna = await node_server.person("anna")
    made = await post(anna, "x")
    people = await fans(node_server, 3)
    await favourite(node_server, made, *people)

    answer = await anna.api.get(GROUPS, params={"expand_accounts": "partial_avatars"})
    found = entity(answer, "GroupedNotificationsResults")

    assert [one["id"] for one in found["accounts"]] == [str(people[2].id)]
    assert [one["acct"] for one in found["partial_accounts"]] == ["fan1", "fan0"]
    assert "note" not in found["partial_accounts"][0]
    assert "partial_avatars" in refusal(await anna.api.get(GROUPS, params={"expand_accounts": "none"}), 400)


async def test_a_group_is_its_owners_alone(node_server: NodeServer) -> None:
    """S45: got, listed and dismissed by its key by whoever it is for; for others there is no such group."""
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    made = await post(anna, "x")
    people = await fans(node_server, 3)
    await favourite(node_server, made, *people)
    (group,) = await groups(anna)
    path = f"{GROUPS}/{group['group_key']}"

    only = entity(await anna.api.get(path), "GroupedNotificationsResults")["notification_groups"][0]
    assert (only["notifications_count"], only["group_key"]) == (3, group["group_key"])
    assert "page_min_id" not in only
    page = await anna.api.get(f"{path}/accounts", params={"limit": 2})
    rest = await anna.api.get(links(page)["next"])
    assert [one["acct"] for one in (*page.json(), *rest.json())] == ["fan2", "fan1", "fan0"]

    for other in (path, f"{GROUPS}/ungrouped-{group['most_recent_notification_id']}", f"{GROUPS}/ungrouped-x"):
        assert refusal(await bert.api.get(other), 404) == "Record not found"
        assert success(await bert.api.get(f"{other}/accounts")) == []
        assert success(await bert.api.post(f"{other}/dismiss")) == {}
    assert shape(await groups(anna)) == [("favourite", 3)]
    assert success(await anna.api.post(f"{path}/dismiss")) == {}
    assert await groups(anna) == []
    assert refusal(await anna.api.get(path), 404) == "Record not found"


async def test_unread_groups_are_counted_from_the_marker(node_server: NodeServer) -> None:
    """A group counts once, as long as one of its notifications is newer than the marker; no more than the limit."""
    anna = await node_server.person("anna")
    first, second = await post(anna, "1"), await post(anna, "2")
    people = await fans(node_server, 3)
    await favourite(node_server, first, *people)
    await favourite(node_server, second, *people)

    async def unread(**params: Any) -> int:  # noqa: ANN401 - a query
        count: int = success(await anna.api.get(f"{GROUPS}/unread_count", params=params))["count"]
        return count

    assert await unread() == 2
    assert await unread(limit=1) == 1
    assert await unread(**{"grouped_types[]": "follow"}) == 6
    assert await unread(**{"types[]": "follow"}) == 0
    ids = [one["id"] for one in success(await anna.api.get("/api/v1/notifications"))]
    await anna.api.post("/api/v1/markers", json={"notifications": {"last_read_id": ids[3]}})
    assert await unread() == 1
    await anna.api.post("/api/v1/markers", json={"notifications": {"last_read_id": ids[0]}})
    assert await unread() == 0


async def test_of_a_flood_that_is_told_as_one_only_the_newest_are_looked_at(
    node_server: NodeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of 100,000 favourites was held against the others of its group whenever a client asked how many are new."""
    anna = await node_server.person("anna")
    first, second = await post(anna, "1"), await post(anna, "2")
    people = await fans(node_server, 3)
    await favourite(node_server, first, *people)
    await favourite(node_server, second, *people)

    counts = []
    for most in (3, 4):
        monkeypatch.setattr(stored_groups, "LOOKED_THROUGH_MAX", most)
        counts.append(success(await anna.api.get(f"{GROUPS}/unread_count"))["count"])

    assert counts == [1, 2]


async def test_a_group_shows_nothing_its_owner_may_not_see(node_server: NodeServer) -> None:
    """Groups about a status that is gone are gone; the way to older pages stays open behind what is hidden."""
    anna = await node_server.person("anna")
    gone, kept = await post(anna, "gone"), await post(anna, "kept")
    people = await fans(node_server, 2)
    await favourite(node_server, kept, *people)
    await favourite(node_server, gone, *people)
    page = await anna.api.get(GROUPS, params={"limit": 1})
    await anna.api.delete(f"/api/v1/statuses/{gone['id']}")

    assert shape(await groups(anna)) == [("favourite", 2)]
    rest = success(await anna.api.get(links(page)["next"]))
    assert [one["status_id"] for one in rest["notification_groups"]] == [kept["id"]]


async def test_staff_hear_of_many_who_sign_up_as_one(node_server: NodeServer) -> None:
    """People who registered lately stand in one group for each of those who look after the node."""
    owner, helper = [
        await node_server.person(name, role=role)
        for name, role in (("owner", UserRole.OWNER), ("helper", UserRole.ADMIN))
    ]
    for number in range(3):
        draft = SignUp(username=f"new{number}", email=f"new{number}@people.example", password=PASSWORD, agreement=True)
        await registration.sign_up(node_server.node, draft)

    for member in (owner, helper):
        (group,) = await groups(member)
        assert (group["type"], group["notifications_count"]) == ("admin.sign_up", 3)
        assert group["group_key"].startswith("admin.sign_up-")
        assert "status_id" not in group


async def test_a_page_of_notifications_costs_the_same_whatever_is_in_it(node_server: NodeServer) -> None:
    """Two or forty, of several kinds: the same number of queries."""
    anna = await node_server.person("anna")
    people = await fans(node_server, 10)
    for number in range(4):
        await favourite(node_server, await post(anna, f"{number}"), *people)
    costs = []
    for limit in (2, 40):
        with counted_queries() as made:
            assert len(success(await anna.api.get("/api/v1/notifications", params={"limit": limit}))) == limit
        costs.append(len(about_things(made)))

    assert costs[0] == costs[1]


async def test_a_page_of_groups_costs_the_same_whatever_is_in_it(node_server: NodeServer) -> None:
    """Two groups of one or twenty groups of six: the same number of queries."""
    few, many = await node_server.person("few"), await node_server.person("many")
    people = await fans(node_server, 6)
    for number in range(20):
        await favourite(node_server, await post(many, f"{number}"), *people)
    for number in range(2):
        await favourite(node_server, await post(few, f"{number}"), people[0])
    costs = []
    for member, count in ((few, 2), (many, 20)):
        with counted_queries() as made:
            assert len(await groups(member)) == count
        costs.append(len(about_things(made)))

    assert costs[0] == costs[1] > 1
