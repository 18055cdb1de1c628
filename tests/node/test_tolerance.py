"""One meaning in many spellings: what other servers' JSON-LD libraries make of an activity is understood."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.node.fake_peer import running_peer
from tests.node.meeting import Meeting
from tests.node.serving import Member
from tests.node.talking import contents, entities, entity, run_jobs, success

AS: Final = "https://www.w3.org/ns/activitystreams"
Json = dict[str, Any]


def listed(document: Json) -> Json:
    """Every value is a list of one."""
    return {key: value if key in ("@context", "id") else _listed(value) for key, value in document.items()}


def _listed(value: object) -> object:
    if isinstance(value, Mapping):
        return [listed(dict(value))]
    return value if isinstance(value, list) else [value]


def embedded(document: Json) -> Json:
    """Wherever there is the id of somebody or something, there is an object with it, and more in it."""
    return {
        key: {"id": value, "type": "Object", "unheard": [{"of": 7}]}
        if key in ("actor", "object", "attributedTo", "inReplyTo") and isinstance(value, str)
        else embedded(value)
        if isinstance(value, dict)
        else value
        for key, value in document.items()
    }


def without_context(document: Json) -> Json:
    return {key: value for key, value in document.items() if key != "@context"}


def prefixed(document: Json) -> Json:
    """Every term and type under the prefix of ActivityStreams."""
    return _renamed(document, "as:")


def expanded(document: Json) -> Json:
    """As the expansion of JSON-LD leaves it: whole names, and every value in a list of objects."""
    return {key: value if key == "@id" else _values(key, value) for key, value in _renamed(document, f"{AS}#").items()}


def _values(key: str, value: object) -> object:
    if key == "@type":
        return [value]
    many = value if isinstance(value, list) else [value]
    return [_value(key.partition("#")[2], one) for one in many]


def _value(term: str, value: object) -> object:
    if isinstance(value, dict):
        return expanded_part(value)
    return {"@value": value} if term in ("content", "published") else {"@id": value}


def expanded_part(document: Json) -> Json:
    return {key: value if key == "@id" else _values(key, value) for key, value in document.items()}


def _renamed(document: Json, prefix: str) -> Json:
    names = {"id": "@id", "type": "@type"}
    return {
        names.get(key, f"{prefix}{key}"): f"{prefix}{value}"
        if key == "type"
        else _renamed(value, prefix)
        if isinstance(value, dict)
        else value
        for key, value in document.items()
        if key != "@context"
    }


def decorated(document: Json) -> Json:
    """With terms nobody knows, types beside the known one, and nothing where something might be."""
    return {
        **document,
        "type": ["https://vocabulary.example/Thing", document["type"], "Other"],
        "@context": [AS, {"vocabulary": "https://vocabulary.example/"}, "https://vocabulary.example/context"],
        "vocabulary:mood": {"deep": [[[None]]]},
        "published": None,
        "cc": [],
        "attachment": None,
        "tag": {"type": "vocabulary:Tag", "href": 7},
        "object": decorated(document["object"]) if isinstance(document.get("object"), dict) else document.get("object"),
    }


SPELLINGS: Final[tuple[Callable[[Json], Json], ...]] = (
    dict, listed, embedded, without_context, prefixed, expanded, decorated,
)  # fmt: skip
EVERY_SPELLING: Final = pytest.mark.parametrize("spell", SPELLINGS, ids=lambda spell: spell.__name__)


@pytest.fixture
async def anna(meeting: Meeting) -> Member:
    """A member of the node; the peer has the user fred."""
    meeting.add("fred")
    return await meeting.working.person("anna")


async def followers(anna: Member) -> list[str]:
    found = entities(await anna.api.get(f"/api/v1/accounts/{anna.id}/followers"), "Account")
    return [one["uri"] for one in found]


@EVERY_SPELLING
async def test_an_activity_means_the_same_in_every_spelling(
    meeting: Meeting, anna: Member, spell: Callable[[Json], Json]
) -> None:
    """A follow, its end, a status, a favourite and a deletion, each spelt in one of the ways that JSON-LD allows."""
    fred = meeting.peer.actor("fred")

    async def say(kind: str, object_: object, number: int, **more: object) -> Json:
        plain = meeting.peer.activity(kind, fred, object_, number) | more
        await meeting.deliver(spell(plain), "fred")
        return without_context(plain)

    follow = await say("Follow", meeting.actor(anna), 1)
    assert await followers(anna) == [fred]
    await say("Undo", follow, 2)
    assert await followers(anna) == []

    note: Json = {
        "id": f"{meeting.peer.url}/notes/1", "type": "Note", "attributedTo": fred, "content": "<p>Hello</p>",
        "to": ["as:Public", meeting.actor(anna)],
    }  # fmt: skip
    await say("Create", note, 3, to=note["to"])
    query = {"q": note["id"], "type": "statuses"}
    (status,) = success(await anna.api.get("/api/v2/search", params=query))["statuses"]
    assert (status["content"], status["visibility"]) == ("<p>Hello</p>", "public")

    own = entity(await anna.api.post("/api/v1/statuses", json={"status": "Mine"}), "Status")
    await say("Like", own["uri"], 4)
    assert entity(await anna.api.get(f"/api/v1/statuses/{own['id']}"), "Status")["favourites_count"] == 1
    await say("Delete", note["id"], 5)
    assert (await anna.api.get(f"/api/v1/statuses/{status['id']}")).status_code == 404


@pytest.mark.parametrize("public", ["as:Public", "Public", f"{AS}#Public", {"id": "as:Public"}])
@pytest.mark.parametrize("is_alone", [False, True])
async def test_what_is_for_everybody_is_so_in_every_spelling(
    meeting: Meeting, anna: Member, public: object, *, is_alone: bool
) -> None:
    """The public collection has three names, stands alone or in a list, and may be an object."""
    named = {"type": "Mention", "href": meeting.actor(anna)}
    note: Json = {
        "id": f"{meeting.peer.url}/notes/2", "type": "Note", "attributedTo": meeting.peer.actor("fred"),
        "content": "Hello", "to": public if is_alone else [public], "tag": named,
    }  # fmt: skip

    await meeting.say("Create", "fred", note)

    query = {"q": note["id"], "type": "statuses"}
    (status,) = success(await anna.api.get("/api/v2/search", params=query))["statuses"]
    assert status["visibility"] == "public"


async def test_what_is_undone_may_be_named_by_its_id_alone(meeting: Meeting, anna: Member) -> None:
    """A follow, a block, a favourite and a boost end by an Undo that says no more of them than their id."""
    fred = meeting.peer.actor("fred")
    for name in ("mallory", "eve"):
        meeting.add(name)
    own = entity(await anna.api.post("/api/v1/statuses", json={"status": "Mine"}), "Status")
    known = await meeting.find(anna, "eve")

    async def stands() -> tuple[list[str], int, int, bool]:
        status = entity(await anna.api.get(f"/api/v1/statuses/{own['id']}"), "Status")
        asked = await anna.api.get("/api/v1/accounts/relationships", params={"id[]": known["id"]})
        (relation,) = entities(asked, "Relationship")
        return await followers(anna), status["favourites_count"], status["reblogs_count"], relation["blocked_by"]

    follow = await meeting.say("Follow", "fred", meeting.actor(anna))
    like = await meeting.say("Like", "fred", own["uri"])
    boost = await meeting.say("Announce", "fred", own["uri"], to=["as:Public"])
    block = await meeting.say("Block", "eve", meeting.actor(anna))
    assert await stands() == ([fred], 1, 1, True)

    for done in (follow, like, boost, block):
        await meeting.say("Undo", "mallory", done["id"])
    assert await stands() == ([fred], 1, 1, True)
    for done in (follow, like, boost):
        await meeting.say("Undo", "fred", done["id"])
    await meeting.say("Undo", "eve", block["id"])

    assert await stands() == ([], 0, 0, False)


@pytest.mark.parametrize("form", ["whole", "reduced", "unnamed"])
async def test_who_takes_an_acceptance_back_is_followed_no_more(meeting: Meeting, anna: Member, form: str) -> None:
    """Some servers end a follow by an Undo of its Accept, where others send a Reject; only who gave it may."""
    meeting.add("mallory")
    known = await meeting.find(anna, "fred")
    success(await anna.api.post(f"/api/v1/accounts/{known['id']}/follow"))
    asked = without_context(await meeting.peer.wait_for("Follow"))
    accepted = without_context(await meeting.say("Accept", "fred", asked))

    async def follows() -> bool:
        answer = await anna.api.get("/api/v1/accounts/relationships", params={"id[]": known["id"]})
        (relation,) = entities(answer, "Relationship")
        return bool(relation["following"])

    assert await follows()
    forged = accepted | {"actor": meeting.peer.actor("mallory")}
    await meeting.say("Undo", "mallory", forged)
    assert await follows()

    undone = {
        "whole": accepted,
        "reduced": accepted | {"object": asked["id"]},
        "unnamed": accepted | {"object": {name: value for name, value in asked.items() if name != "id"}},
    }
    await meeting.say("Undo", "fred", undone[form])

    assert not await follows()


@pytest.mark.parametrize("says_all", [False, True])
@pytest.mark.parametrize("kind", ["Follow", "Like", "Announce", "Block"])
async def test_what_is_taken_back_before_it_came_does_not_come(
    meeting: Meeting, anna: Member, kind: str, *, says_all: bool
) -> None:
    """An Undo may overtake what it undoes, embedded or by its id; the Undo of another server keeps nothing away."""
    fred = meeting.peer.actor("fred")
    own = entity(await anna.api.post("/api/v1/statuses", json={"status": "Mine"}), "Status")
    known = await meeting.find(anna, "fred")
    about = own["uri"] if kind in ("Like", "Announce") else meeting.actor(anna)
    late, later = (meeting.peer.activity(kind, fred, about, number) | {"to": ["as:Public"]} for number in (901, 902))

    async def came() -> bool:
        status = entity(await anna.api.get(f"/api/v1/statuses/{own['id']}"), "Status")
        asked = await anna.api.get("/api/v1/accounts/relationships", params={"id[]": known["id"]})
        (relation,) = entities(asked, "Relationship")
        counts = (status["favourites_count"], status["reblogs_count"])
        return counts != (0, 0) or relation["followed_by"] or relation["blocked_by"]

    await meeting.say("Undo", "fred", without_context(late) if says_all else late["id"])
    await meeting.deliver(late, "fred")
    assert not await came()

    async with running_peer() as elsewhere:
        undo = elsewhere.activity("Undo", elsewhere.add_user("mallory"), later["id"], 903)
        message = elsewhere.sign(f"{meeting.server.url}/inbox", undo, by="mallory")
        answer = await meeting.server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
    assert answer.status_code == 403
    await meeting.deliver(later, "fred")
    assert await came()


async def test_the_language_of_a_text_in_several_is_that_of_what_is_shown(meeting: Meeting, anna: Member) -> None:
    """Of several languages the one that ``content`` is in counts; without ``content``, the first."""
    texts = {"en": "<p>Good morning</p>", "de": "<p>Guten Morgen</p>", "fr": "<p>Bonjour</p>"}
    told: list[tuple[str, str]] = []
    for number, content in enumerate(({"content": texts["de"]}, {}), 10):
        note: Json = {
            "id": f"{meeting.peer.url}/notes/{number}", "type": "Note", "attributedTo": meeting.peer.actor("fred"),
            "to": ["as:Public", meeting.actor(anna)], "contentMap": texts, **content,
        }  # fmt: skip
        await meeting.say("Create", "fred", note)
        (status,) = success(await anna.api.get("/api/v2/search", params={"q": note["id"]}))["statuses"]
        told.append((status["content"], status["language"]))

    assert told == [(texts["de"], "de"), (texts["en"], "en")]


@pytest.mark.parametrize("dated", [True, False])
async def test_what_says_no_time_was_made_when_it_came(meeting: Meeting, anna: Member, *, dated: bool) -> None:
    """However late it is handled: an edit that came after it is the newer one, whether it says its time or not."""
    clock, fred, everybody = meeting.server.clock, meeting.peer.actor("fred"), [f"{AS}#Public"]
    said = {"id": f"{meeting.peer.url}/notes/1", "type": "Note", "attributedTo": fred, "to": everybody}
    said |= {"cc": [meeting.actor(anna)], "content": "First", **({"published": clock().isoformat()} if dated else {})}
    await meeting.working.rest()

    await meeting.post(meeting.peer.activity("Create", fred, said, 1) | {"to": everybody}, "fred")
    clock.advance(timedelta(minutes=1))
    await meeting.post(meeting.peer.activity("Update", fred, said | {"content": "Second"}, 2), "fred")
    clock.advance(timedelta(minutes=1))
    third = said | {"content": "Third", **({"updated": clock().isoformat()} if dated else {})}
    await meeting.post(meeting.peer.activity("Update", fred, third, 3), "fred")
    clock.advance(timedelta(hours=1))
    async with run_jobs(meeting.server) as working:
        await working.settle()

    (found,) = success(await anna.api.get("/api/v2/search", params={"q": said["id"], "resolve": "true"}))["statuses"]
    versions = success(await anna.api.get(f"/api/v1/statuses/{found['id']}/history"))
    assert contents(versions) == ["First", "Second", "Third"]
