"""Whom one blocks, mutes, lets in and recommends. Spec: Mastodon API, methods/blocks, mutes and others."""

from typing import Final

from tests.contract.checks import Operation, Section, ids, shows
from tests.contract.paging import pages
from tests.contract.scene import Scene

blocks: Final = Section("blocks")
mutes: Final = Section("mutes")
domain_blocks: Final = Section("domain_blocks")
follow_requests: Final = Section("follow_requests")
endorsements: Final = Section("endorsements")
suggestions: Final = Section("suggestions")


@blocks("GET /api/v1/blocks", "read:blocks")
async def blocked(op: Operation, scene: Scene) -> None:
    """Whom one blocks, the latest first."""
    person, *others = await scene.people(4)
    for other in others:
        await person.post(f"/api/v1/accounts/{other.id}/block")
    await pages(op, person, [other.id for other in reversed(others)])


@mutes("GET /api/v1/mutes", "read:mutes")
async def muted(op: Operation, scene: Scene) -> None:
    """Whom one mutes, the latest first, and until when."""
    person, *others = await scene.people(4)
    for other in others:
        await person.post(f"/api/v1/accounts/{other.id}/mute", duration=3600)
    await pages(op, person, [other.id for other in reversed(others)])
    assert all(one["mute_expires_at"] for one in await op.call(person))


@domain_blocks("GET /api/v1/domain_blocks", "read:blocks")
async def blocked_domains(op: Operation, scene: Scene) -> None:
    """Servers one wants to hear nothing of."""
    person = await scene.person()
    assert await op.call(person) == []
    domains = ["one.example", "two.example", "three.example"]
    for domain in domains:
        await person.post("/api/v1/domain_blocks", domain=domain)
    await pages(op, person, list(reversed(domains)), key=str)


@domain_blocks("POST /api/v1/domain_blocks", "write:blocks")
async def block_domain(op: Operation, scene: Scene) -> None:
    """Nothing of that server is seen any more, and its followers are gone."""
    person = await scene.person()
    remote = await scene.remote_status(person, "From a blocked server")
    assert await op.call(person, json={"domain": scene.elsewhere.domain}) == {}
    shows(await person.relationship(remote["account"]["id"]), domain_blocking=True)
    assert remote["id"] not in ids(await person.get("/api/v1/timelines/public"))
    assert await op.call(person, data={"domain": scene.elsewhere.domain}) == {}
    await op.refuse(422, person, "Validation failed", json={"domain": ""})
    await op.refuse(422, person, "Validation failed", json={"domain": "not a domain"})


@domain_blocks("DELETE /api/v1/domain_blocks", "write:blocks")
async def unblock_domain(op: Operation, scene: Scene) -> None:
    """It is heard again."""
    person = await scene.person()
    await person.post("/api/v1/domain_blocks", domain="gone.example")
    assert await op.call(person, json={"domain": "gone.example"}) == {}
    assert await person.get("/api/v1/domain_blocks") == []
    assert await op.call(person, params={"domain": "gone.example"}) == {}


@follow_requests("GET /api/v1/follow_requests", "read:follows")
async def waiting(op: Operation, scene: Scene) -> None:
    """Who waits to be let in, the latest first."""
    person, *others = await scene.people(4)
    await person.patch("/api/v1/accounts/update_credentials", locked=True)
    for other in others:
        await other.follow(person)
    await pages(op, person, [other.id for other in reversed(others)])
    mine = await person.get("/api/v1/accounts/verify_credentials")
    shows(mine["source"], follow_requests_count=3)


@follow_requests("POST /api/v1/follow_requests/{account_id}/authorize", "write:follows")
async def let_in(op: Operation, scene: Scene) -> None:
    """Somebody is let in."""
    person, other = await scene.people(2)
    await person.patch("/api/v1/accounts/update_credentials", locked=True)
    await other.follow(person)
    shows(await op.call(person, account_id=other.id), id=other.id, followed_by=True, requested_by=False)
    shows(await other.relationship(person.id), following=True, requested=False)
    await op.refuse(404, person, "Record not found", account_id=scene.bob.id)


@follow_requests("POST /api/v1/follow_requests/{account_id}/reject", "write:follows")
async def turn_away(op: Operation, scene: Scene) -> None:
    """Somebody is not."""
    person, other = await scene.people(2)
    await person.patch("/api/v1/accounts/update_credentials", locked=True)
    await other.follow(person)
    shows(await op.call(person, account_id=other.id), id=other.id, followed_by=False, requested_by=False)
    shows(await other.relationship(person.id), following=False, requested=False)
    await op.refuse(404, person, "Record not found", account_id=scene.bob.id)


@endorsements("GET /api/v1/endorsements", "read:accounts")
async def recommended(op: Operation, scene: Scene) -> None:
    """Whom one recommends on one's profile."""
    person, *others = await scene.people(4)
    for other in others:
        await person.follow(other)
        await person.post(f"/api/v1/accounts/{other.id}/endorse")
    await pages(op, person, [other.id for other in reversed(others)])


@suggestions("GET /api/v2/suggestions", "read")
async def suggested(op: Operation, scene: Scene) -> None:
    """Whom one's friends follow, with the reason; nobody one follows, and not oneself."""
    person, *friends, target = await scene.people(5)
    await target.patch("/api/v1/accounts/update_credentials", discoverable=True)
    for friend in friends:
        await person.follow(friend)
        await friend.follow(target)
    found = await op.call(person)
    named = {one["account"]["id"]: one for one in found}
    assert target.id in named, f"{list(named)} without {target.id}"
    assert named[target.id]["sources"], named[target.id]
    assert not {person.id, *(friend.id for friend in friends)} & set(named), found
    assert len(await op.call(person, params={"limit": 1})) == 1


@suggestions("GET /api/v1/suggestions", "read")
async def suggested_v1(op: Operation, scene: Scene) -> None:
    """The same accounts for older clients."""
    person, friend, target = await scene.people(3)
    await target.patch("/api/v1/accounts/update_credentials", discoverable=True)
    await person.follow(friend)
    await friend.follow(target)
    assert target.id in ids(await op.call(person))


@suggestions("DELETE /api/v1/suggestions/{account_id}", "read", records=())
async def suggest_no_more(op: Operation, scene: Scene) -> None:
    """Somebody is not suggested again."""
    person, friend, target = await scene.people(3)
    await target.patch("/api/v1/accounts/update_credentials", discoverable=True)
    await person.follow(friend)
    await friend.follow(target)
    assert await op.call(person, account_id=target.id) == {}
    assert target.id not in {one["account"]["id"] for one in await person.get("/api/v2/suggestions")}
