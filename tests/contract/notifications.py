"""Notifications one by one and in groups. Spec: Mastodon API, methods/notifications and grouped_notifications."""

from collections.abc import Mapping
from typing import Any, Final

from tests.contract.checks import Operation, Section, ids, shows
from tests.contract.paging import pages
from tests.contract.people import Person
from tests.contract.scene import Scene
from tests.contract.told import KINDS, told_of_everything

section: Final = Section("notifications")


async def _heard(scene: Scene) -> tuple[Person, list[str], dict[str, Any]]:
    """Somebody to whom everything that notifies happened: kinds, newest first, and the status it is about."""
    person, fan = await scene.people(2)
    status = await person.status("Look at this", quote_approval_policy="public")
    await fan.follow(person)
    await fan.post(f"/api/v1/statuses/{status['id']}/favourite")
    await fan.post(f"/api/v1/statuses/{status['id']}/reblog")
    # Jobs tell of boosts and answers, and what is queued at the same moment may be told in any order.
    await scene.settle()
    await fan.reply(status, "I looked")
    await scene.settle()
    return person, ["mention", "reblog", "favourite", "follow"], status


@section("GET /api/v1/notifications", "read:notifications")
async def every(op: Operation, scene: Scene) -> None:
    """What happened that concerns one, newest first, chosen by kind and by who did it."""
    person, kinds, status = await _heard(scene)
    found = await op.call(person)
    assert [one["type"] for one in found] == kinds, found
    shows(found[1]["status"], id=status["id"])
    fan = found[0]["account"]["id"]
    await pages(op, person, ids(found), cursors_are_ids=True)
    for params, wanted in (
        ({"types[]": ["follow", "mention"]}, ["mention", "follow"]),
        ({"exclude_types[]": ["mention"]}, kinds[1:]),
        ({"account_id": fan}, kinds),
        ({"account_id": scene.bob.id}, []),
    ):
        seen = [one["type"] for one in await op.call(person, params=params)]
        assert seen == wanted, f"{params} gives {seen}, not {wanted}"
    assert await op.call(await scene.person()) == []
    busy = await told_of_everything(scene)
    found = await op.call(busy, params={"limit": 80})
    assert {one["type"] for one in found} == KINDS, f"not told: {KINDS - {one['type'] for one in found}}"
    for one in found:
        for name in _ATTACHED.get(one["type"], ("status",)):
            assert one.get(name), f"{one['type']} comes without {name}"
    simple = await op.call(busy, params={"limit": 80, "supported_types[]": ["mention"]})
    assert any(one.get("fallback") for one in simple), "nothing is put in words for a client that knows little"
    staff = await op.call(scene.admin, params={"types[]": ["admin.sign_up", "admin.report"]})
    assert all(one["report"] for one in staff if one["type"] == "admin.report"), staff


# What comes with a notification of a kind; with the others comes a status.
_ATTACHED: Final[Mapping[str, tuple[str, ...]]] = {
    "follow": (),
    "follow_request": (),
    "added_to_collection": ("collection",),
    "collection_update": ("collection",),
    "severed_relationships": ("event",),
    "moderation_warning": ("moderation_warning",),
}


@section("GET /api/v1/notifications/{id}", "read:notifications")
async def one(op: Operation, scene: Scene) -> None:
    """One of one's own; those of others do not exist."""
    person, _, _ = await _heard(scene)
    (first, *_) = await person.get("/api/v1/notifications")
    shows(await op.call(person, id=first["id"]), id=first["id"], type="mention", group_key=first["group_key"])
    await op.refuse(404, scene.bob, "Record not found", id=first["id"])


@section("POST /api/v1/notifications/{id}/dismiss", "write:notifications")
async def dismiss(op: Operation, scene: Scene) -> None:
    """One goes, the others stay."""
    person, kinds, _ = await _heard(scene)
    (first, *_) = await person.get("/api/v1/notifications")
    await op.refuse(404, scene.bob, "Record not found", id=first["id"])
    assert await op.call(person, id=first["id"]) == {}
    left = [one["type"] for one in await person.get("/api/v1/notifications")]
    assert left == kinds[1:], f"{first['type']} goes, {left} stay"


@section("POST /api/v1/notifications/clear", "write:notifications")
async def clear(op: Operation, scene: Scene) -> None:
    """All go."""
    person, _, _ = await _heard(scene)
    assert await op.call(person) == {}
    assert await person.get("/api/v1/notifications") == []


@section("GET /api/v1/notifications/unread_count", "read:notifications")
async def unread_count(op: Operation, scene: Scene) -> None:
    """How many are newer than the marker."""
    person, kinds, _ = await _heard(scene)
    assert await op.call(person) == {"count": len(kinds)}
    assert await op.call(person, params={"types[]": ["follow"]}) == {"count": 1}
    assert await op.call(person, params={"limit": 2}) == {"count": 2}
    (_, second, *_) = await person.get("/api/v1/notifications")
    await person.post("/api/v1/markers", notifications={"last_read_id": second["id"]})
    assert await op.call(person) == {"count": 1}


@section("GET /api/v2/notifications", "read:notifications")
async def groups(op: Operation, scene: Scene) -> None:
    """What happened to the same thing stands in one group, with who did it."""
    person, first, second = await scene.people(3)
    status = await person.status("Popular")
    for fan in (first, second):
        await fan.post(f"/api/v1/statuses/{status['id']}/favourite")
    await second.reply(status, "Nice")
    await scene.settle()
    found = await op.call(person)
    mention, favourite = found["notification_groups"]
    shows(mention, type="mention", notifications_count=1, sample_account_ids=[second.id])
    assert mention["group_key"].startswith("ungrouped-"), mention
    shows(favourite, type="favourite", notifications_count=2, status_id=status["id"])
    shows(favourite, sample_account_ids=[second.id, first.id])
    assert set(ids(found["accounts"])) == {first.id, second.id}, found["accounts"]
    assert status["id"] in ids(found["statuses"])
    for name in ("page_min_id", "page_max_id", "latest_page_notification_at"):
        assert favourite[name], favourite
    apart = await op.call(person, params={"grouped_types[]": ["follow"]})
    assert [group["type"] for group in apart["notification_groups"]] == ["mention", "favourite", "favourite"], apart
    chosen = await op.call(person, params={"types[]": ["mention"]})
    assert [group["type"] for group in chosen["notification_groups"]] == ["mention"], chosen
    everything = await op.call(await told_of_everything(scene), params={"limit": 80, "supported_types[]": ["mention"]})
    assert {group["type"] for group in everything["notification_groups"]} == KINDS, everything["notification_groups"]
    partial = await op.call(person, params={"expand_accounts": "partial_avatars"})
    assert "partial_accounts" in partial, partial
    page = await op.ask(person, params={"limit": 1})
    assert len(page.json()["notification_groups"]) == 1
    rest = (await person.http.get(page.links["next"]["url"])).json()
    assert [group["type"] for group in rest["notification_groups"]] == ["favourite"], rest


async def _favourites(scene: Scene) -> tuple[Person, list[Person], str]:
    person, *fans = await scene.people(3)
    status = await person.status("Popular")
    for fan in fans:
        await fan.post(f"/api/v1/statuses/{status['id']}/favourite")
    await scene.settle()
    found = await person.get("/api/v2/notifications")
    return person, fans, found["notification_groups"][0]["group_key"]


@section("GET /api/v2/notifications/{group_key}", "read:notifications")
async def group(op: Operation, scene: Scene) -> None:
    """One group by its key."""
    person, fans, key = await _favourites(scene)
    found = await op.call(person, group_key=key)
    (only,) = found["notification_groups"]
    shows(only, group_key=key, type="favourite", notifications_count=len(fans))
    await op.refuse(404, scene.bob, "Record not found", group_key=key)
    await op.refuse(404, person, "Record not found", group_key="ungrouped-999")


@section("GET /api/v2/notifications/{group_key}/accounts", "write:notifications|read:notifications")
async def group_accounts(op: Operation, scene: Scene) -> None:
    """Everybody in a group."""
    person, fans, key = await _favourites(scene)
    assert set(ids(await op.call(person, group_key=key))) == {fan.id for fan in fans}


@section("POST /api/v2/notifications/{group_key}/dismiss", "write:notifications")
async def dismiss_group(op: Operation, scene: Scene) -> None:
    """A whole group goes."""
    person, _, key = await _favourites(scene)
    assert await op.call(person, group_key=key) == {}
    assert await person.get("/api/v1/notifications") == []


@section("GET /api/v2/notifications/unread_count", "read:notifications")
async def unread_groups(op: Operation, scene: Scene) -> None:
    """How many groups are newer than the marker."""
    person, fans, _ = await _favourites(scene)
    assert await op.call(person) == {"count": 1}
    assert await op.call(person, params={"grouped_types[]": ["follow"]}) == {"count": len(fans)}
    (newest, *_) = await person.get("/api/v1/notifications")
    await person.post("/api/v1/markers", notifications={"last_read_id": newest["id"]})
    assert await op.call(person) == {"count": 0}
