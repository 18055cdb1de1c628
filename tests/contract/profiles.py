"""One's profile, collections of people, and the report of a year."""

from datetime import UTC, datetime
from typing import Any, Final

from tests.contract.checks import Access, Operation, Section, ids, shows
from tests.contract.people import Person
from tests.contract.scene import NOBODYS_ID, Scene
from tests.fediverse.nodes import settle
from tests.node.talking import picture

profile: Final = Section("profile")
collections: Final = Section("collections")
annual_reports: Final = Section("annual_reports")


@profile("GET /api/v1/profile", "profile")
async def mine(op: Operation, scene: Scene) -> None:
    """One's profile as one wrote it."""
    person = await scene.person()
    found = await op.call(person)
    shows(found, id=person.id, display_name="", note="", fields=[], avatar=None, header=None, avatar_description="")
    shows(found, locked=False, bot=False, attribution_domains=[])
    await person.patch("/api/v1/accounts/update_credentials", note="Likes <b>tests</b>")
    shows(await op.call(person), note="Likes <b>tests</b>")
    reader = await scene.limited("read:accounts")
    assert (await reader.get(op.template)).is_success, "the scope read:accounts is enough"


@profile("PATCH /api/v1/profile", "write:accounts")
async def change(op: Operation, scene: Scene) -> None:
    """It changes, for others too."""
    person = await scene.person()
    wanted = {
        "display_name": "Somebody",
        "note": "Writes",
        "locked": True,
        "bot": True,
        "discoverable": True,
        "hide_collections": True,
        "indexable": True,
        "show_media": False,
        "show_media_replies": False,
        "show_featured": False,
        "attribution_domains": ["articles.example"],
    }
    told = await op.call(person, json={**wanted, "fields_attributes": [{"name": "Site", "value": "x"}]})
    shows(told, **wanted)
    assert [(one["name"], one["value"]) for one in told["fields"]] == [("Site", "x")], told["fields"]
    files = {name: ("a.png", picture(), "image/png") for name in ("avatar", "header")}
    told = await op.call(person, data={"avatar_description": "Red", "header_description": "Wide"}, files=files)
    shows(told, avatar_description="Red", header_description="Wide", display_name="Somebody")
    assert told["header"], told
    seen = await scene.bob.get(f"/api/v1/accounts/{person.id}")
    shows(seen, display_name="Somebody", locked=True, bot=True, avatar=told["avatar"], show_media=False)
    await op.refuse(422, person, "Validation failed", json={"display_name": "x" * 1000})


async def _without(op: Operation, scene: Scene, name: str) -> None:
    person = await scene.person()
    files = {name: ("a.png", picture(), "image/png")}
    kept = (await person.http.patch("/api/v1/accounts/update_credentials", files=files)).json()
    told = await op.call(person)
    assert told[name] != kept[name], told[name]
    shows(await scene.bob.get(f"/api/v1/accounts/{person.id}"), **{name: told[name]})
    assert (await op.call(person))[name] == told[name]


@profile("DELETE /api/v1/profile/avatar", "write:accounts")
async def without_avatar(op: Operation, scene: Scene) -> None:
    """The avatar goes; twice is once."""
    await _without(op, scene, "avatar")


@profile("DELETE /api/v1/profile/header", "write:accounts")
async def without_header(op: Operation, scene: Scene) -> None:
    """The header goes; twice is once."""
    await _without(op, scene, "header")


async def _collection(scene: Scene) -> tuple[Person, Person, Any]:
    """Who keeps a collection, who is in it, and the collection."""
    owner, member = await scene.people(2)
    await member.patch("/api/v1/accounts/update_credentials", discoverable=True)
    made = await owner.post("/api/v1/collections", name="Gardeners", account_ids=[member.id])
    return owner, member, made["collection"]


@collections("POST /api/v1/collections", "write:collections")
async def create(op: Operation, scene: Scene) -> None:
    """A collection with the people in it, who agreed to be found."""
    owner, member = await scene.people(2)
    await member.patch("/api/v1/accounts/update_credentials", discoverable=True)
    fields = {
        "name": "Gardeners",
        "description": "They grow things",
        "language": "en",
        "tag_name": "#gardens",
        "sensitive": False,
        "discoverable": True,
    }
    made = (await op.call(owner, json={**fields, "account_ids": [member.id]}))["collection"]
    shows(made, name="Gardeners", language="en", sensitive=False, discoverable=True, local=True, item_count=1)
    shows(made, account_id=owner.id)
    assert made["tag"]["name"] == "gardens", made["tag"]
    shows(made["items"][0], account_id=member.id, state="accepted")
    found = await scene.bob.get(f"/api/v1/collections/{made['id']}")
    shows(found["collection"], id=made["id"], name="Gardeners")
    refusal = await op.refuse(422, owner, "Validation failed", json={"name": "x" * 41})
    assert refusal["error"]["details"]["name"][0]["error"] == "ERR_TOO_LONG", refusal
    await op.refuse(422, owner, json={"name": ""})


@collections("GET /api/v1/collections/{id}", "read:collections", access=Access.OPEN)
async def one(op: Operation, scene: Scene) -> None:
    """A collection with the accounts it names."""
    owner, member, made = await _collection(scene)
    found = await op.call(scene.nobody, id=made["id"])
    shows(found["collection"], id=made["id"], item_count=1)
    assert {member.id} <= set(ids(found["accounts"])) <= {owner.id, member.id}, found["accounts"]
    shows((await op.call(owner, id=made["id"]))["collection"], id=made["id"])


@collections("PATCH /api/v1/collections/{id}", "write:collections")
async def change_collection(op: Operation, scene: Scene) -> None:
    """Its owner changes it, nobody else."""
    owner, _, made = await _collection(scene)
    told = await op.call(owner, id=made["id"], json={"name": "Growers", "sensitive": True, "discoverable": False})
    shows(told["collection"], name="Growers", sensitive=True, discoverable=False)
    shows((await owner.get(f"/api/v1/collections/{made['id']}"))["collection"], name="Growers")
    await op.refuse(403, scene.bob, "This action is not allowed", id=made["id"], json={"name": "Theirs"})
    await op.refuse(422, owner, "Validation failed", id=made["id"], json={"name": "x" * 41})


@collections("DELETE /api/v1/collections/{id}", "write:collections")
async def delete(op: Operation, scene: Scene) -> None:
    """It goes, by its owner alone."""
    owner, _, made = await _collection(scene)
    await op.refuse(403, scene.bob, "This action is not allowed", id=made["id"])
    assert await op.call(owner, id=made["id"]) == {}
    assert (await owner.http.get(f"/api/v1/collections/{made['id']}")).status_code == 404


@collections("POST /api/v1/collections/{collection_id}/items", "write:collections")
async def add(op: Operation, scene: Scene) -> None:
    """Somebody more, if they may be featured."""
    owner, member, made = await _collection(scene)
    more = await scene.person()
    await more.patch("/api/v1/accounts/update_credentials", discoverable=True)
    told = await op.call(owner, collection_id=made["id"], json={"account_id": more.id})
    shows(told["collection_item"], account_id=more.id, state="accepted")
    found = await owner.get(f"/api/v1/collections/{made['id']}")
    assert {item["account_id"] for item in found["collection"]["items"]} == {member.id, more.id}, found
    await op.refuse(
        403, scene.bob, "This action is not allowed", collection_id=made["id"], json={"account_id": more.id}
    )
    await op.refuse(422, owner, "`account_id` parameter is missing", collection_id=made["id"], json={})
    await op.refuse(422, owner, collection_id=made["id"], json={"account_id": NOBODYS_ID})
    await op.refuse(422, owner, collection_id=made["id"], json={"account_id": more.id})


@collections("DELETE /api/v1/collections/{collection_id}/items/{id}", "write:collections")
async def remove(op: Operation, scene: Scene) -> None:
    """Somebody less."""
    owner, _, made = await _collection(scene)
    (item,) = made["items"]
    await op.refuse(403, scene.bob, "This action is not allowed", collection_id=made["id"], id=item["id"])
    assert await op.call(owner, collection_id=made["id"], id=item["id"]) == {}
    shows((await owner.get(f"/api/v1/collections/{made['id']}"))["collection"], item_count=0, items=[])


@collections("POST /api/v1/collections/{collection_id}/items/{id}/revoke", "write:collections")
async def revoke(op: Operation, scene: Scene) -> None:
    """One takes oneself out of somebody's collection; others cannot."""
    _, member, made = await _collection(scene)
    (item,) = made["items"]
    await op.refuse(403, scene.bob, "This action is not allowed", collection_id=made["id"], id=item["id"])
    assert await op.call(member, collection_id=made["id"], id=item["id"]) == {}
    shows((await scene.bob.get(f"/api/v1/collections/{made['id']}"))["collection"], item_count=0)


_POSTED: Final = 12


def _year() -> int:
    return datetime.now(UTC).year


async def _busy(scene: Scene) -> Person:
    """Somebody who did much this year, on a node where it comes to its end."""
    person, fan = await scene.in_december(2)
    if await person.get(f"/api/v1/accounts/{person.id}/statuses"):
        return person
    made = [await person.status(f"In this year {number} #busy") for number in range(_POSTED)]
    for status in made:
        await fan.post(f"/api/v1/statuses/{status['id']}/favourite")
    await fan.post(f"/api/v1/statuses/{made[-1]['id']}/reblog")
    await fan.reply(made[-1], "Indeed")
    await person.status("Again?", poll={"options": ["Yes", "No"], "expires_in": 3600})
    await fan.follow(person)
    await settle(scene.december)
    return person


async def _reported(scene: Scene) -> Person:
    """Somebody whose report of this year is made."""
    person = await _busy(scene)
    made = await person.http.post(f"/api/v1/annual_reports/{_year()}/generate")
    assert made.status_code in {200, 202}, made.text

    async def look() -> bool | None:
        told = await person.get(f"/api/v1/annual_reports/{_year()}/state")
        return told["state"] == "available" or None

    await scene.until(look, "the report of the year to be made")
    return person


@annual_reports("POST /api/v1/annual_reports/{year}/generate", "write:accounts")
async def generate(op: Operation, scene: Scene) -> None:
    """It is made for whoever did enough; for others, and for other years, nothing happens."""
    person = await _busy(scene)
    before = await person.get(f"/api/v1/annual_reports/{_year()}/state")
    assert before["state"] in {"eligible", "available"}, before
    answer = await op.send(person, year=_year())
    assert answer.status_code in {200, 202}, answer.text
    assert await op.call(person, year=1999) == {}
    assert await op.call(scene.bob, year=_year()) == {}
    shows(await scene.bob.get(f"/api/v1/annual_reports/{_year()}/state"), state="ineligible")


@annual_reports("GET /api/v1/annual_reports", "read:accounts")
async def reports(op: Operation, scene: Scene) -> None:
    """The reports that were made for one, with whom and what they name."""
    assert (await op.call(scene.bob))["annual_reports"] == []
    person = await _reported(scene)
    found = await op.call(person)
    (report,) = found["annual_reports"]
    shows(report, year=_year(), account_id=person.id)
    assert sum(month["statuses"] for month in report["data"]["time_series"]) == _POSTED + 1, report
    assert report["data"]["top_hashtags"][0] == {"name": "busy", "count": _POSTED}, report
    assert report["data"]["top_statuses"]["by_reblogs"] in ids(found["statuses"]), found
    assert person.id in ids(found["accounts"]), found["accounts"]


@annual_reports("GET /api/v1/annual_reports/{year}", "read:accounts")
async def report(op: Operation, scene: Scene) -> None:
    """The report of one year."""
    person = await _reported(scene)
    (found,) = (await op.call(person, year=_year()))["annual_reports"]
    shows(found, year=_year(), account_id=person.id)
    await op.refuse(404, person, "Record not found", year=1999)


@annual_reports("GET /api/v1/annual_reports/{year}/state", "read:accounts")
async def state(op: Operation, scene: Scene) -> None:
    """Whether there is one, or could be."""
    assert (await op.call(await _reported(scene), year=_year()))["state"] == "available"
    assert (await op.call(scene.bob, year=1999))["state"] == "ineligible"


@annual_reports("POST /api/v1/annual_reports/{year}/read", "write:accounts")
async def read(op: Operation, scene: Scene) -> None:
    """One has read it."""
    person = await _reported(scene)
    assert await op.call(person, year=_year()) == {}
    await op.refuse(404, person, "Record not found", year=1999)
    await op.refuse(404, scene.bob, "Record not found", year=_year())
