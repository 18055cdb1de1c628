"""Filters with their keywords and statuses. Spec: Mastodon API, methods/filters, version 2."""

from typing import Any, Final

from tests.contract.checks import Operation, Section, ids, shows
from tests.contract.people import Person
from tests.contract.scene import Scene

section: Final = Section("filters")

_FILTERS: Final = "/api/v2/filters"


async def _filter(owner: Person, **fields: Any) -> Any:  # noqa: ANN401 - JSON
    wanted = {"title": "Weather", "context": ["home", "public"], "keywords_attributes": [{"keyword": "rain"}]}
    return await owner.post(_FILTERS, **{**wanted, **fields})


@section("GET /api/v2/filters", "read:filters")
async def every(op: Operation, scene: Scene) -> None:
    """One's own filters."""
    owner = await scene.person()
    assert await op.call(owner) == []
    made = await _filter(owner)
    (found,) = await op.call(owner)
    shows(found, **made)
    assert made["id"] not in ids(await op.call(scene.bob))


@section("POST /api/v2/filters", "write:filters")
async def create(op: Operation, scene: Scene) -> None:
    """A new filter changes what its owner sees, and nobody else."""
    owner = await scene.person()
    made = await op.call(
        owner,
        json={
            "title": "Weather",
            "context": ["home", "public", "thread"],
            "filter_action": "warn",
            "expires_in": 3600,
            "keywords_attributes": [{"keyword": "rain", "whole_word": True}, {"keyword": "snow", "whole_word": False}],
        },
    )
    shows(made, title="Weather", context=["home", "public", "thread"], filter_action="warn", statuses=[])
    assert made["expires_at"], made
    assert [(one["keyword"], one["whole_word"]) for one in made["keywords"]] == [("rain", True), ("snow", False)], made
    status = await scene.alice.status("It may rain")
    seen = await owner.get(f"/api/v1/statuses/{status['id']}")
    (result,) = seen["filtered"]
    shows(result, keyword_matches=["rain"])
    assert not result["status_matches"], result
    shows(result["filter"], id=made["id"], title="Weather", filter_action="warn")
    assert (await scene.bob.get(f"/api/v1/statuses/{status['id']}"))["filtered"] == []
    form = await op.call(
        owner, data={"title": "By a form", "context[]": ["home"], "keywords_attributes[0][keyword]": "fog"}
    )
    shows(form, context=["home"], filter_action="warn", expires_at=None)
    await op.refuse(422, owner, "Validation failed", json={"title": "", "context": ["home"]})
    await op.refuse(422, owner, "Validation failed", json={"title": "x", "context": []})
    await op.refuse(422, owner, json={"title": "x", "context": ["everywhere"]})
    await op.refuse(422, owner, json={"title": "x", "context": ["home"], "filter_action": "shout"})


@section("GET /api/v2/filters/{id}", "read:filters")
async def one(op: Operation, scene: Scene) -> None:
    """A filter of one's own; those of others do not exist."""
    made = await _filter(scene.alice)
    shows(await op.call(scene.alice, id=made["id"]), **made)
    await op.refuse(404, scene.bob, "Record not found", id=made["id"])


@section("PUT /api/v2/filters/{id}", "write:filters")
async def change(op: Operation, scene: Scene) -> None:
    """Everything about it changes; keywords are added, changed and removed."""
    owner = await scene.person()
    made = await _filter(owner, keywords_attributes=[{"keyword": "rain"}, {"keyword": "snow"}], expires_in=3600)
    rain, snow = made["keywords"]
    told = await op.call(
        owner,
        id=made["id"],
        json={
            "title": "Climate",
            "context": ["thread"],
            "filter_action": "hide",
            "expires_in": "",
            "keywords_attributes": [
                {"id": rain["id"], "keyword": "hail", "whole_word": True},
                {"id": snow["id"], "_destroy": True},
                {"keyword": "fog"},
            ],
        },
    )
    shows(told, title="Climate", context=["thread"], filter_action="hide", expires_at=None)
    assert [one["keyword"] for one in told["keywords"]] == ["hail", "fog"], told["keywords"]
    shows(await owner.get(f"{_FILTERS}/{made['id']}"), **told)
    await op.refuse(404, scene.bob, "Record not found", id=made["id"], json={"title": "Theirs"})


@section("DELETE /api/v2/filters/{id}", "write:filters")
async def delete(op: Operation, scene: Scene) -> None:
    """A filter goes, and filters nothing any more."""
    owner = await scene.person()
    made = await _filter(owner)
    status = await scene.alice.status("Only rain")
    await op.refuse(404, scene.bob, "Record not found", id=made["id"])
    assert await op.call(owner, id=made["id"]) == {}
    assert await owner.get(_FILTERS) == []
    assert (await owner.get(f"/api/v1/statuses/{status['id']}"))["filtered"] == []


@section("GET /api/v2/filters/{filter_id}/keywords", "read:filters")
async def keywords(op: Operation, scene: Scene) -> None:
    """The keywords of a filter."""
    made = await _filter(scene.alice)
    assert await op.call(scene.alice, filter_id=made["id"]) == made["keywords"]
    await op.refuse(404, scene.bob, "Record not found", filter_id=made["id"])


@section("POST /api/v2/filters/{filter_id}/keywords", "write:filters")
async def add_keyword(op: Operation, scene: Scene) -> None:
    """One more keyword."""
    made = await _filter(scene.alice)
    added = await op.call(scene.alice, filter_id=made["id"], json={"keyword": "sleet", "whole_word": False})
    shows(added, keyword="sleet", whole_word=False)
    assert added["id"] in ids((await scene.alice.get(f"{_FILTERS}/{made['id']}"))["keywords"])
    await op.refuse(422, scene.alice, "Validation failed", filter_id=made["id"], json={"keyword": ""})
    await op.refuse(404, scene.bob, "Record not found", filter_id=made["id"], json={"keyword": "x"})


@section("GET /api/v2/filters/keywords/{id}", "read:filters")
async def keyword(op: Operation, scene: Scene) -> None:
    """One keyword."""
    (kept,) = (await _filter(scene.alice))["keywords"]
    shows(await op.call(scene.alice, id=kept["id"]), **kept)
    await op.refuse(404, scene.bob, "Record not found", id=kept["id"])


@section("PUT /api/v2/filters/keywords/{id}", "write:filters")
async def change_keyword(op: Operation, scene: Scene) -> None:
    """A keyword changes."""
    (kept,) = (await _filter(scene.alice))["keywords"]
    told = await op.call(scene.alice, id=kept["id"], json={"keyword": "storm", "whole_word": True})
    shows(told, id=kept["id"], keyword="storm", whole_word=True)
    shows(await scene.alice.get(f"{_FILTERS}/keywords/{kept['id']}"), keyword="storm")
    await op.refuse(404, scene.bob, "Record not found", id=kept["id"], json={"keyword": "x"})


@section("DELETE /api/v2/filters/keywords/{id}", "write:filters")
async def delete_keyword(op: Operation, scene: Scene) -> None:
    """A keyword goes."""
    made = await _filter(scene.alice)
    (kept,) = made["keywords"]
    assert await op.call(scene.alice, id=kept["id"]) == {}
    assert await scene.alice.get(f"{_FILTERS}/{made['id']}/keywords") == []


async def _with_status(scene: Scene) -> tuple[Any, Any, Any]:
    made = await _filter(scene.alice)
    status = await scene.bob.status("This one")
    kept = await scene.alice.post(f"{_FILTERS}/{made['id']}/statuses", status_id=status["id"])
    return made, status, kept


@section("GET /api/v2/filters/{filter_id}/statuses", "read:filters")
async def statuses(op: Operation, scene: Scene) -> None:
    """The statuses of a filter."""
    made, status, kept = await _with_status(scene)
    assert await op.call(scene.alice, filter_id=made["id"]) == [{"id": kept["id"], "status_id": status["id"]}]
    await op.refuse(404, scene.bob, "Record not found", filter_id=made["id"])


@section("POST /api/v2/filters/{filter_id}/statuses", "write:filters")
async def add_status(op: Operation, scene: Scene) -> None:
    """A single status is filtered."""
    made = await _filter(scene.alice)
    status = await scene.bob.status("This one")
    shows(await op.call(scene.alice, filter_id=made["id"], json={"status_id": status["id"]}), status_id=status["id"])
    (result,) = (await scene.alice.get(f"/api/v1/statuses/{status['id']}"))["filtered"]
    assert result["status_matches"] == [status["id"]], result
    hidden = await scene.bob.status("Not for alice", visibility="direct")
    refused = await scene.alice.http.post(f"{_FILTERS}/{made['id']}/statuses", json={"status_id": hidden["id"]})
    assert refused.status_code in {404, 422}, refused.text


@section("GET /api/v2/filters/statuses/{id}", "read:filters")
async def filter_status(op: Operation, scene: Scene) -> None:
    """One status of a filter."""
    _, status, kept = await _with_status(scene)
    shows(await op.call(scene.alice, id=kept["id"]), id=kept["id"], status_id=status["id"])
    await op.refuse(404, scene.bob, "Record not found", id=kept["id"])


@section("DELETE /api/v2/filters/statuses/{id}", "write:filters")
async def delete_status(op: Operation, scene: Scene) -> None:
    """A status is filtered no more."""
    made, status, kept = await _with_status(scene)
    await op.call(scene.alice, id=kept["id"])
    assert await scene.alice.get(f"{_FILTERS}/{made['id']}/statuses") == []
    assert (await scene.alice.get(f"/api/v1/statuses/{status['id']}"))["filtered"] == []
