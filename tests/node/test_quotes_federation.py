"""Consent to quotes across servers (FEP-044f): asked, given, forged, taken back; S52 from every side."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from fedorg.domain.visibility import Tier
from fedorg.services import peers
from tests.node.quoting_peers import ANYBODY, PUBLIC, Quoting, note, running_quoting, stamp
from tests.node.talking import WorkingServer, entities, entity, post, refusal, success


@pytest.fixture
async def quoting(working: WorkingServer) -> AsyncIterator[Quoting]:
    """The node and both peers."""
    async with running_quoting(working) as running:
        yield running


async def stamped(quoting: Quoting, **fields: Any) -> tuple[dict[str, Any], dict[str, Any], str]:  # noqa: ANN401 - JSON
    """A note of Gina's, one of Fred's that quotes it, and her stamp for that; nothing of it is known here yet."""
    quoted = note(quoting.ginas, "gina", "An idea of Gina")
    made = note(quoting.freds, "fred", "I quote", quote=quoted["id"])
    approval = stamp(quoting.ginas, "gina", made["id"], quoted["id"], **fields)
    made["quoteAuthorization"] = approval
    return quoted, made, approval


async def accepted_request(quoting: Quoting) -> tuple[dict[str, Any], dict[str, Any], str]:
    """A status of Alice's, Fred's note that quotes it by her leave, and her stamp."""
    status = await post(quoting.alice, "Alice's idea")
    made = note(quoting.freds, "fred", "I quote", quote=status["uri"])
    await quoting.ask(status["uri"], made)
    answer = await quoting.freds.wait_for("Accept", made["id"])
    return status, made, str(answer["result"])


# A peer asks a member


async def test_a_request_is_answered_with_a_stamp(quoting: Quoting) -> None:
    """Whom the policy allows gets yes and a stamp of exactly this quote; the author is told, readers see it."""
    status = await post(quoting.alice, "Alice's idea")
    made = note(quoting.freds, "fred", "I quote", quote=status["uri"])

    await quoting.ask(status["uri"], made)

    answer = await quoting.freds.wait_for("Accept", made["id"])
    assert (answer["actor"], answer["object"]["object"]) == (f"{quoting.url}/users/alice", status["uri"])
    given = (await quoting.fetch(answer["result"])).json()
    assert {name: given[name] for name in ("id", "type", "attributedTo", "interactingObject", "interactionTarget")} == {
        "id": answer["result"],
        "type": "QuoteAuthorization",
        "attributedTo": f"{quoting.url}/users/alice",
        "interactingObject": made["id"],
        "interactionTarget": status["uri"],
    }
    (told,) = entities(await quoting.alice.api.get("/api/v1/notifications"), "Notification")
    assert (told["type"], told["status"]["uri"]) == ("quote", made["id"])
    assert await quoting.state(made["id"]) == "accepted"
    after = entity(await quoting.bert.api.get(f"/api/v1/statuses/{status['id']}"), "Status")
    assert after["quotes_count"] == 1


async def test_a_note_that_came_before_its_request_is_shown_with_it(quoting: Quoting) -> None:
    """A quote of a member waits until it was asked for; asking twice is asking once; a bare id is fetched."""
    status = await post(quoting.alice, "Alice's idea")
    made = note(quoting.freds, "fred", "I quote", quote=status["uri"], cc=[f"{quoting.url}/users/alice"])
    await quoting.send(quoting.freds, "fred", "Create", made)
    assert await quoting.state(made["id"]) == "pending"

    for _ in range(2):
        await quoting.ask(status["uri"], made["id"])

    assert await quoting.state(made["id"]) == "accepted"
    after = entity(await quoting.bert.api.get(f"/api/v1/statuses/{status['id']}"), "Status")
    assert after["quotes_count"] == 1
    assert len(entities(await quoting.alice.api.get("/api/v1/notifications?types[]=quote"), "Notification")) == 1


async def test_a_request_is_refused_as_the_policy_says(quoting: Quoting) -> None:
    """Nobody means nobody; followers means followers."""
    closed = await post(quoting.alice, "Closed", quote_approval_policy="nobody")
    limited = await post(quoting.alice, "Limited", quote_approval_policy="followers")
    of_closed, of_limited = (note(quoting.freds, "fred", quote=one["uri"]) for one in (closed, limited))

    await quoting.ask(closed["uri"], of_closed)
    await quoting.ask(limited["uri"], of_limited)
    for made in (of_closed, of_limited):
        await quoting.freds.wait_for("Reject", made["id"])
    await quoting.follow(quoting.freds, "fred", quoting.alice)
    again = note(quoting.freds, "fred", quote=limited["uri"])
    await quoting.ask(limited["uri"], again)

    await quoting.freds.wait_for("Accept", again["id"])
    assert (
        success(await quoting.alice.api.get("/api/v1/notifications?types[]=quote"))[0]["status"]["uri"] == (again["id"])
    )


async def test_nobody_quotes_by_leave_from_a_server_that_is_shut_out(quoting: Quoting) -> None:
    """No stamp goes there, and the quote is not counted."""
    status = await post(quoting.alice, "Alice's idea")
    success(await quoting.alice.api.post("/api/v1/domain_blocks", data={"domain": quoting.freds.domain}))
    made = note(quoting.freds, "fred", quote=status["uri"])

    await quoting.ask(status["uri"], made)

    await quoting.freds.wait_for("Reject", made["id"])
    after = entity(await quoting.bert.api.get(f"/api/v1/statuses/{status['id']}"), "Status")
    assert after["quotes_count"] == 0


async def test_nothing_is_answered_about_what_the_asker_cannot_see(quoting: Quoting) -> None:
    """A private status, one of a narrower reach, one whose author blocks, a boost, and nothing at all: silence."""
    private = await post(quoting.alice, "Private", visibility="private")
    limited = await post(quoting.alice, "Limited", reach="organisation")
    original = await post(quoting.bert, "Open")
    boost = success(await quoting.alice.api.post(f"/api/v1/statuses/{original['id']}/reblog"))
    account = (await quoting.find(note(quoting.freds, "fred")["id"], quoting.bert))["account"]
    await quoting.bert.api.post(f"/api/v1/accounts/{account['id']}/block")

    for uri in (private["uri"], limited["uri"], original["uri"], boost["uri"], f"{quoting.url}/users/alice/statuses/1"):
        made = note(quoting.freds, "fred", quote=uri)
        await quoting.ask(uri, made)
    status = await post(quoting.alice, "Open")
    await quoting.ask(status["uri"], note(quoting.freds, "fred", quote=status["uri"]))

    await quoting.freds.wait_for("Accept")
    answers = [one for one in quoting.freds.received if one["type"] in ("Accept", "Reject")]
    assert [one["object"]["object"] for one in answers] == [status["uri"]]


async def test_only_the_quoting_author_can_ask_for_a_note_that_quotes(quoting: Quoting) -> None:
    """Somebody else's note is none to ask for; one that quotes something else, or cannot be had, is refused."""
    status, other = await post(quoting.alice, "Alice's idea"), await post(quoting.alice, "Another")
    of_gina = note(quoting.ginas, "gina", quote=status["uri"])
    of_frida = note(quoting.freds, "frida", quote=status["uri"])
    of_other = note(quoting.freds, "fred", quote=other["uri"])

    assert (await quoting.ask(status["uri"], of_gina)).status_code == 403
    assert (await quoting.ask(status["uri"], of_frida)).status_code == 403
    await quoting.ask(status["uri"], of_frida["id"])
    await quoting.ask(status["uri"], of_other)
    await quoting.ask(status["uri"], f"{quoting.freds.url}/notes/none")

    for uri in (of_frida["id"], of_other["id"], f"{quoting.freds.url}/notes/none"):
        await quoting.freds.wait_for("Reject", uri)
    assert not [one for one in quoting.freds.received + quoting.ginas.received if one["type"] == "Accept"]
    after = entity(await quoting.bert.api.get(f"/api/v1/statuses/{status['id']}"), "Status")
    assert after["quotes_count"] == 0


async def test_a_limited_status_is_quoted_within_its_reach_only(quoting: Quoting) -> None:
    """A note for the world may not quote it; one that promises the reach may, and its stamp is for that reach."""
    await peers.set_tier(quoting.working.server.node, quoting.freds.domain, Tier.SIBLING)
    status = await post(quoting.alice, "For us", reach="organisation")
    wide = note(quoting.freds, "fred", quote=status["uri"])
    plain = note(quoting.freds, "fred", quote=status["uri"], to=[f"{quoting.fred}/followers"])
    kept = note(quoting.freds, "fred", quote=status["uri"], to=[f"{quoting.fred}/followers"], reach="organisation")
    kept["cc"] = [f"{quoting.freds.url}/audiences/organisation"]

    for made in (wide, plain, kept):
        await quoting.ask(status["uri"], made)

    await quoting.freds.wait_for("Reject", wide["id"])
    await quoting.freds.wait_for("Reject", plain["id"])
    approval = (await quoting.freds.wait_for("Accept", kept["id"]))["result"]
    assert (await quoting.find(kept["id"]))["reach"] == "organisation"
    assert (await quoting.fetch(approval)).status_code == 404
    assert (await quoting.fetch(approval, quoting.ginas, "gina")).status_code == 404
    assert (await quoting.fetch(approval, quoting.freds, "fred")).status_code == 200


async def test_a_stamp_of_ours_cannot_be_invented(quoting: Quoting) -> None:
    """A note that names a stamp of this node, real or not, that was given for another note, shows nothing."""
    status, made, approval = await accepted_request(quoting)
    thief = note(quoting.ginas, "gina", quote=status["uri"], quoteAuthorization=approval)
    liar = note(quoting.ginas, "gina", quote=status["uri"], quoteAuthorization=f"{quoting.url}/users/alice/nothing")

    for uri in (thief["id"], liar["id"]):
        assert await quoting.state(uri) == "pending"
    assert await quoting.state(made["id"]) == "accepted"


async def test_revoking_is_told_to_all_who_have_the_stamp(quoting: Quoting) -> None:
    """The quoting server and every server that fetched the stamp are told; its address is empty; asking again fails."""
    status, made, approval = await accepted_request(quoting)
    assert (await quoting.fetch(approval, quoting.ginas, "georg")).status_code == 200
    (shown,) = entities(await quoting.alice.api.get(f"/api/v1/statuses/{status['id']}/quotes"), "Status")

    path = f"/api/v1/statuses/{status['id']}/quotes/{shown['id']}/revoke"
    assert entity(await quoting.alice.api.post(path), "Status")["quote"]["state"] == "revoked"

    for peer in (quoting.freds, quoting.ginas):
        told = await peer.wait_for("Delete", approval)
        assert (told["actor"], told["object"]["id"]) == (f"{quoting.url}/users/alice", approval)
        assert made["id"] not in str(told)
    assert (await quoting.fetch(approval)).status_code == 404
    await quoting.send(quoting.freds, "fred", "Update", {**made, "quote": None})
    await quoting.ask(status["uri"], made)
    await quoting.freds.wait_for("Reject", made["id"])
    assert await quoting.state(made["id"]) == "revoked"


async def test_a_block_takes_every_stamp_back(quoting: Quoting) -> None:
    """Who is blocked is told that the stamps are gone."""
    _, made, approval = await accepted_request(quoting)
    account = (await quoting.find(made["id"], quoting.bert))["account"]

    await quoting.alice.api.post(f"/api/v1/accounts/{account['id']}/block")

    await quoting.freds.wait_for("Delete", approval)
    assert (await quoting.fetch(approval)).status_code == 404
    assert (await quoting.find(made["id"], quoting.bert))["quote"] == {"state": "revoked", "quoted_status": None}


async def test_what_is_deleted_leaves_no_stamp(quoting: Quoting) -> None:
    """The stamp goes with the quoted status, and with the quoting one, which is counted no more."""
    status, made, approval = await accepted_request(quoting)
    other, gone, of_gone = await accepted_request(quoting)

    await quoting.alice.api.delete(f"/api/v1/statuses/{status['id']}")
    await quoting.send(quoting.freds, "fred", "Delete", gone["id"])

    assert (await quoting.fetch(approval)).status_code == 404
    assert (await quoting.fetch(of_gone)).status_code == 404
    assert (await quoting.find(made["id"], quoting.bert))["quote"] == {"state": "deleted", "quoted_status": None}
    after = entity(await quoting.bert.api.get(f"/api/v1/statuses/{other['id']}"), "Status")
    assert after["quotes_count"] == 0


# Peers quote each other


async def test_a_verified_stamp_shows_the_quote(quoting: Quoting) -> None:
    """The quoted status and the stamp are fetched from the quoted author's server; then readers see both."""
    quoted, made, _ = await stamped(quoting)

    shown = (await quoting.find(made["id"]))["quote"]

    assert shown["state"] == "accepted"
    assert (shown["quoted_status"]["uri"], shown["quoted_status"]["content"]) == (
        quoted["id"],
        "<p>An idea of Gina</p>",
    )


@pytest.mark.parametrize(
    "forged",
    ["other_note", "other_quoted", "other_author", "no_author", "other_id", "other_type", "missing"],
)
async def test_s52_a_stamp_for_anything_else_is_none(quoting: Quoting, forged: str) -> None:
    """A stamp counts for its own quoting note, quoted note and author, under its own id, and nowhere else."""
    elsewhere = note(quoting.ginas, "gina")["id"]
    wrong: dict[str, dict[str, Any]] = {
        "other_note": {"interactingObject": note(quoting.freds, "fred")["id"]},
        "other_quoted": {"interactionTarget": elsewhere},
        "other_author": {"attributedTo": quoting.ginas.actor("georg")},
        "no_author": {"attributedTo": None},
        "other_id": {"id": elsewhere},
        "other_type": {"type": "Note", "content": "Yes"},
        "missing": {},
    }
    _, made, approval = await stamped(quoting, **wrong[forged])
    if forged == "missing":
        del quoting.ginas.documents[approval.removeprefix(quoting.ginas.url)]

    assert await quoting.state(made["id"]) == "pending"


async def test_s52_a_stamp_of_another_server_is_not_even_fetched(quoting: Quoting) -> None:
    """The quoting server cannot stamp for the quoted one, directly or by a redirect."""
    quoted = note(quoting.ginas, "gina")
    made = note(quoting.freds, "fred", quote=quoted["id"])
    own = stamp(quoting.freds, "fred", made["id"], quoted["id"], attributedTo=quoting.gina)
    made["quoteAuthorization"] = own
    led = note(quoting.freds, "fred", quote=quoted["id"], quoteAuthorization=f"{quoting.ginas.url}/led")
    foreign = stamp(quoting.freds, "fred", led["id"], quoted["id"], attributedTo=quoting.gina)
    quoting.ginas.redirects["/led"] = foreign

    assert await quoting.state(made["id"]) == "pending"
    assert await quoting.state(led["id"]) == "pending"
    assert not quoting.freds.asked[own.removeprefix(quoting.freds.url)]


async def test_consent_cannot_be_read_out_of_anything_but_a_stamp(quoting: Quoting) -> None:
    """Older spellings, a missing stamp, a mention of the quoting author: all wait; a quote of oneself needs nothing."""
    quoted = note(quoting.ginas, "gina", tag=[{"type": "Mention", "href": quoting.fred}], interactionPolicy=ANYBODY)
    link = {"type": "Link", "mediaType": "application/activity+json", "href": quoted["id"]}
    made = [
        note(quoting.freds, "fred", **fields)
        for fields in (
            {"quote": quoted["id"]},
            {"quoteUrl": quoted["id"]},
            {"_misskey_quote": quoted["id"]},
            {"tag": [link]},
        )
    ]
    own = note(quoting.ginas, "gina", quoteUrl=quoted["id"])

    assert [await quoting.state(one["id"]) for one in made] == ["pending"] * 4
    assert await quoting.state(own["id"]) == "accepted"
    of_sibling = note(quoting.ginas, "georg", quoteUrl=quoted["id"])
    assert await quoting.state(of_sibling["id"]) == "pending"


async def test_s52_a_boost_of_a_peer_is_no_quote_target(quoting: Quoting) -> None:
    """S52: a stamp for a boost shows nothing of what it boosts."""
    await quoting.befriend(quoting.alice, quoting.gina, quoting.ginas, "gina")
    original = note(quoting.ginas, "georg")
    boost = quoting.ginas.activity("Announce", quoting.gina, original["id"], 7000)
    await quoting.send(quoting.ginas, "gina", "Announce", original["id"], id=boost["id"], to=[PUBLIC])
    made = note(quoting.freds, "fred", quote=boost["id"])
    made["quoteAuthorization"] = stamp(quoting.ginas, "gina", made["id"], boost["id"])

    assert await quoting.state(made["id"]) == "pending"


async def test_a_stamp_may_come_with_an_update_and_a_quote_go_with_one(quoting: Quoting) -> None:
    """An Update that only brings the stamp shows the quote; one that names no quote any more ends it."""
    _, made, approval = await stamped(quoting)
    del made["quoteAuthorization"]
    assert await quoting.state(made["id"]) == "pending"

    made["quoteAuthorization"] = approval
    await quoting.send(quoting.freds, "fred", "Update", made)
    assert await quoting.state(made["id"]) == "accepted"
    without = {name: value for name, value in made.items() if not name.startswith("quote")}
    await quoting.send(quoting.freds, "fred", "Update", without)

    found = await quoting.find(made["id"])
    assert (found["quote"], found["edited_at"]) == (None, None)


async def test_only_who_gave_a_stamp_takes_it_back(quoting: Quoting) -> None:
    """A Delete of the stamp by its author hides the quote; by anybody else it does nothing."""
    _, made, approval = await stamped(quoting)
    assert await quoting.state(made["id"]) == "accepted"

    assert (await quoting.send(quoting.freds, "fred", "Delete", approval)).status_code == 403
    await quoting.send(quoting.ginas, "georg", "Delete", approval)
    assert await quoting.state(made["id"]) == "accepted"
    await quoting.send(quoting.ginas, "gina", "Delete", approval)

    assert await quoting.state(made["id"]) == "revoked"


async def test_s52_a_stamp_is_for_one_quote_whoever_names_it(quoting: Quoting) -> None:
    """A note that names the stamp of another hides it from no Delete; one it is given to instead takes its place."""
    quoted, made, approval = await stamped(quoting)
    decoy = note(quoting.freds, "frida", "I too", quote=quoted["id"], quoteAuthorization=approval)
    assert await quoting.state(decoy["id"]) == "pending"
    assert await quoting.state(made["id"]) == "accepted"

    await quoting.send(quoting.ginas, "gina", "Delete", approval)

    assert await quoting.state(made["id"]) == "revoked"
    assert await quoting.state(decoy["id"]) != "accepted"
    quoted, made, approval = await stamped(quoting)
    assert await quoting.state(made["id"]) == "accepted"
    other = note(quoting.freds, "frida", "I too", quote=quoted["id"], quoteAuthorization=approval)
    quoting.ginas.documents[approval.removeprefix(quoting.ginas.url)]["interactingObject"] = other["id"]
    assert await quoting.state(other["id"]) == "accepted"
    assert await quoting.state(made["id"]) == "revoked"


async def test_what_others_say_of_a_stamp_is_looked_up(quoting: Quoting) -> None:
    """Another server passes on that a stamp is gone: it is looked for where it lies, and only that is believed."""
    _, made, approval = await stamped(quoting)
    assert await quoting.state(made["id"]) == "accepted"

    for number, state in enumerate(("accepted", "revoked")):
        quoting.working.server.clock.advance(timedelta(minutes=2))
        passed_on = {"actor": quoting.gina, "id": f"{quoting.ginas.url}/activities/gone-{number}"}
        assert (await quoting.send(quoting.freds, "fred", "Delete", approval, **passed_on)).status_code == 202
        assert await quoting.state(made["id"]) == state
        quoting.ginas.documents.pop(approval.removeprefix(quoting.ginas.url), None)


async def test_a_stamp_taken_back_before_it_was_seen_stays_taken_back(quoting: Quoting) -> None:
    """The Delete may overtake the note; a copy of the stamp that is still served then means nothing."""
    _, made, approval = await stamped(quoting)
    await quoting.find(note(quoting.ginas, "gina")["id"])
    await quoting.send(quoting.ginas, "gina", "Delete", approval)

    assert await quoting.state(made["id"]) == "pending"


async def test_a_stamp_is_looked_at_again_after_a_week(quoting: Quoting) -> None:
    """Who reads an old quote makes the node look whether the stamp still stands; gone is gone, ill is not gone."""
    _, made, approval = await stamped(quoting)
    assert await quoting.state(made["id"]) == "accepted"
    path = approval.removeprefix(quoting.ginas.url)
    asked = quoting.ginas.asked[path]

    await quoting.state(made["id"])
    assert quoting.ginas.asked[path] == asked
    quoting.working.server.clock.advance(timedelta(days=8))
    await quoting.state(made["id"])
    await quoting.working.settle()
    assert quoting.ginas.asked[path] == asked + 1
    del quoting.ginas.documents[path]
    quoting.working.server.clock.advance(timedelta(days=8))
    await quoting.state(made["id"])
    await quoting.working.settle()

    assert await quoting.state(made["id"]) == "revoked"


async def test_s28_a_chain_of_quotes_is_not_followed_to_its_end(quoting: Quoting) -> None:
    """What is quoted is fetched, and what that quotes; however long the chain and the threads that hang on it."""
    chain = [note(quoting.ginas, "gina", "0", inReplyTo=f"{quoting.ginas.url}/notes/below0")]
    for number in range(1, 8):
        below = f"{quoting.ginas.url}/notes/below{number}"
        chain.append(note(quoting.ginas, "gina", str(number), quote=chain[-1]["id"], inReplyTo=below))

    await quoting.find(chain[-1]["id"])

    asked = [quoting.ginas.asked[one["id"].removeprefix(quoting.ginas.url)] > 0 for one in chain]
    assert asked == [False] * 5 + [True] * 3
    assert not quoting.ginas.asked["/notes/below6"]


# A member asks a peer


async def ask_gina(quoting: Quoting, **fields: Any) -> tuple[dict[str, Any], Any, dict[str, Any]]:  # noqa: ANN401 - JSON
    """A note of Gina's, Alice's status that quotes it, and the request that came to Gina."""
    quoted = note(quoting.ginas, "gina", "An idea of Gina", interactionPolicy=ANYBODY)
    found = await quoting.find(quoted["id"])
    made = await post(quoting.alice, "I quote", quoted_status_id=found["id"], **fields)
    return quoted, made, await quoting.ginas.wait_for("QuoteRequest", made["uri"])


async def state_of(quoting: Quoting, status: Any) -> str:  # noqa: ANN401 - JSON
    found = entity(await quoting.bert.api.get(f"/api/v1/statuses/{status['id']}"), "Status")["quote"]
    assert (found["quoted_status"] is not None) == (found["state"] == "accepted")
    return str(found["state"])


async def test_a_member_asks_and_the_stamp_is_passed_on(quoting: Quoting) -> None:
    """The request carries the note; the quote waits; with the stamp it counts, and followers get it in an Update."""
    await quoting.follow(quoting.freds, "fred", quoting.alice)
    quoted, made, asked = await ask_gina(quoting)
    assert (asked["object"], asked["instrument"]["id"]) == (quoted["id"], made["uri"])
    assert asked["instrument"]["quote"] == quoted["id"]
    assert await state_of(quoting, made) == "pending"
    created = await quoting.freds.wait_for("Create", made["uri"])
    assert created["object"]["quoteUrl"] == created["object"]["_misskey_quote"] == quoted["id"]
    assert "quoteAuthorization" not in created["object"]

    approval = stamp(quoting.ginas, "gina", made["uri"], quoted["id"])
    await quoting.send(quoting.ginas, "gina", "Accept", asked, result=approval)

    assert await state_of(quoting, made) == "accepted"
    updated = await quoting.freds.wait_for("Update", approval)
    assert updated["object"]["quoteAuthorization"] == approval
    assert (await quoting.fetch(made["uri"])).json()["quoteAuthorization"] == approval


async def test_an_acceptance_counts_with_the_right_stamp_of_the_right_author_only(quoting: Quoting) -> None:
    """No stamp, one that is not there, for another note, of another server, and a yes from somebody else: no quote."""
    quoted, made, asked = await ask_gina(quoting)
    other = await post(quoting.alice, "Another")
    right = stamp(quoting.ginas, "gina", made["uri"], quoted["id"])
    foreign = stamp(quoting.freds, "fred", made["uri"], quoted["id"], attributedTo=quoting.gina)
    forged = [
        {},
        {"result": f"{quoting.ginas.url}/stamps/none"},
        {"result": stamp(quoting.ginas, "gina", other["uri"], quoted["id"])},
        {"result": stamp(quoting.ginas, "gina", made["uri"], note(quoting.ginas, "gina")["id"])},
        {"result": stamp(quoting.ginas, "georg", made["uri"], quoted["id"])},
        {"result": foreign},
    ]

    answers = [(await quoting.send(quoting.ginas, "gina", "Accept", asked, **one)).status_code for one in forged]
    assert answers == [202] * 5 + [403]
    assert (await quoting.send(quoting.freds, "fred", "Accept", asked, result=foreign)).status_code == 403
    await quoting.send(quoting.ginas, "georg", "Accept", asked["id"], result=right)
    assert await state_of(quoting, made) == "pending"
    await quoting.send(quoting.ginas, "gina", "Accept", asked["id"], result=right)

    assert await state_of(quoting, made) == "accepted"


async def test_a_refusal_is_for_the_request_it_names(quoting: Quoting) -> None:
    """Whoever asked somebody twice has each answered by itself."""
    _, first, _ = await ask_gina(quoting)
    _, second, asked = await ask_gina(quoting)

    await quoting.send(quoting.ginas, "gina", "Reject", asked["id"])

    assert [await state_of(quoting, one) for one in (first, second)] == ["pending", "rejected"]


async def test_a_refusal_ends_the_quote_and_is_passed_on(quoting: Quoting) -> None:
    """Readers see that it was refused; the note names what it quotes no more, in no spelling."""
    await quoting.follow(quoting.freds, "fred", quoting.alice)
    quoted, made, asked = await ask_gina(quoting)
    await quoting.freds.wait_for("Create", made["uri"])

    await quoting.send(quoting.ginas, "georg", "Reject", asked["id"])
    assert await state_of(quoting, made) == "pending"
    await quoting.send(quoting.ginas, "gina", "Reject", asked)

    assert await state_of(quoting, made) == "rejected"
    updated = (await quoting.freds.wait_for("Update", made["uri"]))["object"]
    assert not {"quote", "quoteUrl", "_misskey_quote", "quoteAuthorization"} & updated.keys()
    assert quoted["id"] not in str(updated.get("tag", ""))


async def test_consent_that_is_taken_back_ends_the_quote_everywhere(quoting: Quoting) -> None:
    """Gina deletes her stamp: the quote is shown no more here, and those who have the note are told by its Update."""
    await quoting.follow(quoting.freds, "fred", quoting.alice)
    quoted, made, asked = await ask_gina(quoting)
    approval = stamp(quoting.ginas, "gina", made["uri"], quoted["id"])
    await quoting.send(quoting.ginas, "gina", "Accept", asked, result=approval)
    await quoting.freds.wait_for("Update", approval)
    quoting.freds.received.clear()

    del quoting.ginas.documents[approval.removeprefix(quoting.ginas.url)]
    await quoting.send(quoting.ginas, "gina", "Delete", approval)

    assert await state_of(quoting, made) == "revoked"
    assert "quote" not in (await quoting.freds.wait_for("Update", made["uri"]))["object"]
    await quoting.send(quoting.ginas, "gina", "Accept", asked, result=approval)
    assert await state_of(quoting, made) == "revoked"


async def test_a_quote_leaves_neither_its_reach_nor_its_readers(quoting: Quoting) -> None:
    """Whoever has to be asked must lie inside the reach; a private quote is addressed to them."""
    quoted = note(quoting.ginas, "gina", "An idea of Gina", interactionPolicy=ANYBODY)
    found = await quoting.find(quoted["id"])
    sent = {"status": "Among us", "quoted_status_id": found["id"], "reach": "organisation"}
    assert "outside the reach" in refusal(await quoting.alice.api.post("/api/v1/statuses", json=sent), 422)

    _, made, asked = await ask_gina(quoting, visibility="private")

    assert made["visibility"] == "private"
    assert quoting.gina in asked["instrument"]["cc"]
    assert [one for one in quoting.ginas.received if one["type"] == "QuoteRequest"] == [asked]
    assert (await quoting.fetch(made["uri"])).status_code == 404
    assert (await quoting.fetch(made["uri"], quoting.ginas, "gina")).status_code == 200
    await quoting.alice.api.delete(f"/api/v1/statuses/{made['id']}")
    await quoting.ginas.wait_for("Delete", made["uri"])


async def test_the_policy_of_a_remote_status_is_read(quoting: Quoting) -> None:
    """Everybody, followers, whom the author follows, those who ask, others: told as Mastodon tells it, and kept."""
    followers, following = f"{quoting.gina}/followers", f"{quoting.gina}/following"
    quoting.ginas.documents["/users/gina"]["following"] = following
    alice = f"{quoting.url}/users/alice"
    rules: list[tuple[Any, list[str], list[str], str, int]] = [
        (None, [], [], "denied", 403),
        ({"automaticApproval": quoting.gina}, [], [], "denied", 403),
        ({"automaticApproval": PUBLIC}, ["public"], [], "automatic", 200),
        ({"automaticApproval": followers}, ["followers"], [], "denied", 403),
        ({"automaticApproval": [following]}, ["following"], [], "denied", 403),
        ({"manualApproval": PUBLIC}, [], ["public"], "manual", 200),
        ({"automaticApproval": alice}, ["unsupported_policy"], [], "automatic", 200),
        ({"automaticApproval": quoting.fred}, ["unsupported_policy"], [], "unknown", 200),
    ]

    for rule, automatic, manual, current, status in rules:
        policy = None if rule is None else {"canQuote": rule}
        found = await quoting.find(note(quoting.ginas, "gina", interactionPolicy=policy)["id"])
        assert found["quote_approval"] == {"automatic": automatic, "manual": manual, "current_user": current}
        answer = await quoting.alice.api.post(
            "/api/v1/statuses", json={"status": "I quote", "quoted_status_id": found["id"]}
        )
        assert answer.status_code == status, rule
    for_followers = note(quoting.ginas, "gina", interactionPolicy={"canQuote": {"automaticApproval": followers}})
    await quoting.befriend(quoting.alice, quoting.gina, quoting.ginas, "gina")
    assert (await quoting.find(for_followers["id"]))["quote_approval"]["current_user"] == "automatic"
