"""New keys: of this node's actors, which others must learn of, and of peers, which this node must learn."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import NullPool, create_engine, update

from federation.errors import SignatureRefused
from federation.keys import SigningKey, VerificationKey, public_to_pem
from fedorg.activitypub import keyring, signed
from fedorg.domain.accounts import Account
from fedorg.errors import Invalid
from fedorg.services import rotation, users
from fedorg.services.registration import ensure_node_actor
from fedorg.store import keys
from fedorg.store.tables import account_keys
from tests.node.fake_peer import key
from tests.node.meeting import Meeting
from tests.node.talking import entity, post, success

ACTIVITY_JSON = {"Accept": "application/activity+json"}


async def document(meeting: Meeting, uri: str) -> dict[str, Any]:
    """An actor as other servers see it."""
    answer = await meeting.server.anonymous.get(httpx.URL(uri).path, headers=ACTIVITY_JSON)
    found: dict[str, Any] = answer.json()
    return found


async def _signing_key(meeting: Meeting, account: Account) -> SigningKey:
    current = await meeting.node.glance(keys.list_ids, account.id)
    return (await keyring.signing_keys(meeting.node, account.id, current))[0]


async def test_new_keys_have_new_names_and_old_ones_are_listed_no_more(meeting: Meeting) -> None:
    """``publicKey`` is the one new key, ``assertionMethod`` the other; nothing of the old is left."""
    anna = await meeting.working.person("anna")
    before = await document(meeting, meeting.actor(anna))
    account = await users.get_account(meeting.node, "anna")

    ids = await rotation.rotate_keys(meeting.node, account)

    after = await document(meeting, meeting.actor(anna))
    assert ids == [after["publicKey"]["id"], after["assertionMethod"][0]["id"]]
    assert after["publicKey"]["publicKeyPem"] != before["publicKey"]["publicKeyPem"]
    assert f"'{before['publicKey']['id']}'" not in str(after)
    assert len(after["assertionMethod"]) == 1
    assert len({*ids, *await rotation.rotate_keys(meeting.node, account)}) == 4


async def test_a_running_server_signs_with_the_new_key(meeting: Meeting) -> None:
    """Whoever changed the keys, the next signature is made with the new one, though the old one was parsed."""
    await meeting.working.person("anna")
    account = await users.get_account(meeting.node, "anna")
    old = await _signing_key(meeting, account)
    # As a command in another process would: this process is told nothing.
    held = dict(meeting.node.signing_keys)

    main, _ = await rotation.rotate_keys(meeting.node, account)

    assert meeting.node.signing_keys == held
    new = await _signing_key(meeting, account)
    assert (new.key_id, new.key_id == old.key_id) == (main, False)
    assert await _signing_key(meeting, account) is new


async def test_who_knows_the_account_is_told(meeting: Meeting) -> None:
    """A follower's server gets the actor with its new keys, signed with the new key."""
    anna = await meeting.working.person("anna")
    meeting.add("fred")
    await meeting.say("Follow", "fred", meeting.actor(anna))
    account = await users.get_account(meeting.node, "anna")

    main, _ = await rotation.rotate_keys(meeting.node, account)

    update = await meeting.peer.wait_for("Update")
    assert update["object"]["publicKey"]["id"] == main


async def test_a_server_that_only_got_a_message_is_told_too(meeting: Meeting) -> None:
    """It knows the old key as well as any follower does."""
    anna = await meeting.working.person("anna")
    meeting.add("fred")
    await meeting.find(anna, "fred")
    await post(anna, f"@fred@{meeting.peer.domain} hello", visibility="direct")
    await meeting.peer.wait_for("Create")

    await rotation.rotate_keys(meeting.node, await users.get_account(meeting.node, "anna"))

    assert (await meeting.peer.wait_for("Update"))["object"]["id"] == meeting.actor(anna)


async def test_the_node_itself_gets_new_keys(meeting: Meeting) -> None:
    """Every server known here is told, and what is fetched afterwards is asked for with the new key."""
    anna = await meeting.working.person("anna")
    meeting.add("fred")
    await meeting.find(anna, "fred")
    actor = await ensure_node_actor(meeting.node)

    main, _ = await rotation.rotate_keys(meeting.node, actor)

    update = await meeting.peer.wait_for("Update")
    assert (update["actor"], update["object"]["publicKey"]["id"]) == (actor.uri, main)
    assert (await keyring.node_key(meeting.node)).key_id == main


async def test_accounts_of_others_get_no_keys_here(meeting: Meeting) -> None:
    """Only their own server can give them new ones."""
    anna = await meeting.working.person("anna")
    meeting.add("fred")
    found = await meeting.find(anna, "fred")
    account = await meeting.node.resolver.account(meeting.node, found["uri"])

    with pytest.raises(Invalid):
        await rotation.rotate_keys(meeting.node, account)


@pytest.mark.parametrize("name", ["main-key", "main-key-2"])
async def test_a_peer_that_changes_its_key_goes_on_working(meeting: Meeting, name: str) -> None:
    """Under the same id or a new one: its actor is fetched once more, and what it sends is taken."""
    anna = await meeting.working.person("anna")
    made = await post(anna, "Hello")
    uri = meeting.add("fred")
    await meeting.say("Follow", "fred", meeting.actor(anna))
    meeting.peer.add_user("fred", key_name="fresh")
    meeting.peer.documents["/users/fred"]["publicKey"]["id"] = f"{uri}#{name}"
    meeting.peer.asked.clear()

    answers = await asyncio.gather(
        *(
            meeting.post(
                meeting.peer.activity("Like", uri, made["uri"], number),
                "fred",
                key_name="fresh",
                key_id=f"{uri}#{name}",
            )
            for number in range(4)
        )
    )

    assert answers == [202] * 4
    assert meeting.peer.asked["/users/fred"] == 1
    await meeting.working.settle()
    shown = entity(await anna.api.get(f"/api/v1/statuses/{made['id']}"), "Status")
    assert shown["favourites_count"] == 1


async def test_a_key_that_comes_anew_while_the_old_one_is_looked_at_counts(meeting: Meeting, engine_url: str) -> None:
    """What was signed with it is checked again, although its owner was asked just now."""
    anna = await meeting.working.person("anna")
    uri = meeting.add("fred")
    await meeting.say("Follow", "fred", meeting.actor(anna))
    key_id, fresh = f"{uri}#main-key", public_to_pem(key("fresh").public_key())
    signed.note_asked(meeting.node, key_id, meeting.node.now())
    engine = create_engine(engine_url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    seen = []

    def check(found: VerificationKey) -> str:
        seen.append(public_to_pem(found.public))
        if seen[-1] != fresh:
            with engine.begin() as conn:
                conn.execute(update(account_keys).where(account_keys.c.uri == key_id).values(public=fresh))
            raise SignatureRefused("the signature does not fit")
        return "it fits"

    verdict, account = await signed.check_with_key(meeting.node, key_id, check)

    assert (verdict, account.uri, len(seen)) == ("it fits", uri, 2)


async def test_the_old_key_of_a_peer_ends_with_the_new_one(meeting: Meeting) -> None:
    """Once the actor was seen with its new key, a signature with the old one is worth nothing."""
    anna = await meeting.working.person("anna")
    uri = meeting.add("fred")
    follow = await meeting.say("Follow", "fred", meeting.actor(anna))
    fresh = meeting.peer.add_user("fred", key_name="fresh")
    meeting.peer.documents["/users/fred"]["publicKey"]["id"] = f"{uri}#new"
    update = meeting.peer.activity("Update", uri, meeting.peer.documents["/users/fred"], 77)
    assert await meeting.post(update, "fred") == 202
    await meeting.working.settle()

    assert fresh == uri
    undo = meeting.peer.activity("Undo", uri, follow, 78)
    assert await meeting.post(undo, "fred") == 401
    assert await meeting.post(undo, "fred", key_name="fresh", key_id=f"{uri}#new") == 202


async def test_a_forged_key_makes_a_peer_be_asked_once(meeting: Meeting) -> None:
    """Wrong signatures do not make this node ask again and again, and the right key goes on working (S23)."""
    anna = await meeting.working.person("anna")
    uri = meeting.add("fred")
    await meeting.say("Follow", "fred", meeting.actor(anna))
    meeting.peer.asked.clear()
    forged = meeting.peer.activity("Follow", uri, meeting.actor(anna), 99)

    for _ in range(5):
        assert await meeting.post(forged, "fred", key_name="forged") == 401

    assert meeting.peer.asked["/users/fred"] == 1
    assert await meeting.post(forged, "fred") == 202
    meeting.server.clock.advance(timedelta(minutes=6))
    meeting.peer.add_user("fred", key_name="fresh")
    assert await meeting.post(forged | {"id": f"{uri}#later"}, "fred", key_name="fresh") == 202
    assert success(await anna.api.get(f"/api/v1/accounts/{anna.id}"))["followers_count"] == 1
