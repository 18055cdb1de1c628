"""Whose notifications wait for a yes. Spec: Mastodon API, methods/notifications."""

from typing import Any, Final

from tests.contract.checks import Operation, Section, ids, shows
from tests.contract.paging import pages
from tests.contract.people import Person
from tests.contract.scene import Scene

section: Final = Section("notifications")

_POLICY: Final = "/api/v2/notifications/policy"
_REQUESTS: Final = "/api/v1/notifications/requests"


async def _asked(scene: Scene, count: int = 1) -> tuple[Person, list[Person], list[Any]]:
    """Somebody who hears only of those they follow, strangers who named them, and the requests, newest first."""
    person, *strangers = await scene.people(count + 1)
    await person.patch(_POLICY, for_not_following="filter")
    for stranger in strangers:
        await stranger.status(f"@{person.username} hello")
        await scene.settle()
    return person, strangers, await person.get(_REQUESTS)


@section("GET /api/v2/notifications/policy", "read:notifications")
async def policy(op: Operation, scene: Scene) -> None:
    """Everything is let through at first; the summary counts what waits."""
    person, _, _ = await _asked(scene)
    shows(await op.call(scene.bob), for_not_following="accept", for_new_accounts="accept", for_not_followers="accept")
    found = await op.call(person)
    shows(found, for_not_following="filter")
    assert found["summary"] == {"pending_requests_count": 1, "pending_notifications_count": 1}, found


@section("PATCH /api/v2/notifications/policy", "write:notifications")
async def change_policy(op: Operation, scene: Scene) -> None:
    """Each kind is accepted, filtered or dropped."""
    person, stranger = await scene.people(2)
    wanted = {
        "for_not_following": "drop",
        "for_not_followers": "accept",
        "for_new_accounts": "filter",
        "for_private_mentions": "accept",
        "for_limited_accounts": "drop",
    }
    shows(await op.call(person, json=wanted), **wanted)
    shows(await person.get(_POLICY), **wanted)
    await stranger.status(f"@{person.username} hello")
    await scene.settle()
    assert await person.get("/api/v1/notifications") == []
    assert await person.get(_REQUESTS) == [], "what is dropped waits for nothing"
    await op.refuse(422, person, json={"for_not_following": "perhaps"})


@section("GET /api/v1/notifications/requests", "read:notifications")
async def every(op: Operation, scene: Scene) -> None:
    """Who waits to be heard."""
    person, strangers, found = await _asked(scene, 3)
    assert [one["account"]["id"] for one in found] == [one.id for one in reversed(strangers)], found
    shows((await op.call(person))[0], notifications_count="1")
    assert "hello" in found[0]["last_status"]["content"], found[0]
    await pages(op, person, ids(found), cursors_are_ids=True)
    assert await person.get("/api/v1/notifications") == []
    assert len(await person.get("/api/v1/notifications", include_filtered="true")) == 3


@section("GET /api/v1/notifications/requests/{id}", "read:notifications")
async def one(op: Operation, scene: Scene) -> None:
    """One of them; those of others do not exist."""
    person, (stranger,), (request,) = await _asked(scene)
    found = await op.call(person, id=request["id"])
    shows(found, id=request["id"])
    shows(found["account"], id=stranger.id)
    await op.refuse(404, scene.bob, "Record not found", id=request["id"])


@section("POST /api/v1/notifications/requests/{id}/accept", "write:notifications")
async def accept(op: Operation, scene: Scene) -> None:
    """They are heard, now and from now on."""
    person, (stranger,), (request,) = await _asked(scene)
    await op.refuse(404, scene.bob, "Record not found", id=request["id"])
    assert await op.call(person, id=request["id"]) == {}
    await scene.settle()
    await stranger.status(f"@{person.username} thanks")
    await scene.settle()
    assert len(await person.get("/api/v1/notifications")) == 2
    assert await person.get(_REQUESTS) == []


@section("POST /api/v1/notifications/requests/{id}/dismiss", "write:notifications")
async def dismiss(op: Operation, scene: Scene) -> None:
    """The request goes without an answer."""
    person, _, (request,) = await _asked(scene)
    assert await op.call(person, id=request["id"]) == {}
    assert await person.get(_REQUESTS) == []
    assert await person.get("/api/v1/notifications") == []


@section("POST /api/v1/notifications/requests/accept", "write:notifications")
async def accept_several(op: Operation, scene: Scene) -> None:
    """Several at once."""
    person, _, requests = await _asked(scene, 2)
    assert await op.call(person, json={"id": ids(requests)}) == {}
    await scene.settle()
    assert len(await person.get("/api/v1/notifications")) == 2
    assert await person.get(_REQUESTS) == []


@section("POST /api/v1/notifications/requests/dismiss", "write:notifications")
async def dismiss_several(op: Operation, scene: Scene) -> None:
    """Several at once."""
    person, _, requests = await _asked(scene, 2)
    assert await op.call(person, data={"id[]": ids(requests)}) == {}
    assert await person.get(_REQUESTS) == []


@section("GET /api/v1/notifications/requests/merged", "read:notifications")
async def merged(op: Operation, scene: Scene) -> None:
    """Whether what was accepted stands among the notifications."""
    person, _, (request,) = await _asked(scene)
    await person.post(f"{_REQUESTS}/{request['id']}/accept")

    async def look() -> bool | None:
        return (await op.call(person))["merged"] or None

    await scene.until(look, "accepted notifications to be merged")
    assert len(await person.get("/api/v1/notifications")) == 1
