"""Lists. Spec: Mastodon API, methods/lists."""

from typing import Final

from tests.contract.checks import Operation, Section, ids, shows
from tests.contract.paging import pages
from tests.contract.scene import NOBODYS_ID, Scene

section: Final = Section("lists")


@section("GET /api/v1/lists", "read:lists")
async def every(op: Operation, scene: Scene) -> None:
    """One's own lists."""
    owner = await scene.person()
    assert await op.call(owner) == []
    made = [await owner.post("/api/v1/lists", title=title) for title in ("One", "Two")]
    assert set(ids(await op.call(owner))) == set(ids(made))
    assert not set(ids(await op.call(scene.bob))) & set(ids(made))


@section("POST /api/v1/lists", "write:lists")
async def create(op: Operation, scene: Scene) -> None:
    """A new list, with the defaults and without them."""
    owner = await scene.person()
    shows(await op.call(owner, json={"title": "Plain"}), title="Plain", replies_policy="list", exclusive=False)
    made = await op.call(owner, data={"title": "Own", "replies_policy": "none", "exclusive": "true"})
    shows(made, title="Own", replies_policy="none", exclusive=True)
    shows(await owner.get(f"/api/v1/lists/{made['id']}"), title="Own", replies_policy="none", exclusive=True)
    await op.refuse(422, owner, "Validation failed: Title can't be blank", json={"title": ""})
    await op.refuse(422, owner, json={"title": "x", "replies_policy": "some"})


@section("GET /api/v1/lists/{id}", "read:lists")
async def one(op: Operation, scene: Scene) -> None:
    """A list of one's own; those of others do not exist."""
    made = await scene.alice.post("/api/v1/lists", title="Mine")
    shows(await op.call(scene.alice, id=made["id"]), **made)
    await op.refuse(404, scene.bob, "Record not found", id=made["id"])


@section("PUT /api/v1/lists/{id}", "write:lists")
async def change(op: Operation, scene: Scene) -> None:
    """Title, policy and exclusiveness change."""
    made = await scene.alice.post("/api/v1/lists", title="Before")
    told = await op.call(
        scene.alice, id=made["id"], json={"title": "After", "replies_policy": "followed", "exclusive": True}
    )
    shows(told, title="After", replies_policy="followed", exclusive=True)
    shows(await scene.alice.get(f"/api/v1/lists/{made['id']}"), title="After", replies_policy="followed")
    await op.refuse(404, scene.bob, "Record not found", id=made["id"], json={"title": "Theirs"})
    await op.refuse(422, scene.alice, "Validation failed", id=made["id"], json={"title": ""})


@section("DELETE /api/v1/lists/{id}", "write:lists")
async def delete(op: Operation, scene: Scene) -> None:
    """A list goes."""
    made = await scene.alice.post("/api/v1/lists", title="Short-lived")
    await op.refuse(404, scene.bob, "Record not found", id=made["id"])
    assert await op.call(scene.alice, id=made["id"]) == {}
    assert made["id"] not in ids(await scene.alice.get("/api/v1/lists"))


@section("GET /api/v1/lists/{id}/accounts", "read:lists")
async def members(op: Operation, scene: Scene) -> None:
    """Who is in a list, page by page, or all with limit=0."""
    owner, *others = await scene.people(4)
    made = await owner.post("/api/v1/lists", title="Three")
    for other in others:
        await owner.follow(other)
        await owner.post(f"/api/v1/lists/{made['id']}/accounts", account_ids=[other.id])
    await pages(op, owner, [other.id for other in reversed(others)], id=made["id"])
    assert len(await op.call(owner, id=made["id"], params={"limit": 0})) == 3
    await op.refuse(404, scene.bob, "Record not found", id=made["id"])


@section("POST /api/v1/lists/{id}/accounts", "write:lists")
async def add(op: Operation, scene: Scene) -> None:
    """Somebody one follows comes into a list; their statuses come with them."""
    owner, member, stranger = await scene.people(3)
    await owner.follow(member)
    made = await owner.post("/api/v1/lists", title="New")
    assert await op.call(owner, id=made["id"], json={"account_ids": [member.id]}) == {}
    assert ids(await owner.get(f"/api/v1/lists/{made['id']}/accounts")) == [member.id]
    status = await member.status("For the list")
    await scene.settle()
    assert status["id"] in ids(await owner.get(f"/api/v1/timelines/list/{made['id']}"))
    await op.refuse(
        422,
        owner,
        "Validation failed: Account has already been taken",
        id=made["id"],
        json={"account_ids": [member.id]},
    )
    await op.refuse(404, owner, "Record not found", id=made["id"], json={"account_ids": [stranger.id]})
    await op.refuse(404, owner, "Record not found", id=made["id"], json={"account_ids": [NOBODYS_ID]})


@section("DELETE /api/v1/lists/{id}/accounts", "write:lists")
async def remove(op: Operation, scene: Scene) -> None:
    """Somebody leaves a list."""
    owner, member = await scene.people(2)
    await owner.follow(member)
    made = await owner.post("/api/v1/lists", title="Old")
    await owner.post(f"/api/v1/lists/{made['id']}/accounts", account_ids=[member.id])
    assert await op.call(owner, id=made["id"], json={"account_ids": [member.id]}) == {}
    assert await owner.get(f"/api/v1/lists/{made['id']}/accounts") == []
    await owner.post(f"/api/v1/lists/{made['id']}/accounts", account_ids=[member.id])
    assert await op.call(owner, id=made["id"], params={"account_ids[]": [member.id]}) == {}
    assert await owner.get(f"/api/v1/lists/{made['id']}/accounts") == []
