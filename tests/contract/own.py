"""What one keeps for oneself: marks, bookmarks, favourites, conversations, preferences, scheduled statuses."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.contract.checks import Operation, Section, ids, shows
from tests.contract.paging import pages
from tests.contract.people import Person
from tests.contract.scene import Scene

bookmarks: Final = Section("bookmarks")
favourites: Final = Section("favourites")
markers: Final = Section("markers")
conversations: Final = Section("conversations")
preferences: Final = Section("preferences")
scheduled_statuses: Final = Section("scheduled_statuses")


async def _marked(scene: Scene, action: str) -> tuple[Person, list[str]]:
    """Somebody who did something with four statuses, and their ids, the latest deed first."""
    person = await scene.person()
    made = [await scene.alice.status(f"Number {number}") for number in range(4)]
    # In another order than they were posted in, since deeds are counted, not statuses.
    for status in (made[1], made[0], made[3], made[2]):
        await person.post(f"/api/v1/statuses/{status['id']}/{action}")
    return person, [made[number]["id"] for number in (2, 3, 0, 1)]


@bookmarks("GET /api/v1/bookmarks", "read:bookmarks")
async def bookmarked(op: Operation, scene: Scene) -> None:
    """What one bookmarked, the latest bookmark first."""
    person, wanted = await _marked(scene, "bookmark")
    await pages(op, person, wanted)


@favourites("GET /api/v1/favourites", "read:favourites")
async def favourited(op: Operation, scene: Scene) -> None:
    """What one favourited, the latest first."""
    person, wanted = await _marked(scene, "favourite")
    await pages(op, person, wanted)


@markers("GET /api/v1/markers", "read:statuses")
async def marked(op: Operation, scene: Scene) -> None:
    """How far one has read, of the timelines that are asked for."""
    person = await scene.person()
    assert await op.call(person, params={"timeline[]": ["home", "notifications"]}) == {}
    await person.post("/api/v1/markers", home={"last_read_id": "100"}, notifications={"last_read_id": "5"})
    found = await op.call(person, params={"timeline[]": ["home"]})
    assert list(found) == ["home"], found
    shows(found["home"], last_read_id="100")
    assert await op.call(person) == {}


@markers("POST /api/v1/markers", "write:statuses")
async def mark(op: Operation, scene: Scene) -> None:
    """How far one has read is kept, with a version that counts up."""
    person = await scene.person()
    first = await op.call(person, data={"home[last_read_id]": "100"})
    shows(first["home"], last_read_id="100")
    second = await op.call(person, json={"home": {"last_read_id": "200"}})
    shows(second["home"], last_read_id="200")
    assert second["home"]["version"] > first["home"]["version"], (first, second)
    shows((await person.get("/api/v1/markers", timeline_=["home"]))["home"], last_read_id="200")


async def _talked(scene: Scene) -> tuple[Person, Person, Any]:
    """Two people, and the conversation they had as the first one sees it."""
    person, friend = await scene.people(2)
    sent = await friend.status(f"@{person.username} psst", visibility="direct")
    await friend.status(f"@{person.username} hello?", visibility="direct", in_reply_to_id=sent["id"])
    await scene.settle()
    (conversation,) = await person.get("/api/v1/conversations")
    return person, friend, conversation


@conversations("GET /api/v1/conversations", "read:statuses")
async def talked(op: Operation, scene: Scene) -> None:
    """Conversations, the liveliest first, with who is in them and what was said last."""
    person, friend, _ = await _talked(scene)
    (found,) = await op.call(person)
    shows(found, unread=True)
    assert ids(found["accounts"]) == [friend.id], found["accounts"]
    assert "hello?" in found["last_status"]["content"], found
    shows((await op.call(friend))[0], unread=False)
    for _ in range(2):
        await scene.alice.status(f"@{person.username} another", visibility="direct")
    await scene.settle()
    everything = ids(await op.call(person))
    assert len(everything) == 3, everything
    await pages(op, person, everything)


@conversations("POST /api/v1/conversations/{id}/read", "write:conversations")
async def read(op: Operation, scene: Scene) -> None:
    """One has read it."""
    person, _, conversation = await _talked(scene)
    await op.refuse(404, scene.bob, "Record not found", id=conversation["id"])
    shows(await op.call(person, id=conversation["id"]), id=conversation["id"], unread=False)
    shows((await person.get("/api/v1/conversations"))[0], unread=False)


@conversations("DELETE /api/v1/conversations/{id}", "write:conversations")
async def forget(op: Operation, scene: Scene) -> None:
    """It goes out of one's own list; the statuses stay, and so does the other's list."""
    person, friend, conversation = await _talked(scene)
    await op.refuse(404, scene.bob, "Record not found", id=conversation["id"])
    assert await op.call(person, id=conversation["id"]) == {}
    assert await person.get("/api/v1/conversations") == []
    assert len(await friend.get("/api/v1/conversations")) == 1
    shows(await person.get(f"/api/v1/statuses/{conversation['last_status']['id']}"), visibility="direct")


@preferences("GET /api/v1/preferences", "read:accounts")
async def preferred(op: Operation, scene: Scene) -> None:
    """How clients should behave: what one chose for one's statuses."""
    person = await scene.person()
    before = await op.call(person)
    assert (before["posting:default:visibility"], before["posting:default:sensitive"]) == ("public", False), before
    chosen = {"privacy": "private", "sensitive": True, "language": "fr"}
    await person.patch("/api/v1/accounts/update_credentials", source=chosen)
    after = await op.call(person)
    assert after["posting:default:visibility"] == "private", after
    assert after["posting:default:sensitive"] is True, after
    assert after["posting:default:language"] == "fr", after


def _later(minutes: int) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def _scheduled(owner: Person, text: str = "Later", **fields: Any) -> Any:  # noqa: ANN401 - JSON
    return await owner.status(text, scheduled_at=_later(10), **fields)


@scheduled_statuses("GET /api/v1/scheduled_statuses", "read:statuses")
async def every(op: Operation, scene: Scene) -> None:
    """What one will post."""
    person = await scene.person()
    assert await op.call(person) == []
    made = [await _scheduled(person, f"Later {number}") for number in range(3)]
    await pages(op, person, [one["id"] for one in reversed(made)], cursors_are_ids=True)
    assert await person.get(f"/api/v1/accounts/{person.id}/statuses") == []


@scheduled_statuses("GET /api/v1/scheduled_statuses/{id}", "read:statuses")
async def one(op: Operation, scene: Scene) -> None:
    """One of them with what was sent; those of others do not exist."""
    media = await scene.alice.upload()
    made = await _scheduled(scene.alice, "Later", media_ids=[media["id"]], spoiler_text="Then", visibility="unlisted")
    found = await op.call(scene.alice, id=made["id"])
    shows(found, id=made["id"], scheduled_at=made["scheduled_at"])
    shows(found["params"], text="Later", spoiler_text="Then", visibility="unlisted")
    assert ids(found["media_attachments"]) == [media["id"]], found
    await op.refuse(404, scene.bob, "Record not found", id=made["id"])


@scheduled_statuses("PUT /api/v1/scheduled_statuses/{id}", "write:statuses")
async def postpone(op: Operation, scene: Scene) -> None:
    """Another time, not too soon."""
    made = await _scheduled(scene.alice)
    moment = _later(60)
    shows(await op.call(scene.alice, id=made["id"], json={"scheduled_at": moment}), scheduled_at=moment)
    shows(await scene.alice.get(f"/api/v1/scheduled_statuses/{made['id']}"), scheduled_at=moment)
    await op.refuse(422, scene.alice, "Validation failed", id=made["id"], json={"scheduled_at": _later(1)})
    await op.refuse(404, scene.bob, "Record not found", id=made["id"], json={"scheduled_at": moment})


@scheduled_statuses("DELETE /api/v1/scheduled_statuses/{id}", "write:statuses")
async def cancel(op: Operation, scene: Scene) -> None:
    """It will not be posted."""
    made = await _scheduled(scene.alice)
    await op.refuse(404, scene.bob, "Record not found", id=made["id"])
    assert await op.call(scene.alice, id=made["id"]) == {}
    assert made["id"] not in ids(await scene.alice.get("/api/v1/scheduled_statuses"))
