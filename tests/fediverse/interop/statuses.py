"""What people write, change and end, and what others do about it."""

from typing import Any

import httpx
import pytest

from tests.fediverse.fedify import PeerRefused
from tests.fediverse.interop.world import PUBLIC, RECEIVED, SENT, World, shows, unique
from tests.fediverse.nodes import settle, wait_for
from tests.node.talking import picture

ACTIVITY_JSON = {"Accept": "application/activity+json"}


@shows(("Create Note", SENT), ("Mention", SENT), ("Hashtag", SENT), ("Update Note", SENT), ("Delete Note", SENT))
async def fern_reads_what_alice_writes_changes_and_deletes(world: World) -> None:
    """A status arrives whole: text, warning, mention, hashtag, audience; so do its edit and its end."""
    words, changed = unique("Minutes are <out>"), unique("Minutes, second edition")
    text = f"{world.fern.handle()} {words} #minutes"
    status = await world.post(text, spoiler_text="minutes", language="en")
    note = (await world.created("Minutes are &lt;out&gt;")).note
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


@shows(
    ("Create Note", RECEIVED),
    ("Mention", RECEIVED),
    ("Hashtag", RECEIVED),
    ("Update Note", RECEIVED),
    ("Delete Note", RECEIVED),
)
async def alice_reads_what_fern_writes_changes_and_deletes(world: World) -> None:
    """A note reaches Alice's home timeline, its edit replaces it there, and its end removes it."""
    words, changed = unique("Minutes are out"), unique("Minutes are late")
    posted = await world.fern.post(words, summary="Minutes", mention=[world.alice.handle], hashtags=["minutes"])
    status = await world.alice.home_status(words)
    assert (status["uri"], status["spoiler_text"], status["visibility"]) == (posted.id, "Minutes", "public")
    assert [mention["acct"] for mention in status["mentions"]] == ["alice"]
    assert [tag["name"] for tag in status["tags"]] == ["minutes"]
    assert (await world.told("mention", words))["status"]["id"] == status["id"]

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


@shows(("Attachment", SENT))
async def fern_sees_the_picture_that_alice_attaches(world: World) -> None:
    """A picture arrives with its description, at an address where it can be fetched."""
    files = {"file": ("chart.png", picture(), "image/png")}
    answer = await world.alice.http.post("/api/v2/media", files=files, data={"description": "A chart"})
    assert answer.is_success, answer.text
    words = unique("Look at this")

    await world.post(words, **{"media_ids[]": answer.json()["id"]})

    note = (await world.created(words)).note
    assert note is not None
    assert note.descriptions == ("A chart",)
    (address,) = note.attachments
    assert address is not None
    async with httpx.AsyncClient(trust_env=False) as anybody:
        assert (await anybody.get(address)).headers["Content-Type"].startswith("image/")


@shows(("Attachment", RECEIVED))
async def alice_sees_the_picture_that_fern_attaches(world: World) -> None:
    """A picture of Fern's is shown with its description, and its address at her server is known."""
    words = unique("Look at that")

    await world.fern.post(words, images=[{"alt": "A green square"}])

    (media,) = (await world.alice.home_status(words))["media_attachments"]
    assert (media["type"], media["description"]) == ("image", "A green square")
    assert media["remote_url"] == f"{world.fern.origin}/avatar.png"


@shows(("Create Article", RECEIVED))
async def an_article_is_shown_with_its_title_and_a_link(world: World) -> None:
    """What is longer than a status is one here too: title, text, and the address of its page."""
    words, title = unique("It was a long year"), unique("Annual report")

    posted = await world.fern.post(words, kind="articles", title=title)

    status = await world.alice.home_status(words)
    assert f"<strong>{title}</strong>" in status["content"]
    assert posted.id in status["content"]
    assert (status["uri"], status["visibility"]) == (posted.id, "public")


@shows(("Create reply", SENT), ("Create reply", RECEIVED))
async def replies_hang_below_what_they_answer(world: World) -> None:
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


@shows(("Like", RECEIVED), ("Announce", RECEIVED), ("Undo Like", RECEIVED), ("Undo Announce", RECEIVED))
async def fern_likes_and_boosts_and_takes_it_back(world: World) -> None:
    """A Like and an Announce of Alice's status are counted and told, until they are undone."""
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


@shows(("Like", SENT), ("Announce", SENT), ("Undo Like", SENT), ("Undo Announce", SENT))
async def alice_likes_and_boosts_and_takes_it_back(world: World) -> None:
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


@shows(("Announce of a third", RECEIVED))
async def fern_boosts_what_somebody_else_wrote(world: World) -> None:
    """A boost of a status of Bert's by Fern shows in Alice's home timeline, with Bert's words inside."""
    words = unique("Written by Bert")
    original = await world.bert.post("/api/v1/statuses", {"status": words})

    await world.fern.announce(original["uri"])

    def boost(home: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [one for one in home if one["reblog"] and one["reblog"]["uri"] == original["uri"]]

    (shown,) = boost(await world.wait_until("/api/v1/timelines/home", lambda home: bool(boost(home))))
    assert words in shown["reblog"]["content"]


@shows(("EmojiReact", RECEIVED), ("Undo EmojiReact", RECEIVED))
async def fern_reacts_with_an_emoji_and_takes_it_back(world: World) -> None:
    """A reaction is shown beside favourites, and counts as none, until it is undone."""
    words = unique("It is finished")
    status = await world.post(words)
    await world.created(words)
    path = f"/api/v1/statuses/{status['id']}"
    reaction = {"type": "EmojiReact", "object": status["uri"], "content": "🎉"}

    sent = await world.fern.send(reaction, to=[world.alice.handle])
    shown = await world.wait_until(path, lambda found: found["reactions"])
    assert [(one["name"], one["count"]) for one in shown["reactions"]] == [("🎉", 1)]
    assert shown["favourites_count"] == 0

    undone = {**reaction, "id": sent, "actor": world.fern_uri}
    await world.fern.send({"type": "Undo", "object": undone}, to=[world.alice.handle])
    await world.wait_until(path, lambda found: found["reactions"] == [])


@shows(("Add", SENT), ("Remove", SENT))
async def fern_learns_what_alice_pins(world: World) -> None:
    """A pin is an Add to Alice's featured collection, its end a Remove."""
    status = await world.post(unique("Read this first"))
    featured = f"{world.uri(world.alice)}/collections/featured"

    for action, kind in (("pin", "Add"), ("unpin", "Remove")):
        await world.alice.post(f"/api/v1/statuses/{status['id']}/{action}")
        event = await world.handled(kind, lambda event: event.object == status["uri"])
        assert event.target == featured


@shows(("Add", RECEIVED), ("Remove", RECEIVED))
async def what_fern_pins_stands_on_her_profile(world: World) -> None:
    """Her pinned note is listed as pinned here, until she takes it down."""
    words = unique("Who I am")
    posted = await world.fern.post(words)
    status = await world.alice.home_status(words)
    path = f"/api/v1/accounts/{status['account']['id']}/statuses?pinned=true"

    await world.fern.pin(posted.id)
    await world.wait_until(path, lambda found: [one["uri"] for one in found] == [posted.id])
    await world.fern.unpin(posted.id)
    await world.wait_until(path, lambda found: found == [])


@shows(("Audience", SENT), ("Audience", RECEIVED))
async def visibility_means_the_same_on_both_sides(world: World) -> None:
    """What Fern writes for some is for them only here, and what Alice writes is addressed as Fern expects."""
    followers = f"{world.uri(world.alice)}/followers"
    expected = {
        "public": ({PUBLIC}, {followers, world.fern_uri}),
        "unlisted": ({followers}, {PUBLIC, world.fern_uri}),
        "private": ({followers}, {world.fern_uri}),
        "direct": ({world.fern_uri}, set()),
    }
    for visibility in ("public", "unlisted", "private", "direct"):
        words, answer = unique(f"From Fern, {visibility}"), unique(f"From Alice, {visibility}")
        posted = await world.fern.post(words, visibility=visibility, mention=[world.alice.handle])
        status = (await world.told("mention", words))["status"]
        assert (status["visibility"], status["uri"]) == (visibility, posted.id)
        is_open = visibility in ("public", "unlisted")
        assert (await world.bert.http.get(f"/api/v1/statuses/{status['id']}")).is_success == is_open

        await world.post(f"{world.fern.handle()} {answer}", visibility=visibility)
        event = await world.created(answer)
        note = event.note
        assert note is not None
        # What is not for all carries no proof.
        assert event.verified_by == ("proof" if is_open else "http")
        assert (set(note.to), set(note.cc)) == expected[visibility]


@shows(("Limited reach", SENT))
async def a_limited_reach_is_for_followers_only_at_a_partner(world: World) -> None:
    """Fern's server as a partner gets what is for partners, as something for followers, and nothing narrower."""
    for_partners, for_us = unique("For partners"), unique("For the organisation")
    await world.node.command("peer", "tier", world.fern.domain, "partner")
    try:
        await world.post(for_us, reach="organisation")
        status = await world.post(for_partners, reach="partners")
        note = (await world.created(for_partners)).note
        await settle(world.node)
    finally:
        await world.node.command("peer", "tier", world.fern.domain, "open")

    assert note is not None
    assert note.to == (f"{world.uri(world.alice)}/followers",)
    assert note.cc == (f"{world.node.url}/audiences/partners",)
    assert status["reach"] == "partners"
    received = [event for event in await world.fern.events() if event.kind in ("received", "handled")]
    assert not [event for event in received if for_us in str(event)]


@shows(("Limited reach", RECEIVED))
async def what_a_partner_answers_comes_back_into_the_reach(world: World) -> None:
    """Fern's server knows no reach: its public answer is for partners here, nobody else sees it or a boost."""
    await world.node.command("peer", "tier", world.fern.domain, "partner")
    try:
        status = await world.post(unique("For partners"), reach="partners")
        note = (await world.created(status["content"].removeprefix("<p>").removesuffix("</p>"))).note
        assert note is not None
        document = (await world.fern.lookup(status["uri"])).document
        ring = [f"{world.node.url}/audiences/partners"]
        for deed in ("canAnnounce", "canQuote"):
            assert document["interactionPolicy"][deed]["automaticApproval"] == ring
        async with httpx.AsyncClient(trust_env=False, headers=ACTIVITY_JSON) as anybody:
            assert (await anybody.get(status["uri"])).status_code == httpx.codes.NOT_FOUND

        boost = await world.fern.announce(status["uri"])
        await world.fern.wait_for("delivered", "Announce", where=lambda event: event.activity == boost)
        words = unique("In public")
        posted = await world.fern.post(words, mention=[world.alice.handle], in_reply_to=status["uri"])
        answer = (await world.told("mention", words))["status"]
        await settle(world.node)
        again = await world.bert.post(f"/api/v1/statuses/{answer['id']}/reblog")
        under = await world.bert.post(
            "/api/v1/statuses", {"status": unique("Under it"), "in_reply_to_id": answer["id"], "reach": "public"}
        )
        await settle(world.node)
    finally:
        await world.node.command("peer", "tier", world.fern.domain, "open")

    assert (answer["uri"], answer["in_reply_to_id"]) == (posted.id, status["id"])
    assert [one["reach"] for one in (status, answer, again, under)] == ["partners"] * 4
    async with httpx.AsyncClient(base_url=world.node.url, trust_env=False) as anybody:
        for one in (status, answer, again, under):
            assert (await anybody.get(f"/api/v1/statuses/{one['id']}")).status_code == httpx.codes.NOT_FOUND
        assert words not in (await anybody.get("/api/v1/timelines/public")).text


@shows()
async def only_its_audience_fetches_a_private_status(world: World) -> None:
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


@shows()
async def what_is_not_for_fern_is_not_sent(world: World) -> None:
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
