"""Timelines. Spec: Mastodon API, methods/timelines."""

from typing import Final

from tests.contract.checks import Access, Operation, Section, ids, shows
from tests.contract.paging import pages
from tests.contract.scene import NOBODYS_ID, Scene

section: Final = Section("timelines")


@section("GET /api/v1/timelines/home", "read:statuses")
async def home(op: Operation, scene: Scene) -> None:
    """What one and those one follows posted and boosted, page by page."""
    reader, friend, stranger = await scene.people(3)
    await reader.follow(friend)
    posted = [await friend.status(f"News {number}") for number in range(4)]
    unknown = await stranger.status("Unheard")
    boost = await friend.post(f"/api/v1/statuses/{unknown['id']}/reblog")
    own = await reader.status("My own")
    await scene.settle()
    wanted = [own["id"], boost["id"], *(status["id"] for status in reversed(posted))]
    assert ids(await op.call(reader)) == wanted
    await pages(op, reader, wanted, cursors_are_ids=True)
    await reader.post(f"/api/v1/accounts/{friend.id}/unfollow")
    assert ids(await op.call(reader)) == [own["id"]]


@section("GET /api/v1/timelines/public", "read:statuses", access=Access.OPEN)
async def public(op: Operation, scene: Scene) -> None:
    """What is public, of here and elsewhere; unlisted statuses, replies and boosts are not in it."""
    person = await scene.person()
    remote = await scene.remote_status(scene.alice, "Public from afar")
    plain = await person.status("Public from here")
    media = await person.upload()
    shown = await person.status("Public with a picture", media_ids=[media["id"]])
    quiet = await person.status("Unlisted", visibility="unlisted")
    reply = await person.reply(await scene.alice.status("A question", visibility="unlisted"), "A reply")
    found = ids(await op.call(scene.nobody))
    assert found[:2] == [shown["id"], plain["id"]], found
    assert not {quiet["id"], reply["id"]} & set(found), "unlisted statuses or replies are in it"
    assert remote["id"] in ids(await op.call(scene.bob, params={"remote": "true"}))
    assert plain["id"] not in ids(await op.call(scene.bob, params={"remote": "true"}))
    assert remote["id"] not in ids(await op.call(scene.bob, params={"local": "true"}))
    assert ids(await op.call(scene.bob, params={"only_media": "true", "limit": 1})) == [shown["id"]]
    assert ids(await op.call(scene.bob, params={"max_id": shown["id"], "limit": 1})) == [plain["id"]]
    assert ids(await op.call(scene.bob, params={"min_id": plain["id"], "limit": 1})) == [shown["id"]]


@section("GET /api/v1/timelines/tag/{hashtag}", "read:statuses", access=Access.OPEN)
async def tag(op: Operation, scene: Scene) -> None:
    """Public statuses with a hashtag, whatever its case, and with or without others."""
    person = await scene.person()
    texts = ("#Contractual one", "#contractual #second two", "#CONTRACTUAL #third three")
    one, two, three = [await person.status(text) for text in texts]
    await person.status("#contractual quietly", visibility="private")
    wanted = [three["id"], two["id"], one["id"]]
    assert ids(await op.call(scene.nobody, hashtag="contractual")) == wanted
    await pages(op, scene.bob, wanted, hashtag="Contractual", cursors_are_ids=True)
    for params, found in (
        ({"any[]": ["nothing"]}, wanted),
        ({"all[]": ["second"]}, [two["id"]]),
        ({"none[]": ["second", "third"]}, [one["id"]]),
        ({"local": "true"}, wanted),
        ({"remote": "true"}, []),
        ({"only_media": "true"}, []),
    ):
        seen = ids(await op.call(scene.bob, hashtag="contractual", params=params))
        assert seen == found, f"{params} gives {seen}, not {found}"
    other = await person.status("#alternatively")
    assert other["id"] in ids(await op.call(scene.bob, hashtag="contractual", params={"any[]": ["alternatively"]}))


@section("GET /api/v1/timelines/list/{list_id}", "read:lists")
async def of_list(op: Operation, scene: Scene) -> None:
    """What the members of a list posted, for its owner."""
    owner, member, other = await scene.people(3)
    for followed in (member, other):
        await owner.follow(followed)
    made = await owner.post("/api/v1/lists", title="Few")
    await owner.post(f"/api/v1/lists/{made['id']}/accounts", account_ids=[member.id])
    posted = [await member.status(f"For the list {number}") for number in range(3)]
    await other.status("Not in it")
    await scene.settle()
    await pages(op, owner, [status["id"] for status in reversed(posted)], list_id=made["id"], cursors_are_ids=True)
    await op.refuse(404, scene.bob, "Record not found", list_id=made["id"])


@section("GET /api/v1/timelines/link", "read:statuses", access=Access.OPEN)
async def link(op: Operation, scene: Scene) -> None:
    """Public statuses about a link that trends; another link is not known here."""
    address = f"{scene.elsewhere.url}/about"
    posted = []
    for person in await scene.people(6):
        posted.append(await person.status(f"Have you read {address}"))
        await scene.alice.post(f"/api/v1/statuses/{posted[-1]['id']}/favourite")

    async def look() -> bool | None:
        return any(one["url"] == address for one in await scene.alice.get("/api/v1/trends/links")) or None

    await scene.until(look, "the link to trend")
    found = await op.call(scene.bob, params={"url": address})
    assert set(ids(found)) == set(ids(posted)), found
    assert await op.call(scene.bob, params={"url": f"{scene.elsewhere.url}/nothing"}) == []


@section("GET /api/v1/timelines/direct", "read:statuses")
async def direct(op: Operation, scene: Scene) -> None:
    """Deprecated for conversations: messages to and from oneself."""
    person, friend = await scene.people(2)
    sent = await person.status(f"@{friend.username} psst", visibility="direct")
    got = await friend.status(f"@{person.username} what?", visibility="direct", in_reply_to_id=sent["id"])
    await person.status("Public")
    await scene.settle()
    assert ids(await op.call(person)) == [got["id"], sent["id"]]
    shows((await op.call(friend))[0], visibility="direct")
    assert NOBODYS_ID not in ids(await op.call(scene.bob))
