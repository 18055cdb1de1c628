"""Statuses: post, read, change, delete, and what surrounds them. Spec: Mastodon API, methods/statuses."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.contract import document
from tests.contract.checks import Access, Operation, Section, ids, shows
from tests.contract.paging import pages
from tests.contract.scene import NOBODYS_ID, Scene
from tests.contract.site import serving_article

section: Final = Section("statuses")


@section("POST /api/v1/statuses", "write:statuses")
async def post(op: Operation, scene: Scene) -> None:
    """Every kind of status, read back by others; the same key posts once."""
    person = await scene.person()
    plain = await op.call(person, json={"status": "Hello @bob, about #things", "language": "en"})
    shows(plain, visibility="public", sensitive=False, spoiler_text="", language="en", in_reply_to_id=None)
    assert [mention["acct"] for mention in plain["mentions"]] == ["bob"], plain["mentions"]
    assert [tag["name"] for tag in plain["tags"]] == ["things"], plain["tags"]
    shows(plain["application"], name="Contract")
    shows(await scene.bob.get(f"/api/v1/statuses/{plain['id']}"), content=plain["content"])

    media = await person.upload(description="A red square")
    shown = await op.call(
        person,
        json={
            "status": "Look",
            "media_ids": [media["id"]],
            "sensitive": True,
            "spoiler_text": "Red",
            "visibility": "unlisted",
        },
    )
    shows(shown, visibility="unlisted", sensitive=True, spoiler_text="Red")
    assert ids(shown["media_attachments"]) == [media["id"]], shown["media_attachments"]
    shows(shown["media_attachments"][0], type="image", description="A red square")

    answer = await op.call(person, json={"status": "And so on", "in_reply_to_id": plain["id"]})
    shows(answer, in_reply_to_id=plain["id"], in_reply_to_account_id=person.id)
    form = await op.call(person, data={"status": "By a form", "visibility": "private"})
    shows(form, visibility="private")
    assert (await scene.bob.http.get(f"/api/v1/statuses/{form['id']}")).status_code == 404

    poll = {"options": ["Yes", "No"], "expires_in": 3600, "multiple": True, "hide_totals": True}
    asked = await op.call(person, json={"status": "Shall we?", "poll": poll})
    assert [option["title"] for option in asked["poll"]["options"]] == ["Yes", "No"], asked["poll"]
    shows(asked["poll"], multiple=True, expired=False, votes_count=0)

    once = await op.call(person, json={"status": "Once"}, headers={"Idempotency-Key": "contract"})
    again = await op.call(person, json={"status": "Once"}, headers={"Idempotency-Key": "contract"})
    assert again["id"] == once["id"], "the same key posted twice"

    await op.refuse(422, person, "Validation failed: Text can't be blank", json={"status": "  "})
    await op.refuse(422, person, json={"status": "x" * 100_000})
    await op.refuse(422, person, json={"status": "x", "visibility": "everybody"})
    await op.refuse(422, person, json={"status": "x", "media_ids": [NOBODYS_ID]})
    await op.refuse(422, person, json={"status": "x", "poll": {"options": ["One"], "expires_in": 3600}})
    await op.refuse(404, person, json={"status": "x", "in_reply_to_id": NOBODYS_ID})

    await op.needs("GET /api/v1/scheduled_statuses")
    moment = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    later = await op.call(person, json={"status": "Later", "scheduled_at": moment})
    shows(later["params"], text="Later")
    assert ids(await person.get("/api/v1/scheduled_statuses")) == [later["id"]]
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    await op.refuse(422, person, "Validation failed", json={"status": "Too soon", "scheduled_at": soon})

    await op.needs("GET /api/v1/statuses/1/quotes")
    quote = await op.call(person, json={"status": "As I said", "quoted_status_id": plain["id"]})
    assert quote["quote"]["quoted_status"]["id"] == plain["id"], quote["quote"]
    closed = await op.call(person, json={"status": "Do not quote", "quote_approval_policy": "nobody"})
    assert closed["quote_approval"]["automatic"] == [], closed["quote_approval"]


@section("GET /api/v1/statuses", "read:statuses", access=Access.OPEN)
async def several(op: Operation, scene: Scene) -> None:
    """Several statuses by id; what is absent or not for the reader is left out."""
    public = await scene.alice.status("For all")
    hidden = await scene.alice.status("For those I name", visibility="direct")
    asked = {"id[]": [public["id"], NOBODYS_ID, hidden["id"]]}
    assert ids(await op.call(scene.nobody, params=asked)) == [public["id"]]
    assert set(ids(await op.call(scene.alice, params=asked))) == {public["id"], hidden["id"]}
    assert await op.call(scene.alice) == []


@section("GET /api/v1/statuses/{id}", "read:statuses", access=Access.OPEN)
async def one(op: Operation, scene: Scene) -> None:
    """A status with what the reader is to it; one that is not for them is absent."""
    status = await scene.alice.status("For all")
    seen = await op.call(scene.nobody, id=status["id"])
    shows(seen, id=status["id"], content="<p>For all</p>", favourites_count=0, reblogs_count=0, replies_count=0)
    seen = await op.call(scene.bob, id=status["id"])
    shows(seen, favourited=False, reblogged=False, bookmarked=False, muted=False)
    assert "pinned" not in seen or seen["pinned"] is not True
    shows(await op.call(scene.alice, id=status["id"]), pinned=False)
    media = await scene.rita.upload(description="Over there")
    remote = await scene.remote_status(scene.bob, "From afar", media_ids=[media["id"]])
    (shown,) = (await op.call(scene.bob, id=remote["id"]))["media_attachments"]
    assert shown["remote_url"], shown
    await _filtered(op, scene)
    await _quoted_twice(op, scene)
    await _with_card(op, scene)
    hidden = await scene.alice.status("For those I name", visibility="direct")
    await op.refuse(404, scene.nobody, "Record not found", id=hidden["id"])
    await op.refuse(404, scene.bob, "Record not found", id=hidden["id"])


async def _filtered(op: Operation, scene: Scene) -> None:
    """Why a status is filtered, for the one whose filter it is."""
    reader = await scene.person()
    made = await reader.post("/api/v2/filters", title="Hay", context=["home"], keywords_attributes=[{"keyword": "hay"}])
    status = await scene.alice.status("Much hay")
    (result,) = (await op.call(reader, id=status["id"]))["filtered"]
    shows(result["filter"], id=made["id"], title="Hay")


async def _quoted_twice(op: Operation, scene: Scene) -> None:
    """What a quoted status quotes is named, not shown."""
    first = await scene.alice.status("First", quote_approval_policy="public")
    second = await scene.bob.status("Second", quoted_status_id=first["id"], quote_approval_policy="public")
    third = await scene.carol.status("Third", quoted_status_id=second["id"])
    await scene.settle()
    seen = await op.call(scene.nobody, id=third["id"])
    inner = seen["quote"]["quoted_status"]
    shows(inner, id=second["id"])
    shows(inner["quote"], state="accepted", quoted_status_id=first["id"])
    assert document.entity_faults(inner["quote"], "ShallowQuote") == [], inner["quote"]


async def _with_card(op: Operation, scene: Scene) -> None:
    """What the page is about to which a status points, and which member wrote it."""
    writer = await scene.person()
    await writer.patch("/api/v1/profile", attribution_domains=["localhost"])
    async with serving_article(f"@{writer.acct}") as address:
        status = await scene.alice.status(f"Read {address}")

        async def look() -> Any:  # noqa: ANN401 - JSON
            return (await op.call(scene.nobody, id=status["id"]))["card"]

        card = await scene.until(look, "the card of a page")
    shows(card, url=address, title="Zeppelins today", description="What flies", provider_name="The Paper", type="link")
    assert card["image"], card
    assert card["published_at"] == "2026-03-01T10:00:00.000Z", card
    assert [one["account"]["id"] for one in card["authors"]] == [writer.id], card["authors"]


@section("DELETE /api/v1/statuses/{id}", "write:statuses")
async def delete(op: Operation, scene: Scene) -> None:
    """A status goes, for everybody; the answer holds what a redraft needs."""
    media = await scene.alice.upload()
    status = await scene.alice.status("A *mistake*", media_ids=[media["id"]])
    await op.refuse(404, scene.bob, "Record not found", id=status["id"])
    gone = await op.call(scene.alice, id=status["id"], params={"delete_media": "false"})
    shows(gone, id=status["id"], text="A *mistake*")
    assert ids(gone["media_attachments"]) == [media["id"]], gone["media_attachments"]
    assert (await scene.alice.http.get(f"/api/v1/statuses/{status['id']}")).status_code == 404
    again = await scene.alice.status("Better", media_ids=[media["id"]])
    gone = await op.call(scene.alice, id=again["id"], params={"delete_media": "true"})
    refused = await scene.alice.http.post("/api/v1/statuses", json={"status": "x", "media_ids": [media["id"]]})
    assert refused.status_code == 422, "the media went with the status"


@section("PUT /api/v1/statuses/{id}", "write:statuses")
async def edit(op: Operation, scene: Scene) -> None:
    """Text, warning, language and media change; everybody sees it and when."""
    media = await scene.alice.upload(description="Before")
    status = await scene.alice.status("Frist", media_ids=[media["id"]])
    changed = await op.call(
        scene.alice,
        id=status["id"],
        json={
            "status": "First #fixed",
            "spoiler_text": "Numbers",
            "sensitive": True,
            "language": "en",
            "media_ids": [media["id"]],
            "media_attributes": [{"id": media["id"], "description": "After", "focus": "0.5,-0.5"}],
        },
    )
    shows(changed, id=status["id"], spoiler_text="Numbers", sensitive=True, language="en")
    assert changed["edited_at"], changed
    shows(changed["media_attachments"][0], description="After")
    seen = await scene.bob.get(f"/api/v1/statuses/{status['id']}")
    assert "First" in seen["content"], seen["content"]
    assert [tag["name"] for tag in seen["tags"]] == ["fixed"], seen["tags"]
    assert len(await scene.bob.get(f"/api/v1/statuses/{status['id']}/history")) == 2
    await op.refuse(404, scene.bob, "Record not found", id=status["id"], json={"status": "Not mine"})
    await op.refuse(
        422, scene.alice, "Validation failed", id=status["id"], json={"status": "", "spoiler_text": "", "media_ids": []}
    )
    asked = await scene.alice.status("Which?", poll={"options": ["A", "B"], "expires_in": 3600})
    changed = await op.call(
        scene.alice,
        id=asked["id"],
        json={"status": "Which one?", "poll": {"options": ["A", "C"], "expires_in": 7200}},
    )
    assert [option["title"] for option in changed["poll"]["options"]] == ["A", "C"], changed["poll"]


@section("GET /api/v1/statuses/{id}/context", "read:statuses", access=Access.OPEN)
async def context(op: Operation, scene: Scene) -> None:
    """What a status answers, and what answers it, as far as the reader may see."""
    root = await scene.alice.status("Root")
    middle = await scene.bob.reply(root, "Middle")
    leaf = await scene.carol.reply(middle, "Leaf")
    hidden = await scene.carol.status("@alice aside", in_reply_to_id=middle["id"], visibility="direct")
    await scene.settle()
    seen = await op.call(scene.nobody, id=middle["id"])
    assert (ids(seen["ancestors"]), ids(seen["descendants"])) == ([root["id"]], [leaf["id"]]), seen
    seen = await op.call(scene.alice, id=middle["id"])
    assert set(ids(seen["descendants"])) == {leaf["id"], hidden["id"]}, seen
    seen = await op.call(scene.alice, id=leaf["id"])
    assert ids(seen["ancestors"]) == [root["id"], middle["id"]], seen


@section("GET /api/v1/statuses/{id}/history", "read:statuses", access=Access.OPEN)
async def history(op: Operation, scene: Scene) -> None:
    """Every version, the first one first."""
    status = await scene.alice.status("One")
    assert [version["content"] for version in await op.call(scene.nobody, id=status["id"])] == ["<p>One</p>"]
    await scene.alice.put(f"/api/v1/statuses/{status['id']}", status="Two", spoiler_text="Changed")
    first, second = await op.call(scene.nobody, id=status["id"])
    shows(first, content="<p>One</p>", spoiler_text="", created_at=status["created_at"])
    shows(second, content="<p>Two</p>", spoiler_text="Changed")
    shows(second["account"], id=scene.alice.id)
    asked = await scene.alice.status("Which?", poll={"options": ["A", "B"], "expires_in": 3600})
    (first,) = await op.call(scene.nobody, id=asked["id"])
    assert first["poll"] == {"options": [{"title": "A"}, {"title": "B"}]}, first["poll"]
    quote = await scene.alice.status("Myself", quoted_status_id=status["id"])
    (first,) = await op.call(scene.nobody, id=quote["id"])
    assert first["quote"]["state"] == "accepted", first["quote"]


@section("GET /api/v1/statuses/{id}/source", "read:statuses")
async def source(op: Operation, scene: Scene) -> None:
    """What the author typed."""
    status = await scene.alice.status("Typed <like> this\n\nwith #tags", spoiler_text="Careful")
    shows(
        await op.call(scene.alice, id=status["id"]),
        id=status["id"],
        text="Typed <like> this\n\nwith #tags",
        spoiler_text="Careful",
    )


@section("GET /api/v1/statuses/{id}/favourited_by", "read:statuses|read:accounts", access=Access.OPEN)
async def favourited_by(op: Operation, scene: Scene) -> None:
    """Who favourited a status, the latest first."""
    status = await scene.alice.status("Popular")
    fans = await scene.people(3)
    for fan in fans:
        await fan.post(f"/api/v1/statuses/{status['id']}/favourite")
    await pages(op, scene.bob, [fan.id for fan in reversed(fans)], id=status["id"])
    assert len(await op.call(scene.nobody, id=status["id"])) == 3
    hidden = await scene.alice.status("Hidden", visibility="direct")
    await op.refuse(404, scene.bob, id=hidden["id"])


@section("GET /api/v1/statuses/{id}/reblogged_by", "read:statuses|read:accounts", access=Access.OPEN)
async def reblogged_by(op: Operation, scene: Scene) -> None:
    """Who boosted a status, the latest first."""
    status = await scene.alice.status("Worth it")
    fans = await scene.people(3)
    for fan in fans:
        await fan.post(f"/api/v1/statuses/{status['id']}/reblog")
    await pages(op, scene.bob, [fan.id for fan in reversed(fans)], id=status["id"])
    assert len(await op.call(scene.nobody, id=status["id"])) == 3


@section("POST /api/v1/statuses/{id}/translate", "read:statuses")
async def translate(op: Operation, scene: Scene) -> None:
    """A status in another language, if the node has a service for it; never one that is not public."""
    languages = await scene.alice.get("/api/v1/instance/translation_languages")
    status = await scene.alice.status("Guten Morgen", language="de", spoiler_text="Gruß")
    hidden = await scene.alice.status("Geheim", language="de", visibility="private")
    if "en" in languages.get("de", []):
        told = await op.call(scene.bob, id=status["id"], json={"lang": "en"})
        shows(told, detected_source_language="de", language="en")
        assert told["provider"], told
        assert told["content"] not in {"", status["content"]}, told["content"]
    else:
        await op.refuse(404, scene.bob, "Record not found", id=status["id"], json={"lang": "en"})
    await op.refuse(403, scene.alice, "This action is not allowed", id=hidden["id"], json={"lang": "en"})


@section("GET /api/v1/statuses/{id}/quotes", "read:statuses")
async def quotes(op: Operation, scene: Scene) -> None:
    """What quotes a status, the latest first."""
    status = await scene.alice.status("Quotable", quote_approval_policy="public")
    made = [
        await person.status(f"Look, {number}", quoted_status_id=status["id"])
        for number, person in enumerate((scene.bob, scene.carol, scene.bob))
    ]
    await scene.settle()
    await pages(op, scene.alice, [quote["id"] for quote in reversed(made)], id=status["id"])
    seen = await scene.alice.get(f"/api/v1/statuses/{status['id']}")
    shows(seen, quotes_count=3)


@section("POST /api/v1/statuses/{id}/quotes/{quoting_status_id}/revoke", "write:statuses")
async def revoke_quote(op: Operation, scene: Scene) -> None:
    """The author of the quoted status takes it out of a quote; nobody else can."""
    status = await scene.alice.status("Quotable", quote_approval_policy="public")
    quote = await scene.bob.status("Look", quoted_status_id=status["id"])
    await scene.settle()
    await op.refuse(403, scene.carol, "This action is not allowed", id=status["id"], quoting_status_id=quote["id"])
    told = await op.call(scene.alice, id=status["id"], quoting_status_id=quote["id"])
    shows(told["quote"], state="revoked", quoted_status=None)
    seen = await scene.carol.get(f"/api/v1/statuses/{quote['id']}")
    shows(seen["quote"], state="revoked", quoted_status=None)
    shows(await scene.alice.get(f"/api/v1/statuses/{status['id']}"), quotes_count=0)


@section("PUT /api/v1/statuses/{id}/interaction_policy", "write:statuses")
async def interaction_policy(op: Operation, scene: Scene) -> None:
    """Who may quote a status is changed afterwards; it is no edit."""
    status = await scene.alice.status("Quotable", quote_approval_policy="public")
    changed = await op.call(scene.alice, id=status["id"], json={"quote_approval_policy": "nobody"})
    shows(changed, id=status["id"], edited_at=None)
    assert changed["quote_approval"]["automatic"] == [], changed["quote_approval"]
    seen = await scene.bob.get(f"/api/v1/statuses/{status['id']}")
    assert seen["quote_approval"]["current_user"] == "denied", seen["quote_approval"]
    refused = await scene.bob.http.post("/api/v1/statuses", json={"status": "x", "quoted_status_id": status["id"]})
    # The documentation speaks of an error and names no status: Bob sees the post, and is not allowed.
    assert refused.status_code == 403, refused.text
    await op.refuse(422, scene.alice, id=status["id"], json={"quote_approval_policy": "everybody"})
    answer = await op.send(scene.bob, id=status["id"], json={"quote_approval_policy": "public"})
    assert answer.status_code in {403, 404}, f"somebody else changes it: {answer.status_code}"
