"""Attacks on what a node counts and carries for others: votes, moves, reactions, pins, words of third servers."""

from typing import Any, Final

import pytest

from tests.node.attacks.ground import NUMBERS, PUBLIC, Ground, note
from tests.node.fake_peer import FakePeer
from tests.node.talking import post, success

pytestmark = pytest.mark.asyncio(loop_scope="module")

HUGE: Final[tuple[object, ...]] = (2**31 - 1, 2**63, -5, 1.5, "7", True, None, [], {"totalItems": 3})


def ballot(peer: FakePeer, by: str, poll: str, name: object, **changes: object) -> dict[str, Any]:
    """A vote as Mastodon writes it."""
    made = {"id": f"{peer.actor(by)}#votes/{next(NUMBERS)}", "type": "Note", "name": name, "inReplyTo": poll}
    return made | {"attributedTo": peer.actor(by), "to": None} | changes


async def test_s11_a_ballot_box_is_not_stuffed(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S11: one account has one vote, however often, under whatever ids and for whatever it gives it."""
    poll = success(
        await ground.alice.api.post(
            "/api/v1/statuses", json={"status": "Tea?", "poll": {"options": ["Yes", "No"], "expires_in": 3600}}
        )
    )
    peer.add_user("voter")
    for name in ("Yes", "Yes", "No", "Maybe", "yes", "", None, "Yes\u200b", ["Yes"], {"@value": "Yes"}, 0, "0"):
        await ground.post(
            peer.sign(
                ground.inbox,
                create(peer, "voter", ballot(peer, "voter", poll["uri"], name, to=ground.alice_uri)),
                by="voter",
            )
        )
    for author, by in ((third.actor("olga"), "voter"), (peer.actor("mallory"), "voter"), (ground.alice_uri, "voter")):
        forged = ballot(peer, by, poll["uri"], "No", attributedTo=author, to=ground.alice_uri)
        await ground.post(peer.sign(ground.inbox, create(peer, by, forged), by=by))
    await ground.working.settle()

    seen = success(await ground.alice.api.get(f"/api/v1/polls/{poll['poll']['id']}"))
    assert [option["votes_count"] for option in seen["options"]] == [1, 0]
    assert (seen["votes_count"], seen["voters_count"]) in ((1, 1), (1, None))


def create(peer: FakePeer, by: str, made: dict[str, Any]) -> dict[str, Any]:
    return peer.activity("Create", peer.actor(by), made, next(NUMBERS)) | {"to": made.get("to")}


async def test_s5_nobody_counts_the_votes_of_others(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S5, S26: how a poll stands is said by its own author alone, and numbers beyond reason are no numbers."""
    options = [{"type": "Note", "name": name, "replies": {"totalItems": 1}} for name in ("Yes", "No")]
    theirs = note(third, "olga", type="Question", oneOf=options, to=[PUBLIC, ground.alice_uri])
    await ground.do(third, "Create", theirs, "olga")
    mine = await post(ground.alice, "Tea?", poll={"options": ["Yes", "No"], "expires_in": 3600})
    stuffed = [{"type": "Note", "name": name, "replies": {"totalItems": 999}} for name in ("Yes", "No")]
    for forged in (
        theirs | {"oneOf": stuffed},
        theirs | {"oneOf": stuffed, "attributedTo": peer.actor("mallory")},
        {**theirs, "id": mine["uri"], "attributedTo": ground.alice_uri, "oneOf": stuffed},
    ):
        activity = peer.activity("Update", peer.actor("mallory"), forged, next(NUMBERS)) | {"to": [PUBLIC]}
        await ground.post(peer.sign(ground.inbox, activity, by="mallory"))
    await ground.working.settle()

    for uri in (str(theirs["id"]), mine["uri"]):
        seen = await ground.status(uri)
        assert seen is not None
        assert seen["poll"]["votes_count"] <= 2
    for number in HUGE:
        odd = [{"type": "Note", "name": name, "replies": {"totalItems": number}} for name in ("Yes", "No")]
        uri = await ground.create(peer, type="Question", oneOf=odd, votersCount=number)
        seen = await ground.status(uri)
        assert seen is not None
        assert all(0 <= option["votes_count"] < 2**31 for option in seen["poll"]["options"])
        assert 0 <= seen["poll"]["votes_count"] < 2**33


async def followed(ground: Ground, peer: FakePeer, name: str, **more: str) -> str:
    """Somebody of a peer whom Alice follows, with ``more`` in the document; the id of the account."""
    peer.add_user(name)
    peer.documents[f"/users/{name}"] |= more
    account = await ground.account(peer.actor(name))
    assert account is not None
    await ground.alice.api.post(f"/api/v1/accounts/{account['id']}/follow")
    asked = await peer.wait_for("Follow", peer.actor(name))
    await ground.do(peer, "Accept", asked, name)
    return str(account["id"])


async def follows(ground: Ground, account_id: str) -> bool:
    (between,) = success(await ground.alice.api.get("/api/v1/accounts/relationships", params={"id[]": account_id}))
    return bool(between["following"] or between["requested"])


async def test_s13_nobody_is_moved_without_the_word_of_both(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S13, S5: followers are taken along only to an account that names the old one, to the letter."""
    olga = await followed(ground, third, "mover")
    peer.add_user("heir")
    document = peer.documents["/users/heir"]
    old = third.actor("mover")
    heir = await ground.account(peer.actor("heir"))
    assert heir is not None
    for aliases in ([], [f"{old}/"], [old.upper()], [old.replace("http", "https", 1)], [third.url], ["acct:mover"]):
        document["alsoKnownAs"] = aliases
        for target in (peer.actor("heir"), f"{peer.url}/users/heir?x", f"{peer.actor('heir')}#x"):
            await ground.do(third, "Move", old, "mover", target=target)
    # Whoever gets the followers cannot say it for the one who has them; nor can a third, nor a profile alone.
    document["alsoKnownAs"] = [old]
    for by, object_, target in (
        ("heir", old, peer.actor("heir")),
        ("heir", peer.actor("heir"), old),
        ("mallory", old, peer.actor("heir")),
    ):
        activity = peer.activity("Move", peer.actor(by), object_, next(NUMBERS)) | {"target": target}
        await ground.post(peer.sign(ground.inbox, activity, by=by))
    third.documents["/users/mover"]["movedTo"] = third.actor("olga")
    await ground.do(third, "Update", third.documents["/users/mover"], "mover")
    # A member of this node is nobody's heir unless they say so.
    await ground.do(third, "Move", old, "mover", target=ground.alice_uri)

    assert await follows(ground, olga)
    assert not await follows(ground, heir["id"])
    seen = success(await ground.alice.api.get(f"/api/v1/accounts/{olga}"))
    assert not seen.get("moved")


async def test_s26_reactions_pins_and_hashtags_of_one_server_have_an_end(ground: Ground, peer: FakePeer) -> None:
    """S26: a flood of reactions, pins and hashtags leaves a bounded number of each."""
    flood, featured = peer.actor("flood"), f"{peer.actor('flood')}/collections/featured"
    # What a stranger pins that is not known here is not looked at.
    account_id = await followed(ground, peer, "flood", featured=featured)
    mine = await ground.posted("React!")
    uri = await ground.create(peer, "flood")
    for number in range(60):
        emoji = chr(0x1F600 + number)
        await ground.post(
            peer.sign(
                ground.inbox,
                peer.activity("EmojiReact", flood, mine["uri"], next(NUMBERS)) | {"content": emoji},
                by="flood",
            )
        )
        tag = {"type": "Hashtag", "name": f"#flood{number}", "href": f"{peer.url}/t"}
        for object_ in (tag, str(note(peer, "flood")["id"]), uri):
            added = peer.activity("Add", flood, object_, next(NUMBERS)) | {"target": featured}
            await ground.post(peer.sign(ground.inbox, added, by="flood"))
    await ground.working.settle()

    seen = success(await ground.alice.api.get(f"/api/v1/statuses/{mine['id']}"))
    assert len(seen["reactions"]) == 10
    page = f"/api/v1/accounts/{account_id}"
    pinned = success(await ground.alice.api.get(f"{page}/statuses", params={"pinned": "true", "limit": "40"}))
    assert len(pinned) == 20
    shown = success(await ground.alice.api.get(f"{page}/featured_tags"))
    assert len(shown) == 10


async def test_s12_third_servers_are_believed_about_nobody(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S12, S9: what Mallory passes on of others, unproven or badly proven, is looked up where they live."""
    await followed(ground, third, "passed")
    passed = third.actor("passed")
    true = note(third, "passed", content="<p>True</p>", to=[PUBLIC])
    hidden = note(third, "passed", content="<p>Hidden</p>", to=[f"{passed}/followers"])
    absent = note(third, "passed", content="<p>Absent</p>", to=[PUBLIC])
    third.documents.pop(str(absent["id"]).removeprefix(third.url))
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": f"{passed}#ed25519-key",
        "proofPurpose": "assertionMethod",
        "created": "2026-11-25T00:00:00Z",
        "proofValue": "z" + "1" * 87,
    }
    for made, changes in (
        (true | {"content": "<p>False</p>"}, {}),
        (true | {"content": "<p>False</p>"}, {"proof": proof}),
        (true | {"content": "<p>False</p>"}, {"proof": [proof, proof]}),
        (
            true | {"content": "<p>False</p>"},
            {"proof": proof | {"verificationMethod": f"{peer.actor('mallory')}#ed25519-key"}},
        ),
        (absent, {}),
        (absent, {"proof": proof}),
        (hidden, {}),
        (hidden, {"proof": proof}),
    ):
        activity = third.activity("Create", passed, made, next(NUMBERS)) | {"to": made["to"]} | changes
        answer = await ground.post(peer.sign(ground.inbox, activity, by="mallory"))
        assert answer.status_code in (202, 400, 401, 403)
        await ground.working.settle()
    gone = third.activity("Delete", passed, true["id"], next(NUMBERS)) | {"to": [PUBLIC]}
    await ground.post(peer.sign(ground.inbox, gone, by="mallory"))
    await ground.working.settle()

    known = await ground.status(str(true["id"]))
    assert known is not None
    assert known["content"] == "<p>True</p>"
    for made in (absent, hidden):
        assert await ground.status(str(made["id"])) is None
