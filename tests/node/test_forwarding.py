"""What third hands bring and what this node hands on: on whose word it is taken, and who gets it.

The author lives on one server, the sender on another; a proof of the author is believed, the sender is not.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.moderation import AccountAction, WarningAction
from fedorg.domain.visibility import Tier
from fedorg.services import peers
from fedorg.services.moderation import accounts as moderation
from fedorg.store.tables import accounts
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, run_jobs, success

NUMBERS = count(1)
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


@pytest.fixture
async def home() -> AsyncIterator[FakePeer]:
    """The author's server."""
    async with running_peer() as running:
        running.add_user("author")
        running.add_user("other")
        yield running


@pytest.fixture
async def relay() -> AsyncIterator[FakePeer]:
    """The server that passes on."""
    async with running_peer() as running:
        running.add_user("sender")
        yield running


@pytest.fixture
async def third() -> AsyncIterator[FakePeer]:
    """A server of somebody else."""
    async with running_peer() as running:
        running.add_user("sender")
        yield running


@pytest.fixture
async def alice(working: WorkingServer) -> Member:
    """A member who is written to."""
    return await working.person("alice")


def alice_uri(working: WorkingServer) -> str:
    return f"{working.server.url}/users/alice"


def note(home: FakePeer, words: str = "Hello", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A note of the author that its server does not serve: only the proof can speak for it."""
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{home.url}/notes/{next(NUMBERS)}",
        "type": "Note",
        "attributedTo": home.actor("author"),
        "content": f"<p>{words}</p>",
        "to": [PUBLIC],
        **fields,
    }


def create(home: FakePeer, object_: dict[str, Any]) -> dict[str, Any]:
    made = home.activity("Create", home.actor("author"), object_, next(NUMBERS))
    return made | {"to": object_["to"], "cc": object_.get("cc", [])}


async def pass_on(server: NodeServer, relay: FakePeer, body: dict[str, Any] | bytes) -> httpx.Response:
    """The sender's server delivers it, signed by the sender."""
    message = relay.sign(f"{server.url}/inbox", body, by="sender")
    return await server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))


async def mentions_of(member: Member) -> list[str]:
    told = success(await member.api.get("/api/v1/notifications"))
    return [one["status"]["content"] for one in told if one["type"] == "mention"]


async def test_a_proven_activity_is_taken_from_anybody(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """What its actor proves is handled as if the actor had sent it; the key costs one fetch, the note none."""
    made = note(home, "Passed on", to=[PUBLIC, alice_uri(working)])

    answer = await pass_on(working.server, relay, home.prove(create(home, made), by="author"))
    await working.settle()

    assert answer.status_code == 202
    assert await mentions_of(alice) == ["<p>Passed on</p>"]
    assert home.asked["/users/author"] == 1
    assert not any(path.startswith("/notes/") for path in home.asked)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda made: made | {"to": [*made["to"], "https://more.example/"]},
        lambda made: made | {"object": made["object"] | {"content": "<p>Forged</p>"}},
        lambda made: made | {"proof": made["proof"] | {"created": "2020-01-01T00:00:00Z"}},
        lambda made: made | {"proof": made["proof"] | {"cryptosuite": "eddsa-rdfc-2022"}},
        lambda made: made | {"proof": [made["proof"], made["proof"]]},
        lambda made: {name: value for name, value in made.items() if name != "proof"},
        lambda made: made | {"signature": {"type": "RsaSignature2017", "signatureValue": "x"}, "proof": None},
    ],
)
async def test_a_changed_body_is_worth_nothing(
    working: WorkingServer,
    home: FakePeer,
    relay: FakePeer,
    alice: Member,
    spoil: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """Whatever is changed after the proof, left out of it or signed in another way: nothing of it is shown."""
    made = home.prove(create(home, note(home, to=[alice_uri(working)])), by="author")

    answer = await pass_on(working.server, relay, spoil(made))
    await working.settle()

    assert answer.status_code == 401
    assert await mentions_of(alice) == []


@pytest.mark.parametrize("key_name", ["other", "sender", "nobody"])
async def test_a_proof_by_another_key_is_worth_nothing(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member, key_name: str
) -> None:
    """The key has to be one that the author shows."""
    made = create(home, note(home, to=[alice_uri(working)]))

    answer = await pass_on(working.server, relay, home.prove(made, by="author", key_name=key_name))

    assert answer.status_code == 401
    await working.settle()
    assert await mentions_of(alice) == []


async def test_a_proof_by_another_actor_is_worth_nothing(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """A valid proof of a neighbour, or of the sender, does not speak for the author (S4)."""
    made = create(home, note(home, to=[alice_uri(working)]))

    answers = [
        await pass_on(working.server, relay, home.prove(made, by="other")),
        await pass_on(working.server, relay, relay.prove(made, by="sender")),
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    await working.settle()
    assert await mentions_of(alice) == []


async def test_a_blocked_author_is_not_heard_through_others(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """A block of the author's server holds whoever passes on, and a block of the sender whatever is passed on (S15)."""
    made = home.prove(create(home, note(home, to=[PUBLIC, alice_uri(working)])), by="author")
    await peers.set_tier(working.server.node, home.domain, Tier.BLOCKED)
    behind_author = await pass_on(working.server, relay, made)
    await peers.set_tier(working.server.node, home.domain, Tier.OPEN)
    await peers.set_tier(working.server.node, relay.domain, Tier.BLOCKED)

    behind_sender = await pass_on(working.server, relay, made)

    await working.settle()
    assert (behind_author.status_code, behind_sender.status_code) == (403, 403)
    assert not home.asked
    assert await mentions_of(alice) == []


@pytest.mark.usefixtures("alice")
async def test_s50_whoever_is_suspended_is_not_heard_through_others(
    working: WorkingServer, home: FakePeer, relay: FakePeer
) -> None:
    """S50: what a suspended author proves is refused, whoever passes it on."""
    first, second = [home.prove(create(home, note(home, to=[alice_uri(working)])), by="author") for _ in range(2)]
    await pass_on(working.server, relay, first)
    await working.settle()

    await working.server.node.write(suspend, home.actor("author"))
    answer = await pass_on(working.server, relay, second)

    assert answer.status_code == 403


def suspend(conn: Connection, uri: str) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    conn.execute(sa.update(accounts).where(accounts.c.uri == uri).values(suspended_at=moment))


async def test_a_replay_changes_nothing(working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member) -> None:
    """Proven once, an activity is handled once, whoever brings it again; and an old one is no news."""
    made = home.prove(create(home, note(home, "Once", to=[PUBLIC, alice_uri(working)])), by="author")
    own = home.sign(f"{working.server.url}/inbox", made, by="author")
    old = create(home, note(home, "Old", to=[alice_uri(working)]))
    stale = home.prove(old, by="author", at=datetime.now(UTC) - timedelta(days=15))

    answers = [await pass_on(working.server, relay, made) for _ in range(2)]
    answers.append(await working.server.anonymous.post("/inbox", content=own.body, headers=dict(own.headers)))
    answers.append(await pass_on(working.server, relay, stale))

    await working.settle()
    assert [answer.status_code for answer in answers] == [202, 202, 202, 401]
    assert await mentions_of(alice) == ["<p>Once</p>"]


@pytest.mark.parametrize("kind", ["Follow", "Block", "Accept", "Reject", "Move", "Flag"])
async def test_what_is_between_two_is_not_taken_from_a_third(
    working: WorkingServer, home: FakePeer, relay: FakePeer, kind: str
) -> None:
    """Not even with a proof; nor is what undoes it."""
    await working.person("alice")
    made = home.activity(kind, home.actor("author"), alice_uri(working), next(NUMBERS))
    made |= {"target": home.actor("other")} if kind == "Move" else {}
    undo = home.activity("Undo", home.actor("author"), made, next(NUMBERS))

    answers = [await pass_on(working.server, relay, home.prove(one, by="author")) for one in (made, undo)]

    assert [answer.status_code for answer in answers] == [403, 403]


async def test_what_is_not_proven_is_looked_up_where_it_lives(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """A public reply without a proof is fetched from its own server; what was passed on beside it is not read."""
    status = success(await alice.api.post("/api/v1/statuses", json={"status": "Question"}))
    true = note(home, "True", inReplyTo=status["uri"])
    home.documents[true["id"].removeprefix(home.url)] = true

    answer = await pass_on(working.server, relay, create(home, true | {"content": "<p>Forged</p>"}))
    await working.settle()

    assert answer.status_code == 202
    context = success(await alice.api.get(f"/api/v1/statuses/{status['id']}/context"))
    assert [one["content"] for one in context["descendants"]] == ["<p>True</p>"]


async def test_a_claim_uses_up_no_id_and_fetches_nothing_that_concerns_nobody(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """What a third claims costs nothing where nobody is concerned, and the author is still heard afterwards."""
    made = create(home, note(home, "Mine", to=[PUBLIC, alice_uri(working)]))

    claimed = await pass_on(working.server, relay, made)
    await working.settle()
    asked_before = dict(home.asked)
    own = home.sign(f"{working.server.url}/inbox", made, by="author")
    sent = await working.server.anonymous.post("/inbox", content=own.body, headers=dict(own.headers))
    await working.settle()

    assert (claimed.status_code, sent.status_code) == (202, 202)
    assert asked_before == {}
    assert await mentions_of(alice) == ["<p>Mine</p>"]


async def test_a_claimed_deletion_is_checked(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """A status goes on a third's word only when its own server has it no more, and never one that is not for all."""
    kept = [note(home, words, to=[*to, alice_uri(working)]) for words, to in (("Open", [PUBLIC]), ("Secret", []))]
    for one in kept:
        home.documents[one["id"].removeprefix(home.url)] = one
        await pass_on(working.server, relay, home.prove(create(home, one), by="author"))
    await working.settle()
    deletions = [home.activity("Delete", home.actor("author"), one["id"], next(NUMBERS)) for one in kept]

    still_there = await pass_on(working.server, relay, deletions[0])
    await working.settle()
    before = await mentions_of(alice)
    home.documents = {path: one for path, one in home.documents.items() if not path.startswith("/notes/")}
    deletions = [one | {"id": f"{one['id']}-again"} for one in deletions]
    gone = [await pass_on(working.server, relay, one) for one in deletions]
    await working.settle()

    assert [answer.status_code for answer in (still_there, *gone)] == [202, 202, 202]
    assert sorted(before) == ["<p>Open</p>", "<p>Secret</p>"]
    assert await mentions_of(alice) == ["<p>Secret</p>"]


async def test_a_proven_deletion_needs_no_fetch(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """Proven by the author a status goes at once; proven by anybody else it stays."""
    made = note(home, to=[PUBLIC, alice_uri(working)])
    home.documents[made["id"].removeprefix(home.url)] = made
    await pass_on(working.server, relay, home.prove(create(home, made), by="author"))
    await working.settle()
    by_other = home.activity("Delete", home.actor("other"), made["id"], next(NUMBERS))
    by_author = home.activity("Delete", home.actor("author"), made["id"], next(NUMBERS))

    await pass_on(working.server, relay, home.prove(by_other, by="other"))
    await working.settle()
    before = await mentions_of(alice)
    await pass_on(working.server, relay, home.prove(by_author, by="author"))
    await working.settle()

    assert len(before) == 1
    assert await mentions_of(alice) == []


async def test_an_old_version_of_an_actor_cannot_be_played_back(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """An actor that somebody passes on is fetched anew: its proof may be older than its keys."""
    await pass_on(working.server, relay, home.prove(create(home, note(home, to=[alice_uri(working)])), by="author"))
    await working.settle()
    old = home.documents["/users/author"] | {"name": "Old name"}
    home.documents["/users/author"]["name"] = "New name"
    update = home.activity("Update", home.actor("author"), old, next(NUMBERS))

    await pass_on(working.server, relay, home.prove(update, by="author"))
    await working.settle()

    told = success(await alice.api.get("/api/v1/notifications"))
    assert [one["account"]["display_name"] for one in told] == ["New name"]


async def test_what_is_limited_comes_from_the_node_of_its_thread_only(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """A proof does not carry a limited status out of its ring: whoever passes it on has to be the root's own node."""
    limited = note(home, reach="organisation", to=[home.actor("author") + "/followers", alice_uri(working)])

    answer = await pass_on(working.server, relay, home.prove(create(home, limited), by="author"))
    await working.settle()

    assert answer.status_code == 202
    assert await mentions_of(alice) == []


@pytest.mark.parametrize("is_early", [False, True])
async def test_what_is_limited_in_a_thread_comes_from_the_node_of_its_root(
    working: WorkingServer, home: FakePeer, relay: FakePeer, third: FakePeer, alice: Member, *, is_early: bool
) -> None:
    """Answers and their edits are taken from that node, also before what they answer is here, and from no other."""
    for peer in (home, relay, third):
        await peers.set_tier(working.server.node, peer.domain, Tier.SIBLING)
    limits = {"reach": "organisation", "published": working.server.clock().isoformat()}
    to = [home.actor("author") + "/followers", alice_uri(working)]
    sender = relay.actor("sender")
    root = note(relay, "Root", **limits, attributedTo=sender, to=[f"{sender}/followers", alice_uri(working)])
    begun = relay.activity("Create", sender, root, next(NUMBERS))
    answers = [note(home, words, **limits, inReplyTo=root["id"], to=to) for words in ("Taken", "Not taken")]
    edits = [
        home.activity("Update", home.actor("author"), answers[0] | {"content": words, "updated": at}, next(NUMBERS))
        for words, at in (("<p>Changed</p>", "2026-01-01T00:00:00Z"), ("<p>Forged</p>", "2026-01-02T00:00:00Z"))
    ]

    if not is_early:
        await deliver(working, relay, begun, by="sender")
        await working.settle()
    for peer, answer in zip((relay, third), answers, strict=True):
        passed = await pass_on(working.server, peer, home.prove(create(home, answer), by="author"))
        assert passed.status_code == 202
    if is_early:
        await deliver(working, relay, begun, by="sender")
    await working.settle()
    working.server.clock.advance(timedelta(minutes=1))
    await working.settle()
    for peer, edit in zip((relay, third), edits, strict=True):
        await pass_on(working.server, peer, home.prove(edit, by="author"))
        await working.settle()

    assert sorted(await mentions_of(alice)) == ["<p>Changed</p>", "<p>Root</p>"]


# Handing on


async def follow(working: WorkingServer, peer: FakePeer, name: str) -> None:
    """Somebody of the peer follows alice, accepted."""
    activity = peer.activity("Follow", peer.actor(name), alice_uri(working), next(NUMBERS))
    await deliver(working, peer, activity, by=name)
    await peer.wait_for("Accept", activity["id"])


async def deliver(working: WorkingServer, peer: FakePeer, activity: dict[str, Any], *, by: str) -> bytes:
    """Its own server delivers an activity; the bytes."""
    message = peer.sign(f"{working.server.url}/inbox", activity, by=by, at=working.server.clock())
    answer = await working.server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
    assert answer.status_code == 202, answer.text
    return message.body


async def idle(working: WorkingServer) -> None:
    """Wait until all jobs are done and all deliveries are made."""
    await working.settle()
    await working.deliver_all()


async def post(alice: Member, words: str, **fields: str) -> str:
    status = success(await alice.api.post("/api/v1/statuses", json={"status": words, **fields}))
    return str(status["uri"])


async def test_an_answer_is_handed_on_as_it_came_and_once(
    working: WorkingServer, home: FakePeer, relay: FakePeer, third: FakePeer, alice: Member
) -> None:
    """Followers of who began the thread get a proven answer byte for byte, once; its author's own server does not."""
    for peer, name in ((home, "other"), (relay, "sender"), (third, "sender")):
        await follow(working, peer, name)
    question = await post(alice, "Question")
    answer = home.prove(create(home, note(home, "Answer", inReplyTo=question)), by="author")

    sent = await deliver(working, home, answer, by="author")
    await idle(working)
    await deliver(working, home, answer, by="author")
    await pass_on(working.server, relay, sent)
    await idle(working)

    for peer in (relay, third):
        assert [body for body in peer.bodies if answer["id"].encode() in body] == [sent]
    assert not [body for body in home.bodies if answer["id"].encode() in body]
    # Signed by the node itself, so that whoever gets it knows who passed it on.
    assert relay.keys_seen[relay.bodies.index(sent)] == f"{working.server.url}/actor#main-key"


async def test_an_answer_to_what_is_not_here_yet_is_handed_on_when_it_is(
    working: WorkingServer, home: FakePeer, relay: FakePeer, third: FakePeer, alice: Member
) -> None:
    """An answer that overtakes the one it answers goes to the followers of the thread later, as it came and once."""
    await follow(working, relay, "sender")
    await follow(working, third, "sender")
    question = await post(alice, "Question")
    between = note(home, "Between", inReplyTo=question)
    lost = note(home, "To nobody here", inReplyTo=f"{home.url}/notes/lost", cc=[alice_uri(working)])
    answer = note(home, "Answer", inReplyTo=between["id"], cc=[alice_uri(working)])
    activities = [home.prove(create(home, one), by="author") for one in (lost, answer)]
    bodies = [await deliver(working, home, one, by="author") for one in activities]
    await idle(working)
    for minutes in (1, 3):
        working.server.clock.advance(timedelta(minutes=minutes))
        await idle(working)
    assert not [one for one in relay.received if one["actor"] == home.actor("author")]

    await deliver(working, home, home.prove(create(home, between), by="author"), by="author")
    working.server.clock.advance(timedelta(minutes=11))
    await idle(working)
    working.server.clock.advance(timedelta(days=2))
    await idle(working)

    for peer in (relay, third):
        assert [body for body in peer.bodies if activities[1]["id"].encode() in body] == [bodies[1]]
        assert not [body for body in peer.bodies if activities[0]["id"].encode() in body]


@pytest.mark.parametrize("tier", [Tier.PARTNER, Tier.OPEN, Tier.BLOCKED])
async def test_an_answer_that_waits_is_handed_on_only_while_its_server_is_spoken_with(
    serve: Callable[..., Awaitable[NodeServer]], home: FakePeer, relay: FakePeer, tier: Tier
) -> None:
    """What a former partner said, or one that is blocked by now, goes to nobody any more (S15)."""
    async with run_jobs(await serve(federation_mode="partners", default_reach="partners")) as working:
        node, alice = working.server.node, await working.person("alice")
        for peer in (home, relay):
            await peers.set_tier(node, peer.domain, Tier.PARTNER)
        await follow(working, relay, "sender")
        between = note(home, "Between", inReplyTo=await post(alice, "Question"))
        answer = home.prove(
            create(home, note(home, "Answer", inReplyTo=between["id"], cc=[alice_uri(working)])), by="author"
        )
        await deliver(working, home, answer, by="author")
        await working.settle()
        await deliver(working, home, create(home, between), by="author")
        await working.settle()

        await peers.set_tier(node, home.domain, tier)
        working.server.clock.advance(timedelta(minutes=1))
        await idle(working)

        handed_on = [one["id"] for one in relay.received if one["actor"] == home.actor("author")]
        assert handed_on == ([answer["id"]] if tier is Tier.PARTNER else [])


async def test_those_the_author_named_are_not_told_twice(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """A server with somebody who is mentioned gets the answer from its author."""
    await follow(working, relay, "sender")
    tag = {"type": "Mention", "href": relay.actor("sender"), "name": "@sender"}
    made = note(home, inReplyTo=await post(alice, "Question"), cc=[relay.actor("sender")], tag=[tag])
    answer = home.prove(create(home, made), by="author")

    await deliver(working, home, answer, by="author")
    await idle(working)

    assert not [one for one in relay.received if one["id"] == answer["id"]]


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_what_is_not_for_all_is_not_handed_on(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member, visibility: str
) -> None:
    """An answer to followers or to one alone stays where its author sent it, proven or not."""
    await follow(working, relay, "sender")
    followers = [f"{home.actor('author')}/followers"] if visibility == "private" else []
    made = note(home, inReplyTo=await post(alice, "Question"), to=[*followers, alice_uri(working)])
    answer = home.prove(create(home, made), by="author")

    await deliver(working, home, answer, by="author")
    await idle(working)

    assert await mentions_of(alice) == ["<p>Hello</p>"]
    assert not [one for one in relay.received if one["id"] == answer["id"]]


@pytest.mark.parametrize("how", ["block", "domain", "silenced"])
async def test_unwanted_answers_are_not_handed_on(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member, how: str
) -> None:
    """Whom alice blocks, whose server she shuts out, or whom this node silenced, does not speak to her followers."""
    await follow(working, relay, "sender")
    question = await post(alice, "Question")
    author = (
        success(await alice.api.get("/api/v2/search", params={"q": f"@author@{home.domain}", "resolve": "true"}))
    )["accounts"][0]
    if how == "block":
        await alice.api.post(f"/api/v1/accounts/{author['id']}/block")
    if how == "domain":
        await alice.api.post("/api/v1/domain_blocks", json={"domain": home.domain})
    if how == "silenced":
        await working.server.node.write(silence, int(author["id"]))
    answer = home.prove(create(home, note(home, inReplyTo=question)), by="author")

    await deliver(working, home, answer, by="author")
    await idle(working)

    assert not [one for one in relay.received if one["id"] == answer["id"]]


async def test_what_waits_of_somebody_suspended_is_not_handed_on(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """A server that was away hears nothing more of what they said, but that it was deleted."""
    await follow(working, relay, "sender")
    relay.refusals["/users/sender/inbox"] = 503
    texts = [note(home, words, inReplyTo=await post(alice, "Question")) for words in ("Spam", "Regretted")]
    for made in texts:
        await deliver(working, home, home.prove(create(home, made), by="author"), by="author")
    await working.settle()
    gone = home.activity("Delete", home.actor("author"), texts[1]["id"], 1)
    await deliver(working, home, gone, by="author")
    await working.settle()
    node = working.server.node
    found = await moderation.find(node, f"@author@{home.domain}")

    await moderation.act(node, None, found.account.id, AccountAction(action=WarningAction.SUSPEND))
    relay.refusals.clear()
    working.server.clock.advance(timedelta(days=1))
    await idle(working)

    assert [one["id"] for one in relay.received if one["actor"] == home.actor("author")] == [gone["id"]]


def silence(conn: Connection, account_id: int) -> None:
    conn.execute(
        sa.update(accounts).where(accounts.c.id == account_id).values(silenced_at=datetime(2026, 1, 1, tzinfo=UTC))
    )


async def test_nobody_hears_of_answers_to_a_direct_message(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """A careless public answer to a direct message does not tell the followers that there was one."""
    await follow(working, relay, "sender")
    message = await post(alice, f"@author@{home.domain} between us", visibility="direct")
    answer = home.prove(create(home, note(home, inReplyTo=message)), by="author")

    await deliver(working, home, answer, by="author")
    await idle(working)

    assert not [one for one in relay.received if one["id"] == answer["id"]]


async def test_what_is_not_proven_is_not_handed_on(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """Neither without a proof nor with a wrong one: nobody could tell who wrote it."""
    await follow(working, relay, "sender")
    question = await post(alice, "Question")
    plain = create(home, note(home, "Plain", inReplyTo=question))
    forged = home.prove(create(home, note(home, "Forged", inReplyTo=question)), by="author", key_name="nobody")

    for one in (plain, forged):
        await deliver(working, home, one, by="author")
    await idle(working)

    context = success(await alice.api.get(f"/api/v1/statuses/{question.rpartition('/')[2]}/context"))
    assert len(context["descendants"]) == 2
    assert not [one for one in relay.received if one["id"] in (plain["id"], forged["id"])]


async def test_edits_and_deletions_follow_what_was_handed_on(
    working: WorkingServer, home: FakePeer, relay: FakePeer, alice: Member
) -> None:
    """A proven edit goes on, and a deletion even without a proof, because it can be looked up."""
    await follow(working, relay, "sender")
    made = note(home, "First", inReplyTo=await post(alice, "Question"), published="2026-01-01T00:00:00Z")
    other = note(home, "Elsewhere")
    changed = home.activity("Update", home.actor("author"), made | {"updated": "2026-01-01T01:00:00Z"}, 1)
    plain = home.activity("Update", home.actor("author"), made | {"updated": "2026-01-01T02:00:00Z"}, 2)
    gone = [home.activity("Delete", home.actor("author"), one["id"], n) for n, one in enumerate((made, other))]

    await deliver(working, home, home.prove(create(home, made), by="author"), by="author")
    await working.settle()
    for one in (home.prove(changed, by="author"), plain, *gone):
        await deliver(working, home, one, by="author")
        await working.settle()
    await idle(working)

    kept = [one["id"] for one in relay.received if one["actor"] == home.actor("author")]
    assert kept == [kept[0], changed["id"], gone[0]["id"]]


async def test_of_one_server_so_much_is_handed_on_in_an_hour(
    serve: Callable[..., Awaitable[NodeServer]], home: FakePeer, relay: FakePeer, third: FakePeer
) -> None:
    """S28: an answer or an edit costs a delivery to each follower's server; others', and deletions, are not held up."""
    async with run_jobs(await serve(rate_limits=0.01)) as working:
        clock = working.server.clock
        alice = await working.person("alice")
        await follow(working, relay, "sender")
        question = await post(alice, "Question")
        clock.advance(timedelta(seconds=3600 - int(clock().timestamp()) % 3600))

        async def say(kind: str, peer: FakePeer, by: str, object_: Any) -> str:  # noqa: ANN401 - JSON
            said = peer.activity(kind, peer.actor(by), object_, next(NUMBERS)) | {"to": [PUBLIC]}
            await deliver(working, peer, peer.prove(said, by=by, at=clock()), by=by)
            await working.settle()
            return str(said["id"])

        made = [note(home, inReplyTo=question, published="2026-01-01T00:00:00Z") for _ in range(4)]
        flood = []
        for one in made:
            flood.append(await say("Create", home, "author", one))
            edit = one | {"content": "<p>Edited</p>", "updated": "2026-01-02T00:00:00Z"}
            flood.append(await say("Update", home, "author", edit))
        end = await say("Delete", home, "author", made[0]["id"])
        theirs = note(third, inReplyTo=question, attributedTo=third.actor("sender"))
        other = await say("Create", third, "sender", theirs)
        clock.advance(timedelta(hours=1))
        later = await say("Create", home, "author", note(home, inReplyTo=question))
        await idle(working)

        # A hundredth of 300.
        handed_on = {one["id"] for one in relay.received} & {*flood, end, other, later}
        assert handed_on == {*flood[:3], end, other, later}


async def test_a_limited_answer_stays_in_the_ring_of_its_thread(
    working: WorkingServer, home: FakePeer, relay: FakePeer, third: FakePeer, alice: Member
) -> None:
    """An answer in a thread for the organisation is handed on to siblings among the followers, and to nobody else."""
    for peer, tier in ((home, Tier.SIBLING), (relay, Tier.SIBLING), (third, Tier.PARTNER)):
        await peers.set_tier(working.server.node, peer.domain, tier)
    for peer in (relay, third):
        await follow(working, peer, "sender")
    question = await post(alice, "Question", reach="organisation")
    ring = f"{working.server.url}/audiences/organisation"
    to = [f"{home.actor('author')}/followers"]
    made = note(home, "Among us", inReplyTo=question, to=to, cc=[ring, alice_uri(working)], reach="organisation")
    answer = home.prove(create(home, made), by="author")
    # Who leaves the reach out gains nothing: it is that of what is answered.
    wide = home.prove(create(home, note(home, "For the world", inReplyTo=question)), by="author")

    for one in (answer, wide):
        await deliver(working, home, one, by="author")
    await idle(working)

    ids = {answer["id"], wide["id"]}
    assert {one["id"] for one in relay.received} & ids == ids
    assert not {one["id"] for one in third.received} & ids


async def test_an_answer_given_here_goes_to_those_who_follow_the_thread(
    working: WorkingServer, relay: FakePeer, alice: Member
) -> None:
    """Somebody elsewhere who follows alice gets what bob answers her, with a proof to hand it on."""
    await follow(working, relay, "sender")
    bob = await working.person("bob")
    question = await post(alice, "Question")

    await post(bob, "Answer", in_reply_to_id=question.rpartition("/")[2])
    created = await relay.wait_for("Create", "Answer")

    assert created["proof"]["verificationMethod"] == f"{working.server.url}/users/bob#ed25519-key"


async def test_what_is_for_followers_or_one_alone_carries_no_proof(
    working: WorkingServer, relay: FakePeer, alice: Member
) -> None:
    """Whoever gets a private message cannot show to others who wrote it; what is for all shows it."""
    await follow(working, relay, "sender")
    for visibility in ("public", "unlisted", "private", "direct"):
        await post(alice, f"@sender@{relay.domain} {visibility} word", visibility=visibility)
    activities = {v: await relay.wait_for("Create", f"{v} word") for v in ("public", "unlisted", "private", "direct")}

    assert [kind for kind, one in activities.items() if "proof" in one] == ["public", "unlisted"]
    uri = activities["public"]["object"]["id"]
    served = (await working.server.anonymous.get(uri, headers={"Accept": "application/activity+json"})).json()
    assert served["proof"]["type"] == "DataIntegrityProof"
