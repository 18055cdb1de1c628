"""What one does to a status. Spec: Mastodon API, methods/statuses."""

from typing import Final

from tests.contract.checks import Operation, Section, ids, shows
from tests.contract.scene import Scene

section: Final = Section("statuses")


async def _hidden(op: Operation, scene: Scene) -> None:
    """A status that is not for somebody is absent for them."""
    hidden = await scene.alice.status("For those I name", visibility="direct")
    await op.refuse(404, scene.bob, "Record not found", id=hidden["id"])


@section("POST /api/v1/statuses/{id}/favourite", "write:favourites")
async def favourite(op: Operation, scene: Scene) -> None:
    """Favourite; the author hears of it once."""
    status = await scene.alice.status("Worth a star")
    shows(await op.call(scene.bob, id=status["id"]), id=status["id"], favourited=True, favourites_count=1)
    shows(await op.call(scene.bob, id=status["id"]), favourited=True, favourites_count=1)
    assert ids(await scene.carol.get(f"/api/v1/statuses/{status['id']}/favourited_by")) == [scene.bob.id]
    assert status["id"] in ids(await scene.bob.get("/api/v1/favourites"))
    shows(await scene.alice.get(f"/api/v1/statuses/{status['id']}"), favourited=False, favourites_count=1)
    await _hidden(op, scene)


@section("POST /api/v1/statuses/{id}/unfavourite", "write:favourites")
async def unfavourite(op: Operation, scene: Scene) -> None:
    """Take it back."""
    status = await scene.alice.status("Worth a star")
    await scene.bob.post(f"/api/v1/statuses/{status['id']}/favourite")
    shows(await op.call(scene.bob, id=status["id"]), favourited=False, favourites_count=0)
    shows(await op.call(scene.bob, id=status["id"]), favourited=False, favourites_count=0)
    assert await scene.carol.get(f"/api/v1/statuses/{status['id']}/favourited_by") == []


@section("POST /api/v1/statuses/{id}/reblog", "write:statuses")
async def reblog(op: Operation, scene: Scene) -> None:
    """Boost: a status of one's own that holds the other; twice is once."""
    status = await scene.alice.status("Worth a boost")
    boost = await op.call(scene.bob, id=status["id"], json={"visibility": "unlisted"})
    shows(boost["reblog"], id=status["id"], reblogged=True, reblogs_count=1)
    shows(boost["account"], id=scene.bob.id)
    shows(boost, visibility="unlisted")
    assert (await op.call(scene.bob, id=status["id"]))["id"] == boost["id"], "boosted twice"
    assert ids(await scene.carol.get(f"/api/v1/statuses/{status['id']}/reblogged_by")) == [scene.bob.id]
    shows(await scene.bob.get(f"/api/v1/statuses/{status['id']}"), reblogged=True, reblogs_count=1)
    private = await scene.bob.status("For followers", visibility="private")
    follower = await scene.person()
    await follower.follow(scene.bob)
    answer = await op.send(follower, id=private["id"])
    assert answer.status_code in {403, 404, 422}, f"somebody else's private status was boosted: {answer.status_code}"
    await _hidden(op, scene)


@section("POST /api/v1/statuses/{id}/unreblog", "write:statuses")
async def unreblog(op: Operation, scene: Scene) -> None:
    """Take a boost back; the answer is the status."""
    status = await scene.alice.status("Worth a boost")
    boost = await scene.bob.post(f"/api/v1/statuses/{status['id']}/reblog")
    shows(await op.call(scene.bob, id=status["id"]), id=status["id"], reblogged=False, reblogs_count=0)
    assert (await scene.bob.http.get(f"/api/v1/statuses/{boost['id']}")).status_code == 404
    shows(await op.call(scene.bob, id=status["id"]), reblogged=False)


@section("POST /api/v1/statuses/{id}/bookmark", "write:bookmarks")
async def bookmark(op: Operation, scene: Scene) -> None:
    """Keep a status for oneself; nobody hears of it."""
    status = await scene.alice.status("For later")
    shows(await op.call(scene.bob, id=status["id"]), bookmarked=True)
    shows(await op.call(scene.bob, id=status["id"]), bookmarked=True)
    assert ids(await scene.bob.get("/api/v1/bookmarks"))[0] == status["id"]
    shows(await scene.alice.get(f"/api/v1/statuses/{status['id']}"), bookmarked=False)
    await _hidden(op, scene)


@section("POST /api/v1/statuses/{id}/unbookmark", "write:bookmarks")
async def unbookmark(op: Operation, scene: Scene) -> None:
    """Keep it no longer."""
    status = await scene.alice.status("For later")
    await scene.bob.post(f"/api/v1/statuses/{status['id']}/bookmark")
    shows(await op.call(scene.bob, id=status["id"]), bookmarked=False)
    assert status["id"] not in ids(await scene.bob.get("/api/v1/bookmarks"))


@section("POST /api/v1/statuses/{id}/mute", "write:mutes")
async def mute(op: Operation, scene: Scene) -> None:
    """Hear no more of a conversation."""
    author, other = await scene.people(2)
    status = await author.status("A long thread begins")
    shows(await op.call(author, id=status["id"]), muted=True)
    shows(await author.get(f"/api/v1/statuses/{status['id']}"), muted=True)
    await other.reply(status, "I disagree")
    await scene.settle()
    assert await author.get("/api/v1/notifications") == [], "a muted conversation notifies"
    await _hidden(op, scene)


@section("POST /api/v1/statuses/{id}/unmute", "write:mutes")
async def unmute(op: Operation, scene: Scene) -> None:
    """Hear of it again."""
    author, other = await scene.people(2)
    status = await author.status("A long thread begins")
    await author.post(f"/api/v1/statuses/{status['id']}/mute")
    shows(await op.call(author, id=status["id"]), muted=False)
    await other.reply(status, "I disagree")
    await scene.settle()
    assert [one["type"] for one in await author.get("/api/v1/notifications")] == ["mention"]


@section("POST /api/v1/statuses/{id}/pin", "write:accounts")
async def pin(op: Operation, scene: Scene) -> None:
    """Feature a status of one's own on one's profile."""
    person = await scene.person()
    status = await person.status("Read this first")
    shows(await op.call(person, id=status["id"]), pinned=True)
    assert ids(await scene.bob.get(f"/api/v1/accounts/{person.id}/statuses", pinned="true")) == [status["id"]]
    theirs = await scene.alice.status("Mine")
    await op.refuse(422, person, "Validation failed: Someone else's post cannot be pinned", id=theirs["id"])
    boost = await person.post(f"/api/v1/statuses/{theirs['id']}/reblog")
    await op.refuse(422, person, "Validation failed", id=boost["id"])
    for number in range(4):
        await person.post(f"/api/v1/statuses/{(await person.status(f'And {number}'))['id']}/pin")
    sixth = await person.status("And that")
    await op.refuse(422, person, "Validation failed", id=sixth["id"])


@section("POST /api/v1/statuses/{id}/unpin", "write:accounts")
async def unpin(op: Operation, scene: Scene) -> None:
    """Feature it no longer."""
    person = await scene.person()
    status = await person.status("Read this first")
    await person.post(f"/api/v1/statuses/{status['id']}/pin")
    shows(await op.call(person, id=status["id"]), pinned=False)
    assert await scene.bob.get(f"/api/v1/accounts/{person.id}/statuses", pinned="true") == []
    shows(await op.call(person, id=status["id"]), pinned=False)
