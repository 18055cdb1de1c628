"""Filters as older clients know them: one phrase each. Spec: Mastodon API, methods/filters, version 1."""

from typing import Any, Final

from tests.contract.checks import Operation, Section, ids, shows
from tests.contract.people import Person
from tests.contract.scene import Scene

section: Final = Section("filters")

_FILTERS: Final = "/api/v1/filters"


async def _filter(owner: Person, **fields: Any) -> Any:  # noqa: ANN401 - JSON
    return await owner.post(_FILTERS, **{"phrase": "drizzle", "context": ["home"], **fields})


@section("GET /api/v1/filters", "read:filters")
async def every(op: Operation, scene: Scene) -> None:
    """Each keyword of each filter."""
    owner = await scene.person()
    assert await op.call(owner) == []
    made = await _filter(owner)
    (found,) = await op.call(owner)
    shows(found, **made)
    (new,) = await owner.get("/api/v2/filters")
    assert [one["keyword"] for one in new["keywords"]] == ["drizzle"], new


@section("POST /api/v1/filters", "write:filters")
async def create(op: Operation, scene: Scene) -> None:
    """One phrase, which hides for good when it is irreversible."""
    owner = await scene.person()
    made = await op.call(
        owner,
        json={
            "phrase": "drizzle",
            "context": ["home", "thread"],
            "irreversible": True,
            "whole_word": True,
            "expires_in": 3600,
        },
    )
    shows(made, phrase="drizzle", context=["home", "thread"], irreversible=True, whole_word=True)
    assert made["expires_at"], made
    (new,) = await owner.get("/api/v2/filters")
    shows(new, filter_action="hide")
    await op.refuse(422, owner, "Validation failed", json={"phrase": "", "context": ["home"]})
    await op.refuse(422, owner, json={"phrase": "x", "context": ["everywhere"]})


@section("GET /api/v1/filters/{id}", "read:filters")
async def one(op: Operation, scene: Scene) -> None:
    """One of one's own; those of others do not exist."""
    made = await _filter(scene.alice)
    shows(await op.call(scene.alice, id=made["id"]), **made)
    await op.refuse(404, scene.bob, "Record not found", id=made["id"])


@section("PUT /api/v1/filters/{id}", "write:filters")
async def change(op: Operation, scene: Scene) -> None:
    """A phrase changes."""
    made = await _filter(scene.alice)
    told = await op.call(
        scene.alice, id=made["id"], json={"phrase": "downpour", "context": ["public"], "whole_word": True}
    )
    shows(told, id=made["id"], phrase="downpour", context=["public"], whole_word=True)
    shows(await scene.alice.get(f"{_FILTERS}/{made['id']}"), phrase="downpour")
    await op.refuse(404, scene.bob, "Record not found", id=made["id"], json={"phrase": "x", "context": ["home"]})


@section("DELETE /api/v1/filters/{id}", "write:filters")
async def delete(op: Operation, scene: Scene) -> None:
    """A phrase goes."""
    made = await _filter(scene.alice)
    assert await op.call(scene.alice, id=made["id"]) == {}
    assert made["id"] not in ids(await scene.alice.get(_FILTERS))
