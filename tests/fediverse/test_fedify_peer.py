"""The Fedify peer itself: what later tests conclude from it must be true between two of its own kind first."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import trustme

from tests.fediverse.fedify import Certificate, FedifyOptions, FedifyPeer, Forgery, HttpScheme, PeerRefused

SCHEMES: tuple[HttpScheme, ...] = ("rfc9421", "draft-cavage-http-signatures-12")
FORGERIES: tuple[Forgery, ...] = ("unsigned", "wrong_key", "stale", "body", "digest", "signature", "other_target")
ACTIVITY_JSON = {"Accept": "application/activity+json"}


@pytest.fixture
async def fern(tmp_path: Path) -> AsyncIterator[FedifyPeer]:
    async with FedifyPeer.running(tmp_path / "fern.log") as peer:
        yield peer


@pytest.fixture
async def moss(tmp_path: Path) -> AsyncIterator[FedifyPeer]:
    options = FedifyOptions(actors=("moss",), first_knock="draft-cavage-http-signatures-12")
    async with FedifyPeer.running(tmp_path / "moss.log", options) as peer:
        yield peer


async def follow(follower: FedifyPeer, followed: FedifyPeer, name: str) -> None:
    await follower.follow(followed.handle(name))
    await follower.wait_for("handled", "Accept", where=lambda event: event.actor == followed.actors[name])


async def test_two_peers_follow_each_other(fern: FedifyPeer, moss: FedifyPeer) -> None:
    """Follows in both directions are accepted and ended, and each peer knocks with the scheme it was told to."""
    await follow(fern, moss, "moss")
    await follow(moss, fern, "fern")

    assert (await fern.state()).followers == (await fern.state()).following == (moss.actors["moss"],)
    assert (await moss.state()).followers == (await moss.state()).following == (fern.actors["fern"],)
    assert (await moss.wait_for("received", "Follow")).http_scheme == "rfc9421"
    assert (await fern.wait_for("received", "Follow")).http_scheme == "draft-cavage-http-signatures-12"

    await fern.unfollow(moss.handle("moss"))
    undo = await moss.wait_for("handled", "Undo")
    assert (undo.outcome, undo.undone) == ("unfollowed", "Follow")
    assert (await moss.state()).followers == ()


async def test_a_note_lives_through_edit_reactions_and_deletion(fern: FedifyPeer, moss: FedifyPeer) -> None:
    """A note reaches a follower, is edited, liked, announced, replied to and deleted, each seen at the other end."""
    await follow(fern, moss, "moss")
    posted = await moss.post("Minutes are <out>", summary="Minutes")
    assert (await fern.wait_for("handled", "Create")).object == posted.id
    (note,) = (await fern.state()).notes_received
    assert (note.content, note.summary) == ("<p>Minutes are &#60;out&#62;</p>", "Minutes")

    await moss.edit(posted.id, "Minutes, second edition")
    await fern.wait_for("handled", "Update", where=lambda event: event.outcome == "updated")
    assert [note.content for note in (await fern.state()).notes_received] == ["<p>Minutes, second edition</p>"]

    await fern.like(posted.id)
    await fern.announce(posted.id)
    assert (await moss.wait_for("handled", "Like")).outcome == "liked"
    assert (await moss.wait_for("handled", "Announce")).outcome == "announced ours"
    await fern.unlike(posted.id)
    await moss.wait_for("handled", "Undo", where=lambda event: event.undone == "Like" and event.outcome == "undone")
    await fern.unannounce(posted.id)
    await moss.wait_for("handled", "Undo", where=lambda event: event.undone == "Announce" and event.outcome == "undone")

    await fern.post("Thank you", mention=[moss.handle("moss")], in_reply_to=posted.id)
    reply = (await moss.wait_for("handled", "Create")).note
    assert reply is not None
    assert (reply.in_reply_to, reply.mentions) == (posted.id, (moss.actors["moss"],))

    await moss.delete(posted.id)
    assert (await fern.wait_for("handled", "Delete")).outcome == "deleted"
    assert (await fern.state()).notes_received == ()


async def test_a_follow_request_waits_for_an_answer(fern: FedifyPeer, moss: FedifyPeer) -> None:
    """Switched to manual, the peer holds a request until it is answered, and a rejection leaves no follower."""
    await moss.accept_follows("manual")
    await fern.follow(moss.handle("moss"))
    assert (await moss.wait_for("handled", "Follow")).outcome == "asked"
    assert (await moss.state()).follow_requests == (fern.actors["fern"],)
    assert (await fern.state()).following == ()

    await moss.reject(fern.actors["fern"])
    assert (await fern.wait_for("handled", "Reject")).outcome == "rejected"

    await fern.follow(moss.handle("moss"))
    await moss.wait_for("handled", "Follow", after=(await moss.wait_for("delivered", "Reject")).n)
    await moss.accept(fern.actors["fern"])
    assert (await fern.wait_for("handled", "Accept")).outcome == "following"
    with pytest.raises(PeerRefused, match="did not ask"):
        await moss.accept(fern.actors["fern"])


async def test_only_its_audience_reads_a_private_note(fern: FedifyPeer, moss: FedifyPeer) -> None:
    """A followers-only note is refused to the unsigned and to strangers, and served to a follower who signs."""
    posted = await moss.post("For followers", visibility="private")
    await moss.post("For everybody")
    async with httpx.AsyncClient(trust_env=False) as anybody:
        assert (await anybody.get(posted.id, headers=ACTIVITY_JSON)).status_code == 401
        outbox = (await anybody.get(f"{moss.actors['moss']}/outbox", headers=ACTIVITY_JSON)).json()
        assert (outbox["totalItems"], "For followers" in str(outbox)) == (1, False)
    with pytest.raises(PeerRefused, match="cannot look up"):
        await fern.lookup(posted.id)

    await follow(fern, moss, "moss")
    assert (await fern.lookup(posted.id)).content == "<p>For followers</p>"


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_only_genuine_signatures_pass(fern: FedifyPeer, moss: FedifyPeer, scheme: HttpScheme) -> None:
    """A genuine HTTP signature is verified as what it is; the same request spoilt in any one way is refused."""
    inbox = f"{moss.origin}/inbox"
    assert (await fern.forge("genuine", inbox, scheme=scheme)).status == 202
    handled = await moss.wait_for("handled", "Create")
    assert (handled.verified_by, handled.http_scheme) == ("http", scheme)
    assert handled.key_id == f"{fern.actors['fern']}#main-key"

    answers = {kind: (await fern.forge(kind, inbox, scheme=scheme)).status for kind in FORGERIES}
    assert answers == dict.fromkeys(FORGERIES, 401)
    assert len([event for event in await moss.events() if event.kind == "handled"]) == 1


async def test_nobody_speaks_for_another_actor(fern: FedifyPeer, moss: FedifyPeer) -> None:
    """A properly signed activity that names another actor than the signer is refused."""
    document = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{moss.origin}/likes/1",
        "type": "Like",
        "actor": moss.actors["moss"],
        "object": f"{moss.origin}/users/moss/notes/1",
    }
    assert (await fern.forge("genuine", f"{moss.origin}/inbox", document=document)).status == 401


async def test_peers_federate_over_https_by_handle(tmp_path: Path) -> None:
    """Over TLS with a private authority, a handle is found by Fedify's own WebFinger and a follow is accepted."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    files = Certificate(chain=tmp_path / "chain.pem", key=tmp_path / "key.pem", authority=tmp_path / "authority.pem")
    issued.private_key_pem.write_to_path(files.key)
    for part in issued.cert_chain_pems:
        part.write_to_path(files.chain, append=True)
    authority.cert_pem.write_to_path(files.authority)
    fern_options = FedifyOptions(origin="https://localhost:0", certificate=files)
    moss_options = FedifyOptions(origin="https://localhost:0", certificate=files, actors=("moss",), keys=("rsa",))

    async with (
        FedifyPeer.running(tmp_path / "fern.log", fern_options) as fern,
        FedifyPeer.running(tmp_path / "moss.log", moss_options) as moss,
    ):
        await follow(fern, moss, "moss")

        assert fern.origin.startswith("https://localhost:")
        assert (await moss.state()).followers == (fern.actors["fern"],)
