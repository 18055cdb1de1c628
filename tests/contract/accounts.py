"""Accounts and what one knows about them. Spec: Mastodon API, methods/accounts."""

from typing import Final

from tests.contract.checks import Access, Operation, Section, ids, shows
from tests.contract.paging import pages
from tests.contract.scene import NOBODYS_ID, Scene
from tests.fediverse.nodes import PASSWORD
from tests.node.talking import picture

section: Final = Section("accounts")


@section("POST /api/v1/accounts", "write:accounts", access=Access.ANY_TOKEN)
async def register(op: Operation, scene: Scene) -> None:
    """A program registers a person, and acts for them with the token it gets."""
    program = await scene.program()
    fields = {
        "username": "newcomer",
        "email": "newcomer@people.example",
        "password": PASSWORD,
        "agreement": True,
        "locale": "en",
    }
    token = await op.call(program, json=fields)
    shows(token, token_type="Bearer")
    assert (await scene.nobody.get("/api/v1/accounts/lookup", params={"acct": "newcomer"})).is_success
    refusal = await op.refuse(422, program, "Validation failed", json=fields)
    assert refusal["details"]["username"][0]["error"] == "ERR_TAKEN", refusal
    refusal = await op.refuse(422, program, json=fields | {"username": "not a name", "agreement": False})
    assert refusal["details"]["username"][0]["error"] == "ERR_INVALID", refusal
    assert refusal["details"]["agreement"][0]["error"] == "ERR_ACCEPTED", refusal


@section("GET /api/v1/accounts/verify_credentials", "read:accounts")
async def verify_credentials(op: Operation, scene: Scene) -> None:
    """One's own account, with what only its owner sees."""
    mine = await op.call(scene.alice)
    shows(mine, id=scene.alice.id, username="alice", acct="alice")
    shows(mine["source"], privacy="public", sensitive=False)
    as_profile = await scene.limited("profile")
    assert (await as_profile.get(op.template)).is_success, "the scope profile is enough"
    boss = await op.call(scene.admin)
    assert int(boss["role"]["permissions"]) > int(mine["role"]["permissions"]), boss["role"]


@section("PATCH /api/v1/accounts/update_credentials", "write:accounts")
async def update_credentials(op: Operation, scene: Scene) -> None:
    """The profile and the posting defaults, by JSON and by a form with files; others see the profile."""
    person = await scene.person()
    changed = await op.call(
        person,
        json={
            "display_name": "A new name",
            "note": "Likes <b>tests</b>",
            "locked": True,
            "bot": True,
            "discoverable": True,
            "hide_collections": True,
            "indexable": True,
            "fields_attributes": {"7": {"name": "Pronouns", "value": "they"}, "3": {"name": "Site", "value": "x"}},
            "attribution_domains": ["articles.example"],
            "source": {"privacy": "unlisted", "sensitive": True, "language": "de", "quote_policy": "followers"},
        },
    )
    shows(changed, display_name="A new name", locked=True, bot=True, discoverable=True, indexable=True)
    shows(changed["source"], note="Likes <b>tests</b>", privacy="unlisted", sensitive=True, language="de")
    shows(changed["source"], quote_policy="followers", attribution_domains=["articles.example"])
    assert [field["name"] for field in changed["fields"]] == ["Pronouns", "Site"], changed["fields"]
    with_files = await op.call(
        person,
        data={
            "avatar_description": "A red square",
            "fields_attributes[0][name]": "One",
            "fields_attributes[0][value]": "1",
        },
        files={"avatar": ("a.png", picture("red"), "image/png"), "header": ("h.png", picture("blue"), "image/png")},
    )
    shows(with_files, display_name="A new name", avatar_description="A red square")
    assert not with_files["avatar"].endswith("missing.png"), with_files["avatar"]
    seen = await scene.bob.get(f"/api/v1/accounts/{person.id}")
    shows(seen, display_name="A new name", locked=True, bot=True, avatar=with_files["avatar"])
    assert seen["note"] == "<p>Likes &lt;b&gt;tests&lt;/b&gt;</p>", seen["note"]
    assert [field["name"] for field in seen["fields"]] == ["One"], seen["fields"]
    status = await person.status("By default")
    shows(status, visibility="unlisted", sensitive=True, language="de")
    await op.refuse(422, person, "Validation failed", json={"display_name": "x" * 1000})
    await op.refuse(422, person, json={"source": {"privacy": "everybody"}})
    await op.refuse(422, person, json={"source": {"quote_policy": "everybody"}})


@section("GET /api/v1/accounts", "read:accounts", access=Access.OPEN)
async def several(op: Operation, scene: Scene) -> None:
    """Several accounts by id; those that do not exist are left out."""
    asked = {"id[]": [scene.alice.id, NOBODYS_ID, scene.bob.id]}
    assert set(ids(await op.call(scene.nobody, params=asked))) == {scene.alice.id, scene.bob.id}
    assert set(ids(await op.call(scene.carol, params=asked))) == {scene.alice.id, scene.bob.id}
    assert await op.call(scene.carol) == []


@section("GET /api/v1/accounts/{id}", "read:accounts", access=Access.OPEN)
async def one(op: Operation, scene: Scene) -> None:
    """Anybody's account, of this node and of another."""
    shows(await op.call(scene.nobody, id=scene.alice.id), username="alice", acct="alice")
    rita = await scene.alice.find(scene.rita)
    shows(await op.call(scene.bob, id=rita["id"]), username="rita", acct=scene.rita.acct)
    await op.refuse(404, scene.nobody, id=NOBODYS_ID)
    before, after = await scene.people(2)
    await scene.command("user", "alias", "add", after.username, f"@{before.username}")
    await scene.command("user", "move", before.username, f"@{after.username}")
    shows((await op.call(scene.nobody, id=before.id))["moved"], id=after.id)


@section("GET /api/v1/accounts/{id}/statuses", "read:statuses", access=Access.OPEN)
async def statuses(op: Operation, scene: Scene) -> None:
    """What somebody posted and boosted, chosen by its kind, and nothing the reader may not see."""
    person = await scene.person()
    plain = await person.status("Plain")
    tagged = await person.status("About #walking")
    media = await person.upload()
    shown = await person.status("A picture", media_ids=[media["id"]])
    reply = await person.reply(plain, "and more")
    answer = await person.status("An answer", in_reply_to_id=(await scene.alice.status("A question"))["id"])
    boost = await person.post(f"/api/v1/statuses/{(await scene.alice.status('Worth a boost'))['id']}/reblog")
    hidden = await person.status("For followers", visibility="private")
    everything = [boost["id"], answer["id"], reply["id"], shown["id"], tagged["id"], plain["id"]]
    assert ids(await op.call(scene.nobody, id=person.id)) == everything
    assert ids(await op.call(person, id=person.id)) == [hidden["id"], *everything]
    for chosen, wanted in (
        ({"only_media": "true"}, [shown["id"]]),
        ({"tagged": "walking"}, [tagged["id"]]),
        ({"exclude_reblogs": "true"}, everything[1:]),
        ({"exclude_replies": "true", "exclude_reblogs": "true"}, [reply["id"], *everything[3:]]),
    ):
        found = ids(await op.call(scene.bob, id=person.id, params=chosen))
        assert found == wanted, f"{chosen} gives {found}, not {wanted}"
    await pages(op, scene.bob, everything, id=person.id, cursors_are_ids=True)
    await person.post(f"/api/v1/statuses/{plain['id']}/pin")
    assert ids(await op.call(scene.bob, id=person.id, params={"pinned": "true"})) == [plain["id"]]


@section("GET /api/v1/accounts/{id}/followers", "read:accounts", access=Access.OPEN)
async def followers(op: Operation, scene: Scene) -> None:
    """Who follows somebody, the latest first; nobody when they hide it."""
    person, *fans = await scene.people(4)
    for fan in fans:
        await fan.follow(person)
    await pages(op, scene.bob, [fan.id for fan in reversed(fans)], id=person.id)
    await person.patch("/api/v1/accounts/update_credentials", hide_collections=True)
    assert await op.call(scene.bob, id=person.id) == []
    assert len(await op.call(person, id=person.id)) == 3


@section("GET /api/v1/accounts/{id}/following", "read:accounts", access=Access.OPEN)
async def following(op: Operation, scene: Scene) -> None:
    """Whom somebody follows, the latest first; nobody when they hide it."""
    person, *liked = await scene.people(4)
    for other in liked:
        await person.follow(other)
    await pages(op, scene.bob, [other.id for other in reversed(liked)], id=person.id)
    await person.patch("/api/v1/accounts/update_credentials", hide_collections=True)
    assert await op.call(scene.bob, id=person.id) == []


@section("GET /api/v1/accounts/{id}/featured_tags", "read:accounts", access=Access.OPEN)
async def featured_tags(op: Operation, scene: Scene) -> None:
    """Hashtags somebody shows on their profile, with how often they used them."""
    person = await scene.person()
    await person.status("About #gardens")
    kept = await person.post("/api/v1/featured_tags", name="gardens")
    (tag,) = await op.call(scene.nobody, id=person.id)
    shows(tag, id=kept["id"], name="gardens", statuses_count="1")
    assert tag["last_status_at"], tag


@section("GET /api/v1/accounts/{id}/lists", "read:lists")
async def lists(op: Operation, scene: Scene) -> None:
    """Which of one's own lists somebody is in."""
    owner, member = await scene.people(2)
    await owner.follow(member)
    made = await owner.post("/api/v1/lists", title="Colleagues")
    await owner.post("/api/v1/lists", title="Others")
    await owner.post(f"/api/v1/lists/{made['id']}/accounts", account_ids=[member.id])
    assert ids(await op.call(owner, id=member.id)) == [made["id"]]
    assert await op.call(scene.bob, id=member.id) == []


@section("GET /api/v1/accounts/{id}/identity_proofs", access=Access.ANY_TOKEN)
async def identity_proofs(op: Operation, scene: Scene) -> None:
    """Deprecated: nothing since Mastodon 3.5."""
    assert await op.call(scene.alice, id=scene.bob.id) == []


@section("GET /api/v1/accounts/{id}/endorsements", "read:accounts", access=Access.OPEN)
async def endorsements(op: Operation, scene: Scene) -> None:
    """Whom somebody recommends on their profile."""
    person, *liked = await scene.people(4)
    for other in liked:
        await person.follow(other)
        await person.post(f"/api/v1/accounts/{other.id}/endorse")
    found = ids(await op.call(scene.nobody, id=person.id))
    assert set(found) == {other.id for other in liked}, found
    await pages(op, scene.bob, [other.id for other in reversed(liked)], id=person.id)


@section("GET /api/v1/accounts/{account_id}/collections", "read:collections", access=Access.OPEN)
async def collections(op: Operation, scene: Scene) -> None:
    """The collections somebody keeps."""
    owner = await scene.person()
    made = [await owner.post("/api/v1/collections", name=name) for name in ("Gardeners", "Cooks", "Painters")]
    found = await op.call(owner, account_id=owner.id)
    assert {one["name"] for one in found["collections"]} == {"Gardeners", "Cooks", "Painters"}, found
    first = await op.ask(owner, account_id=owner.id, params={"limit": 2})
    assert len(first.json()["collections"]) == 2
    rest = await op.call(owner, account_id=owner.id, params={"limit": 2, "offset": 2})
    assert len(rest["collections"]) == 1
    assert "next" in first.links, first.headers.get("Link")
    assert made[0]["collection"]["id"] in ids(found["collections"])


@section("GET /api/v1/accounts/{account_id}/in_collections", "read:collections", access=Access.OPEN)
async def in_collections(op: Operation, scene: Scene) -> None:
    """The collections in which one is recommended, for oneself."""
    owner, member = await scene.people(2)
    await member.patch("/api/v1/accounts/update_credentials", discoverable=True)
    made = await owner.post("/api/v1/collections", name="Good people", account_ids=[member.id])
    found = await op.call(member, account_id=member.id)
    assert ids(found["collections"]) == [made["collection"]["id"]], found


@section("GET /api/v1/accounts/familiar_followers", "read:follows")
async def familiar_followers(op: Operation, scene: Scene) -> None:
    """Who of those one follows follows somebody."""
    person, friend, stranger, target = await scene.people(4)
    await person.follow(friend)
    await friend.follow(target)
    await stranger.follow(target)
    first, second = await op.call(person, params={"id[]": [target.id, friend.id]})
    shows(first, id=target.id)
    assert ids(first["accounts"]) == [friend.id], first
    assert second["accounts"] == [], second


@section("GET /api/v1/accounts/relationships", "read:follows")
async def relationships(op: Operation, scene: Scene) -> None:
    """What several accounts are to one; those that do not exist are left out."""
    person, friend = await scene.people(2)
    await person.follow(friend)
    first, second = await op.call(person, params={"id[]": [friend.id, NOBODYS_ID, scene.bob.id]})
    shows(first, id=friend.id, following=True, followed_by=False, requested=False, note="")
    shows(second, id=scene.bob.id, following=False)
    assert await op.call(person) == []


@section("GET /api/v1/accounts/search", "read:accounts")
async def search(op: Operation, scene: Scene) -> None:
    """Accounts by name and handle; those of other nodes when it may ask there."""
    person = await scene.person()
    await person.patch("/api/v1/accounts/update_credentials", display_name="Quirina the Searchable")
    assert person.id in ids(await op.call(scene.alice, params={"q": "Quirina"}))
    assert ids(await op.call(scene.alice, params={"q": person.username, "limit": 1})) == [person.id]
    assert await op.call(scene.alice, params={"q": "Quirina", "following": "true"}) == []
    (found,) = await op.call(scene.alice, params={"q": f"@{scene.rita.acct}", "resolve": "true"})
    shows(found, acct=scene.rita.acct)


@section("GET /api/v1/accounts/lookup", "read:accounts", access=Access.OPEN)
async def lookup(op: Operation, scene: Scene) -> None:
    """The account with a handle, if it is known here; nobody else is asked."""
    shows(await op.call(scene.nobody, params={"acct": "alice"}), id=scene.alice.id)
    shows(await op.call(scene.nobody, params={"acct": f"@{scene.alice.acct}"}), id=scene.alice.id)
    known = await scene.alice.find(scene.rita)
    shows(await op.call(scene.nobody, params={"acct": scene.rita.acct}), id=known["id"])
    await op.refuse(404, scene.nobody, "Record not found", params={"acct": "nobody_at_all"})
