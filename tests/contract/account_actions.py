"""What one does to other accounts. Spec: Mastodon API, methods/accounts."""

from typing import Final

from tests.contract.checks import Operation, Section, ids, shows
from tests.contract.scene import Scene

section: Final = Section("accounts")


@section("POST /api/v1/accounts/{id}/follow", "write:follows")
async def follow(op: Operation, scene: Scene) -> None:
    """Follow, change how one follows, and ask to follow somebody who chooses."""
    person, target = await scene.people(2)
    shows(await op.call(person, id=target.id), following=True, requested=False, showing_reblogs=True, notifying=False)
    told = await op.call(person, id=target.id, json={"reblogs": False, "notify": True, "languages": ["en", "de"]})
    shows(told, following=True, showing_reblogs=False, notifying=True, languages=["en", "de"])
    shows(await person.relationship(target.id), following=True, showing_reblogs=False, notifying=True)
    shows(await target.relationship(person.id), followed_by=True)
    assert ids(await person.get(f"/api/v1/accounts/{person.id}/following")) == [target.id]
    await target.patch("/api/v1/accounts/update_credentials", locked=True)
    shows(await op.call(scene.carol, id=target.id), following=False, requested=True)
    shows(await target.relationship(scene.carol.id), requested_by=True)
    await scene.carol.post(f"/api/v1/accounts/{target.id}/unfollow")
    await person.post(f"/api/v1/accounts/{scene.carol.id}/block")
    await op.refuse(403, scene.carol, "This action is not allowed", id=person.id)


@section("POST /api/v1/accounts/{id}/unfollow", "write:follows")
async def unfollow(op: Operation, scene: Scene) -> None:
    """Stop following; take a request back."""
    person, target = await scene.people(2)
    await person.follow(target)
    shows(await op.call(person, id=target.id), following=False, requested=False)
    shows(await person.relationship(target.id), following=False)
    shows(await op.call(person, id=target.id), following=False)
    await target.patch("/api/v1/accounts/update_credentials", locked=True)
    await person.follow(target)
    shows(await op.call(person, id=target.id), following=False, requested=False)
    assert await target.get("/api/v1/follow_requests") == []


@section("POST /api/v1/accounts/{id}/remove_from_followers", "write:follows")
async def remove_from_followers(op: Operation, scene: Scene) -> None:
    """Make somebody stop following."""
    person, fan = await scene.people(2)
    await fan.follow(person)
    shows(await op.call(person, id=fan.id), followed_by=False)
    shows(await fan.relationship(person.id), following=False)


@section("POST /api/v1/accounts/{id}/block", "write:blocks")
async def block(op: Operation, scene: Scene) -> None:
    """Neither sees the other any more, and follows end."""
    person, target = await scene.people(2)
    await person.follow(target)
    await target.follow(person)
    status = await person.status("Not for them")
    shows(await op.call(person, id=target.id), blocking=True, following=False, followed_by=False)
    shows(await target.relationship(person.id), blocked_by=True, following=False)
    assert (await target.http.get(f"/api/v1/statuses/{status['id']}")).status_code == 404
    assert ids(await person.get("/api/v1/blocks")) == [target.id]
    shows(await op.call(person, id=target.id), blocking=True)


@section("POST /api/v1/accounts/{id}/unblock", "write:blocks")
async def unblock(op: Operation, scene: Scene) -> None:
    """Take a block back."""
    person, target = await scene.people(2)
    await person.post(f"/api/v1/accounts/{target.id}/block")
    shows(await op.call(person, id=target.id), blocking=False)
    assert await person.get("/api/v1/blocks") == []
    shows(await op.call(person, id=target.id), blocking=False)


@section("POST /api/v1/accounts/{id}/mute", "write:mutes")
async def mute(op: Operation, scene: Scene) -> None:
    """Hear no more of somebody, for a while or for good, with or without notifications."""
    person, target = await scene.people(2)
    shows(await op.call(person, id=target.id), muting=True, muting_notifications=True, muting_expires_at=None)
    told = await op.call(person, id=target.id, json={"notifications": False, "duration": 3600})
    shows(told, muting=True, muting_notifications=False)
    assert told["muting_expires_at"], told
    (kept,) = await person.get("/api/v1/mutes")
    assert kept["id"] == target.id
    assert kept["mute_expires_at"], kept
    await op.refuse(422, person, id=target.id, json={"duration": "soon"})


@section("POST /api/v1/accounts/{id}/unmute", "write:mutes")
async def unmute(op: Operation, scene: Scene) -> None:
    """Hear of somebody again."""
    person, target = await scene.people(2)
    await person.post(f"/api/v1/accounts/{target.id}/mute")
    shows(await op.call(person, id=target.id), muting=False, muting_notifications=False)
    assert await person.get("/api/v1/mutes") == []


@section("POST /api/v1/accounts/{id}/note", "write:accounts")
async def note(op: Operation, scene: Scene) -> None:
    """A private note about somebody, which nobody else sees; no text removes it."""
    person = await scene.person()
    shows(await op.call(person, id=scene.bob.id, json={"comment": "Met at the fair"}), note="Met at the fair")
    shows(await person.relationship(scene.bob.id), note="Met at the fair")
    shows(await scene.carol.relationship(scene.bob.id), note="")
    shows(await op.call(person, id=scene.bob.id, json={"comment": ""}), note="")
    await op.refuse(422, person, id=scene.bob.id, json={"comment": "x" * 10_000})


async def _endorse(op: Operation, scene: Scene) -> None:
    person, liked, unknown = await scene.people(3)
    await person.follow(liked)
    shows(await op.call(person, id=liked.id), endorsed=True, following=True)
    shows(await op.call(person, id=liked.id), endorsed=True)
    assert ids(await person.get("/api/v1/endorsements")) == [liked.id]
    await op.refuse(
        422,
        person,
        "Validation failed: You must be already following the person you want to endorse",
        id=unknown.id,
    )
    await person.post(f"/api/v1/accounts/{liked.id}/unfollow")
    assert await person.get("/api/v1/endorsements") == [], "one recommends whom one follows"


async def _unendorse(op: Operation, scene: Scene) -> None:
    person, liked = await scene.people(2)
    await person.follow(liked)
    await person.post(f"/api/v1/accounts/{liked.id}/endorse")
    shows(await op.call(person, id=liked.id), endorsed=False, following=True)
    shows(await op.call(person, id=liked.id), endorsed=False)
    assert await person.get("/api/v1/endorsements") == []


@section("POST /api/v1/accounts/{id}/endorse", "write:accounts")
async def endorse(op: Operation, scene: Scene) -> None:
    """Recommend somebody one follows on one's profile."""
    await _endorse(op, scene)


@section("POST /api/v1/accounts/{id}/unendorse", "write:accounts")
async def unendorse(op: Operation, scene: Scene) -> None:
    """Recommend them no longer."""
    await _unendorse(op, scene)


@section("POST /api/v1/accounts/{id}/pin", "write:accounts")
async def pin(op: Operation, scene: Scene) -> None:
    """The older name of endorse."""
    await _endorse(op, scene)


@section("POST /api/v1/accounts/{id}/unpin", "write:accounts")
async def unpin(op: Operation, scene: Scene) -> None:
    """The older name of unendorse."""
    await _unendorse(op, scene)
