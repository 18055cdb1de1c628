"""A node and a server built on Fedify, which is strict about signatures, do everything that people do to each other.

Each test runs twice: with a Fedify that signs as RFC 9421 says, and with one that signs as draft-cavage-12 does.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from tests.fediverse.fedify import FedifyOptions, FedifyPeer, Forgery, HttpScheme, PeerEvent, PeerRefused, Visibility
from tests.fediverse.nodes import Member, RunningNode, settle, wait_for

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

CAVAGE: Final = "draft-cavage-http-signatures-12"
SCHEMES: Final[dict[HttpScheme, str]] = {"rfc9421": "rfc9421", CAVAGE: "cavage"}
FORGERIES: Final[tuple[Forgery, ...]] = (
    "unsigned",
    "wrong_key",
    "stale",
    "body",
    "digest",
    "signature",
    "other_target",
)
PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
ACTIVITY_JSON: Final = {"Accept": "application/activity+json"}
NUMBERS: Final = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Alice and Fern follow each other across two kinds of software; Bert is Alice's neighbour and follows nobody."""

    node: RunningNode
    alice: Member
    bert: Member
    fern: FedifyPeer
    scheme: HttpScheme

    @property
    def fern_uri(self) -> str:
        return self.fern.actors["fern"]

    def uri(self, member: Member) -> str:
        return f"{self.node.url}/users/{member.username}"

    async def post(self, words: str, **more: str) -> dict[str, Any]:
        """A status of Alice's."""
        status: dict[str, Any] = await self.alice.post("/api/v1/statuses", {"status": words, **more})
        return status

    async def wait_until(self, path: str, is_so: Callable[[Any], bool]) -> Any:  # noqa: ANN401 - JSON
        """What Alice gets at a path, once it is so."""

        async def look() -> Any:  # noqa: ANN401 - JSON
            found = await self.alice.get(path)
            return found if is_so(found) else None

        return await wait_for(look, path)

    async def handled(self, kind: str, where: Callable[[PeerEvent], bool]) -> PeerEvent:
        """What Fern did about an activity of ours; Fedify must have verified our proof, else our HTTP signature."""
        event = await self.fern.wait_for("handled", kind, where=where)
        if event.verified_by == "proof":
            assert kind in {"Create", "Update", "Delete", "Announce", "Undo"}
            return event
        assert (event.verified_by, event.http_scheme) == ("http", "rfc9421")
        assert event.key_id is not None
        assert event.key_id.startswith(f"{self.node.url}/")
        return event

    async def created(self, words: str) -> PeerEvent:
        """The Create that brought Fern a status with these words."""
        return await self.handled(
            "Create", lambda event: event.note is not None and words in (event.note.content or "")
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=SCHEMES, ids=SCHEMES.values())
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Both servers up, everybody signed in, Alice and Fern following each other."""
    folder = tmp_path_factory.mktemp("fedify")
    node = RunningNode(name="Engineering", folder=folder / "node")
    async with FedifyPeer.running(folder / "fern.log", FedifyOptions(first_knock=request.param)) as fern:
        try:
            await node.create("alice", "bert")
            await node.start()
            async with node.member("alice") as alice, node.member("bert") as bert:
                here = World(node=node, alice=alice, bert=bert, fern=fern, scheme=request.param)
                await _follow_each_other(here)
                yield here
        finally:
            await node.close()


async def _follow_each_other(world: World) -> None:
    (found,) = (await _search(world.alice, world.fern.handle()))["accounts"]
    await world.alice.post(f"/api/v1/accounts/{found['id']}/follow")
    await world.fern.follow(world.alice.handle)
    await world.fern.wait_for("handled", "Accept", where=lambda event: event.actor == world.uri(world.alice))
    await world.wait_until(
        f"/api/v1/accounts/relationships?id[]={found['id']}",
        lambda answer: answer[0]["following"] and answer[0]["followed_by"],
    )


async def _search(member: Member, words: str) -> Any:  # noqa: ANN401 - JSON
    return await member.get("/api/v2/search", {"q": words, "resolve": "true"})


async def relation(member: Member, other: str, **expected: bool) -> None:
    """Wait until somebody and another account are so."""

    async def look() -> bool | None:
        (found,) = await member.get(f"/api/v1/accounts/relationships?id[]={other}")
        return expected.items() <= found.items() or None

    await wait_for(look, f"{expected} of {member.handle}")


def unique(words: str) -> str:
    """Words that stand in no other status of this run."""
    return f"{words} no {next(NUMBERS)}."


async def test_both_follow_each_other(world: World) -> None:
    """Each is a follower of the other on both servers, and what Fern signed was verified as what it is."""
    state = await world.fern.state()

    assert state.followers == state.following == (world.uri(world.alice),)
    me = await world.alice.get("/api/v1/accounts/verify_credentials")
    assert (me["followers_count"], me["following_count"]) == (1, 1)
    (told,) = await world.alice.get("/api/v1/notifications", {"types[]": "follow"})
    assert told["account"]["acct"] == world.fern.handle().removeprefix("@")
    follows = [line for line in world.node.log_lines("activity.received") if line["type"] == "Follow"]
    assert {line["scheme"] for line in follows} == {SCHEMES[world.scheme]}


async def test_follows_end(world: World) -> None:
    """An unfollow in either direction is understood by the other."""
    (found,) = (await _search(world.bert, world.fern.handle()))["accounts"]
    await world.bert.post(f"/api/v1/accounts/{found['id']}/follow")
    await world.handled("Follow", lambda event: event.actor == world.uri(world.bert))
    await world.fern.follow(world.bert.handle)
    await world.fern.wait_for("handled", "Accept", where=lambda event: event.actor == world.uri(world.bert))

    await world.bert.post(f"/api/v1/accounts/{found['id']}/unfollow")
    undo = await world.handled("Undo", lambda event: event.actor == world.uri(world.bert))
    await world.fern.unfollow(world.bert.handle)

    assert (undo.outcome, undo.undone) == ("unfollowed", "Follow")
    await relation(world.bert, found["id"], following=False, followed_by=False)


async def test_a_locked_account_answers_when_it_wants(world: World) -> None:
    """Fern's request waits until Bert authorises it; Bert's request waits until Fern does."""
    await world.bert.http.patch("/api/v1/accounts/update_credentials", data={"locked": "true"})
    await world.fern.follow(world.bert.handle)

    async def asked() -> dict[str, Any] | None:
        return next(iter(await world.bert.get("/api/v1/follow_requests")), None)

    account = await wait_for(asked, "Fern's request")
    assert world.uri(world.bert) not in (await world.fern.state()).following
    await world.bert.post(f"/api/v1/follow_requests/{account['id']}/authorize")
    await world.handled("Accept", lambda event: event.outcome == "following" and event.actor == world.uri(world.bert))

    await world.fern.accept_follows("manual")
    await world.bert.post(f"/api/v1/accounts/{account['id']}/follow")
    await world.handled("Follow", lambda event: event.outcome == "asked")
    await relation(world.bert, account["id"], requested=True, following=False)
    await world.fern.reject(world.uri(world.bert))
    await world.fern.accept_follows("auto")
    await relation(world.bert, account["id"], requested=False, following=False)


async def test_fern_reads_what_alice_writes_changes_and_deletes(world: World) -> None:
    """A status arrives whole: text, warning, mention, hashtag, audience; so do its edit and its end."""
    words, changed = unique("Minutes are <out>"), unique("Minutes, second edition")
    text = f"{world.fern.handle()} {words} #minutes"
    status = await world.post(text, spoiler_text="minutes", language="en")
    event = await world.created("Minutes are &lt;out&gt;")
    note = event.note
    assert note is not None
    assert (note.id, note.attributed_to, note.type) == (status["uri"], world.uri(world.alice), "Note")
    assert (note.summary, note.sensitive) == ("minutes", True)
    assert (note.mentions, note.hashtags) == ((world.fern_uri,), ("#minutes",))
    assert note.to == (PUBLIC,)
    assert set(note.cc) == {f"{world.uri(world.alice)}/followers", world.fern_uri}

    answer = await world.alice.http.put(f"/api/v1/statuses/{status['id']}", data={"status": changed})
    assert answer.is_success, answer.text
    update = await world.handled("Update", lambda event: event.note is not None and event.note.id == status["uri"])
    assert update.outcome == "updated"
    assert update.note is not None
    assert update.note.content == f"<p>{changed}</p>"
    assert update.note.updated is not None

    assert (await world.alice.http.delete(f"/api/v1/statuses/{status['id']}")).is_success
    assert (await world.handled("Delete", lambda event: event.object == status["uri"])).outcome == "deleted"


async def test_alice_reads_what_fern_writes_changes_and_deletes(world: World) -> None:
    """A note reaches Alice's home timeline, its edit replaces it there, and its end removes it."""
    words, changed = unique("Minutes are out"), unique("Minutes are late")
    posted = await world.fern.post(words, summary="Minutes", mention=[world.alice.handle])
    status = await world.alice.home_status(words)
    assert (status["uri"], status["spoiler_text"], status["visibility"]) == (posted.id, "Minutes", "public")
    assert [mention["acct"] for mention in status["mentions"]] == ["alice"]
    told = await world.alice.get("/api/v1/notifications", {"types[]": "mention"})
    assert words in told[0]["status"]["content"]

    await world.fern.edit(posted.id, changed)
    path = f"/api/v1/statuses/{status['id']}"
    edited = await world.wait_until(path, lambda found: changed in found["content"])
    assert edited["edited_at"] is not None
    assert len(await world.alice.get(f"{path}/history")) == 2

    await world.fern.delete(posted.id)

    async def gone() -> bool | None:
        return (await world.alice.http.get(path)).status_code == httpx.codes.NOT_FOUND or None

    await wait_for(gone, "the note to be deleted")
    assert not any(changed in content for content in await world.alice.home())


async def test_replies_hang_below_what_they_answer(world: World) -> None:
    """Fern answers Alice and Alice answers Fern; the thread is whole on both servers."""
    question, answer, thanks = unique("Who comes"), unique("I do"), unique("Thanks")
    original = await world.post(question)
    await world.created(question)

    replied = await world.fern.post(answer, mention=[world.alice.handle], in_reply_to=original["uri"])
    path = f"/api/v1/statuses/{original['id']}"
    context = await world.wait_until(f"{path}/context", lambda found: found["descendants"])
    (reply,) = context["descendants"]
    assert (reply["uri"], reply["in_reply_to_id"]) == (replied.id, original["id"])
    assert (await world.alice.get(path))["replies_count"] == 1

    await world.post(f"{world.fern.handle()} {thanks}", in_reply_to_id=reply["id"])
    note = (await world.created(thanks)).note
    assert note is not None
    assert (note.in_reply_to, note.mentions) == (replied.id, (world.fern_uri,))


async def test_fern_likes_and_boosts_and_takes_it_back(world: World) -> None:
    """Fern's like and boost are counted and told, and forgotten when they are undone."""
    words = unique("Like this")
    status = await world.post(words)
    await world.created(words)
    path = f"/api/v1/statuses/{status['id']}"

    await world.fern.like(status["uri"])
    await world.fern.announce(status["uri"])
    await world.wait_until(path, lambda found: found["favourites_count"] == found["reblogs_count"] == 1)
    await world.wait_until(
        "/api/v1/notifications?types[]=favourite&types[]=reblog",
        lambda told: {"favourite", "reblog"} == {one["type"] for one in told if one["status"]["id"] == status["id"]},
    )

    await world.fern.unlike(status["uri"])
    await world.fern.unannounce(status["uri"])
    await world.wait_until(path, lambda found: found["favourites_count"] == found["reblogs_count"] == 0)


async def test_alice_likes_and_boosts_and_takes_it_back(world: World) -> None:
    """Alice's favourite and reblog reach Fern's server as Like and Announce, and their undoing too."""
    words = unique("Pass this on")
    posted = await world.fern.post(words)
    status = await world.alice.home_status(words)

    for action in ("favourite", "reblog"):
        await world.alice.post(f"/api/v1/statuses/{status['id']}/{action}")
    await world.handled("Like", lambda event: event.object == posted.id and event.outcome == "liked")
    await world.handled("Announce", lambda event: event.object == posted.id and event.outcome == "announced ours")
    for action in ("unfavourite", "unreblog"):
        await world.alice.post(f"/api/v1/statuses/{status['id']}/{action}")
    for kind in ("Like", "Announce"):
        await world.handled("Undo", lambda event, kind=kind: (event.undone, event.undone_object) == (kind, posted.id))  # type: ignore[misc]

    state = await world.fern.state()
    assert (state.likes.get(posted.id, ()), state.announces.get(posted.id, ())) == ((), ())


async def test_fern_boosts_what_somebody_else_wrote(world: World) -> None:
    """A boost of a status of Bert's by Fern shows in Alice's home timeline, with Bert's words inside."""
    words = unique("Written by Bert")
    original = await world.bert.post("/api/v1/statuses", {"status": words})

    await world.fern.announce(original["uri"])

    def boost(home: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [one for one in home if one["reblog"] and one["reblog"]["uri"] == original["uri"]]

    (shown,) = boost(await world.wait_until("/api/v1/timelines/home", lambda home: bool(boost(home))))
    assert words in shown["reblog"]["content"]


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "direct"])
async def test_visibility_means_the_same_on_both_sides(world: World, visibility: Visibility) -> None:
    """What Fern writes for some is for them only here, and what Alice writes is addressed as Fern expects."""
    words, answer = unique(f"From Fern, {visibility}"), unique(f"From Alice, {visibility}")
    posted = await world.fern.post(words, visibility=visibility, mention=[world.alice.handle])
    told = await world.wait_until(
        "/api/v1/notifications?types[]=mention", lambda found: any(words in one["status"]["content"] for one in found)
    )
    status = next(one["status"] for one in told if words in one["status"]["content"])
    assert (status["visibility"], status["uri"]) == (visibility, posted.id)
    is_open = visibility in ("public", "unlisted")
    assert (await world.bert.http.get(f"/api/v1/statuses/{status['id']}")).is_success == is_open

    await world.post(f"{world.fern.handle()} {answer}", visibility=visibility)
    event = await world.created(answer)
    note = event.note
    assert note is not None
    # What is not for all carries no proof.
    assert event.verified_by == ("proof" if is_open else "http")
    followers = f"{world.uri(world.alice)}/followers"
    expected = {
        "public": ({PUBLIC}, {followers, world.fern_uri}),
        "unlisted": ({followers}, {PUBLIC, world.fern_uri}),
        "private": ({followers}, {world.fern_uri}),
        "direct": ({world.fern_uri}, set()),
    }
    assert (set(note.to), set(note.cc)) == expected[visibility]


async def test_only_its_audience_fetches_a_private_status(world: World) -> None:
    """A follower's server fetches a private status with a signature; nobody gets it without one, or a direct one."""
    private = await world.post(unique("For followers"), visibility="private")
    direct = await world.post(f"{world.bert.handle} {unique('For Bert')}", visibility="direct")
    limited = await world.post(unique("For us"), reach="organisation")

    assert (await world.fern.lookup(private["uri"])).id == private["uri"]
    for status in (direct, limited):
        with pytest.raises(PeerRefused, match="cannot look up"):
            await world.fern.lookup(status["uri"])
    async with httpx.AsyncClient(trust_env=False, headers=ACTIVITY_JSON) as anybody:
        answers = {(await anybody.get(status["uri"])).status_code for status in (private, direct, limited)}
        outbox = (await anybody.get(f"{world.uri(world.alice)}/outbox?page=true")).text
    assert answers <= {httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND}
    assert not any(status["uri"] in outbox for status in (private, direct, limited))


async def test_what_is_not_for_fern_is_not_sent(world: World) -> None:
    """A direct status to somebody else and one of a narrower reach never arrive, although Fern follows Alice."""
    words = unique("Not for Fern")
    await world.post(f"{world.bert.handle} {words}", visibility="direct")
    await world.post(words, reach="organisation")
    await world.post(words, visibility="local")
    marker = unique("The last one")
    await world.post(marker)

    await world.created(marker)
    await settle(world.node)

    received = [event for event in await world.fern.events() if event.kind in ("received", "handled")]
    assert not [event for event in received if words in str(event)]


async def test_a_changed_profile_reaches_fern(world: World) -> None:
    """A new name arrives as an Update of the actor, with the same keys."""
    name = unique("Alice")

    await world.alice.http.patch("/api/v1/accounts/update_credentials", data={"display_name": name})

    event = await world.handled("Update", lambda event: (event.updated_actor or {}).get("name") == name)
    assert event.updated_actor is not None
    assert event.updated_actor["public_keys"] == [f"{world.uri(world.alice)}#main-key"]


@pytest.mark.parametrize("scheme", SCHEMES, ids=SCHEMES.values())
async def test_a_spoilt_signature_is_refused_and_leaves_no_trace(world: World, scheme: HttpScheme) -> None:
    """The genuine request is taken; spoilt in any one way it is answered with 401, and nobody reads what it said."""
    inbox = f"{world.node.url}/inbox"
    before = (await world.alice.home()).count("<p>forged</p>")
    assert (await world.fern.forge("genuine", inbox, scheme=scheme)).status == httpx.codes.ACCEPTED

    answers = {kind: (await world.fern.forge(kind, inbox, scheme=scheme)).status for kind in FORGERIES}

    assert answers == dict.fromkeys(FORGERIES, httpx.codes.UNAUTHORIZED)
    await settle(world.node)
    assert (await world.alice.home()).count("<p>forged</p>") == before + 1


async def test_nobody_speaks_for_somebody_else(world: World) -> None:
    """A signed activity in another's name is refused; one about what is another's changes nothing."""
    status = await world.post(unique("Mine"))
    inbox = f"{world.node.url}/inbox"
    like = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{world.fern.origin}/likes/{next(NUMBERS)}",
        "type": "Like",
        "actor": world.uri(world.bert),
        "object": status["uri"],
    }
    deletion = {**like, "id": f"{like['id']}/delete", "type": "Delete", "actor": world.fern_uri}

    refused = await world.fern.forge("genuine", inbox, document=like)
    answered = await world.fern.forge("genuine", inbox, document=deletion)

    await settle(world.node)
    assert refused.status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
    assert answered.status in (httpx.codes.ACCEPTED, httpx.codes.FORBIDDEN)
    kept = await world.alice.get(f"/api/v1/statuses/{status['id']}")
    assert (kept["content"], kept["favourites_count"]) == (status["content"], 0)
