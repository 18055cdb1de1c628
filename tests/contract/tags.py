"""Hashtags: to look at, to follow, to feature. Spec: Mastodon API, methods/tags, featured_tags and followed_tags."""

from typing import Final

from tests.contract.checks import Access, Operation, Section, ids, shows
from tests.contract.paging import pages
from tests.contract.scene import Scene

tags: Final = Section("tags")
featured_tags: Final = Section("featured_tags")
followed_tags: Final = Section("followed_tags")


@tags("GET /api/v1/tags/{name}", access=Access.OPEN)
async def one(op: Operation, scene: Scene) -> None:
    """A hashtag with how much it was used; one nobody used is there as well."""
    await scene.alice.status("About #Counting")
    found = await op.call(scene.nobody, name="counting")
    assert found["name"].lower() == "counting", found
    assert len(found["history"]) == 7, found["history"]
    assert int(found["history"][0]["uses"]) >= 1, found["history"][0]
    assert "following" not in found, found
    shows(await op.call(scene.bob, name="counting"), following=False, featuring=False)
    shows(await op.call(scene.bob, name="never_used_so_far"), following=False)
    await op.refuse(404, scene.bob, name="not-a-tag!")


@tags("POST /api/v1/tags/{name}/follow", "write:follows")
async def follow(op: Operation, scene: Scene) -> None:
    """Public statuses with it come into the home timeline."""
    person = await scene.person()
    shows(await op.call(person, name="Bicycles"), following=True)
    shows(await op.call(person, name="bicycles"), following=True)
    status = await scene.alice.status("My #bicycles")
    await scene.settle()
    assert status["id"] in ids(await person.get("/api/v1/timelines/home"))
    assert [tag["name"].lower() for tag in await person.get("/api/v1/followed_tags")] == ["bicycles"]
    await op.refuse(404, person, name="not-a-tag!")


@tags("POST /api/v1/tags/{name}/unfollow", "write:follows")
async def unfollow(op: Operation, scene: Scene) -> None:
    """They come no more."""
    person = await scene.person()
    await person.post("/api/v1/tags/bicycles/follow")
    shows(await op.call(person, name="bicycles"), following=False)
    status = await scene.alice.status("More #bicycles")
    await scene.settle()
    assert status["id"] not in ids(await person.get("/api/v1/timelines/home"))
    shows(await op.call(person, name="bicycles"), following=False)


@tags("POST /api/v1/tags/{id}/feature", "write:accounts", records=())
async def feature(op: Operation, scene: Scene) -> None:
    """Show it on one's profile."""
    person = await scene.person()
    shows(await op.call(person, id="Pottery"), featuring=True)
    assert [tag["name"].lower() for tag in await person.get("/api/v1/featured_tags")] == ["pottery"]
    shows(await op.call(person, id="pottery"), featuring=True)
    await op.refuse(404, person, id="not-a-tag!")


@tags("POST /api/v1/tags/{id}/unfeature", "write:accounts", records=())
async def unfeature(op: Operation, scene: Scene) -> None:
    """Show it no more."""
    person = await scene.person()
    await person.post("/api/v1/tags/pottery/feature")
    shows(await op.call(person, id="pottery"), featuring=False)
    assert await person.get("/api/v1/featured_tags") == []
    shows(await op.call(person, id="pottery"), featuring=False)


@featured_tags("GET /api/v1/featured_tags", "read:accounts")
async def featured(op: Operation, scene: Scene) -> None:
    """What one shows on one's profile."""
    person = await scene.person()
    assert await op.call(person) == []
    await person.status("On #pottery")
    made = await person.post("/api/v1/featured_tags", name="pottery")
    (found,) = await op.call(person)
    shows(found, id=made["id"], name="pottery", statuses_count="1")


@featured_tags("POST /api/v1/featured_tags", "write:accounts")
async def add(op: Operation, scene: Scene) -> None:
    """One more; none twice, and no more than the instance says."""
    person = await scene.person()
    made = await op.call(person, json={"name": "#pottery"})
    shows(made, name="pottery", statuses_count="0", last_status_at=None)
    # Servers of Mastodon before 4.4 refuse the same name, later ones answer with what is there.
    again = await person.http.post(op.template, data={"name": "pottery"})
    assert again.status_code == 422 or again.json()["id"] == made["id"], again.text
    assert ids(await scene.bob.get(f"/api/v1/accounts/{person.id}/featured_tags")) == [made["id"]]
    await op.refuse(422, person, json={"name": ""})
    await op.refuse(422, person, "Validation failed", json={"name": "not a tag!"})
    most = (await person.get("/api/v2/instance"))["configuration"]["accounts"]["max_featured_tags"]
    for number in range(1, most):
        await person.post("/api/v1/featured_tags", name=f"tag{number}")
    await op.refuse(422, person, "Validation failed", json={"name": "toomany"})


@featured_tags("DELETE /api/v1/featured_tags/{id}", "write:accounts")
async def remove(op: Operation, scene: Scene) -> None:
    """One less; those of others do not exist."""
    person = await scene.person()
    made = await person.post("/api/v1/featured_tags", name="pottery")
    await op.refuse(404, scene.bob, "Record not found", id=made["id"])
    assert await op.call(person, id=made["id"]) == {}
    assert await person.get("/api/v1/featured_tags") == []


@featured_tags("GET /api/v1/featured_tags/suggestions", "read:accounts")
async def suggestions(op: Operation, scene: Scene) -> None:
    """What one used most and does not show yet."""
    person = await scene.person()
    for _ in range(2):
        await person.status("On #weaving")
    await person.status("On #pottery")
    await person.post("/api/v1/featured_tags", name="pottery")
    assert [tag["name"] for tag in await op.call(person)] == ["weaving"]


@followed_tags("GET /api/v1/followed_tags", "read:follows")
async def followed(op: Operation, scene: Scene) -> None:
    """What one follows, the latest first."""
    person = await scene.person()
    for name in ("one", "two", "three"):
        await person.post(f"/api/v1/tags/{name}/follow")
    await pages(op, person, ["three", "two", "one"], key=lambda tag: str(tag["name"]))
    assert all(tag["following"] for tag in await op.call(person))
