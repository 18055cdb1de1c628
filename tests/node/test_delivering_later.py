"""Servers that were away, ask for patience, are gone, or choke on one thing; and who has to hear of a deletion."""

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from federation.http_dates import format_http_date
from fedorg.domain.moderation import AccountAction, WarningAction
from fedorg.domain.visibility import Reach, Visibility
from fedorg.services import interactions, relationships, statuses
from fedorg.services import peers as peer_services
from fedorg.services.moderation import accounts as moderation
from fedorg.store import accounts, changes, deliveries, peers
from fedorg.store.deliveries import OutgoingActivity
from fedorg.store.tables import account_keys
from fedorg.store.tables import deliveries as deliveries_table
from tests.fediverse.nodes import wait_for
from tests.node.at_once import count_waiting
from tests.node.counting import counted_writes
from tests.node.fake_peer import running_peer
from tests.node.neighbourhood import (
    WELL,
    Answers,
    Away,
    Chokes,
    Decides,
    Hesitates,
    Neighbourhood,
    Sender,
    neighbourhood,
    sending_node,
)
from tests.node.talking import WorkingServer, post
from tests.node.world import EVERYBODY

HOUR = timedelta(hours=1)


@pytest.fixture
async def hood() -> AsyncIterator[Neighbourhood]:
    """Servers that are well, until a test says otherwise."""
    async with neighbourhood() as running:
        yield running


@pytest.fixture
async def sender(engine_url: str, tmp_path: Path, hood: Neighbourhood) -> AsyncIterator[Sender]:
    """The node of alice, whom nobody follows yet."""
    async with sending_node(engine_url, tmp_path, hood) as running:
        yield running


async def test_a_server_that_was_away_for_two_days_gets_all_it_missed(sender: Sender, hood: Neighbourhood) -> None:
    """Every status, edit and deletion of two days arrives once, in order for each status, when the server is back."""
    await sender.follower("away", "here")
    hood.become(Away(), "away")
    posted = []
    for number in range(12):
        status = await sender.post(f"News {number}")
        posted.append(status)
        await sender.let_pass(timedelta(hours=2), step=timedelta(hours=2))
        await sender.edit(status, f"News {number}, corrected")
        await sender.let_pass(timedelta(hours=2), step=timedelta(hours=2))
        if number % 3 == 2:
            await sender.delete(posted[number - 1])
    await sender.idle()
    expected = [one["id"] for one in hood.taken["here"]]
    assert len(expected) == 12 + 12 + 4
    assert hood.taken["away"] == []

    hood.become(WELL, "away")
    # The longest pause: nothing has to wait for the turn that its own last failure gave it.
    await sender.let_pass(peers.LONGEST_PAUSE, step=peers.LONGEST_PAUSE)

    taken = [one["id"] for one in hood.taken["away"]]
    assert sorted(taken) == sorted(expected)
    for status in posted:
        there, here = (
            [one["id"] for one in hood.taken[name] if status.uri in one["id"] or status.uri in str(one["object"])]
            for name in ("away", "here")
        )
        assert there == here
        assert len(here) >= 2
    assert (await sender.node.read(deliveries.counts)).waiting == 0


async def test_whoever_speaks_is_tried_at_once(working: WorkingServer) -> None:
    """A server that was away, and sends something itself, does not wait for the end of its pause."""
    server, alice = working.server, await working.person("alice")
    async with running_peer() as peer:
        peer.add_user("fred")
        peer.refusals["/users/fred/inbox"] = 503
        await post(alice, f"@fred@{peer.domain} News")

        async def is_left_alone() -> bool | None:
            server.clock.advance(timedelta(minutes=20))
            await server.node.write(changes.notify)
            found = await server.node.read(peers.find, peer.domain)
            return (found is not None and found.failures > peers.FAILURES_MAX + 3) or None

        await wait_for(is_left_alone, "the peer to be left alone")
        peer.refusals.clear()
        tries = len(peer.schemes)
        server.clock.advance(timedelta(minutes=6))
        activity = peer.activity("Like", peer.actor("fred"), f"{server.url}/nothing", 1)
        message = peer.sign(f"{server.url}/inbox", activity, by="fred", at=server.clock())
        answer = await server.anonymous.post("/inbox", content=message.body, headers=message.headers)

        assert answer.status_code == 202, answer.text
        await peer.wait_for("Create", "News")
        assert len(peer.schemes) == tries + 1


async def test_what_a_wrong_clock_signed_is_signed_anew_at_once(sender: Sender, hood: Neighbourhood) -> None:
    """A server refuses a signature while the clock here is set right: it gets the next one, and counts as well."""
    await sender.follower("strict")

    def decide() -> int:
        # The second try is the first once more, in the other scheme.
        if hood.tries["strict"] == 2:
            sender.clock.moment += 24 * HOUR
        return 401 if hood.tries["strict"] <= 2 else 202

    hood.become(Decides(decide), "strict")
    await sender.post("News")
    await sender.idle()

    assert (hood.kinds("strict"), hood.tries["strict"]) == (["Create"], 3)
    found = await sender.node.read(peers.find, hood.domain("strict"))
    assert found is not None
    assert found.failures == 0


async def test_a_clock_that_is_set_all_the_time_is_no_excuse(sender: Sender, hood: Neighbourhood) -> None:
    """After two tries at once a signature that is refused waits as any other, and counts against the server."""
    await sender.follower("strict")

    def decide() -> int:
        sender.clock.moment += timedelta(seconds=6)
        return 401

    hood.become(Decides(decide), "strict")
    await sender.post("News")
    await sender.idle()

    found = await sender.node.read(peers.find, hood.domain("strict"))
    assert found is not None
    assert (hood.tries["strict"], found.failures) == (3 * 2, 1)


@pytest.mark.parametrize(("status", "form"), [(429, "seconds"), (503, "seconds"), (503, "date")])
async def test_a_server_that_asks_for_patience_gets_it(
    sender: Sender, hood: Neighbourhood, status: int, form: str
) -> None:
    """Until the time it named, nothing is sent to that server at all, while others get theirs; then everything is."""
    await sender.follower("busy", "here")
    at = sender.clock.moment + 3 * HOUR
    hood.become(Answers(status, {"Retry-After": "10800" if form == "seconds" else format_http_date(at)}), "busy")
    await sender.post("First")
    await sender.idle()

    await sender.post("Second")
    await sender.let_pass(timedelta(hours=2, minutes=50), step=timedelta(minutes=10))
    assert hood.tries["busy"] == 1
    assert hood.kinds("here") == ["Create", "Create"]

    hood.become(WELL, "busy")
    await sender.let_pass(timedelta(minutes=30), step=timedelta(minutes=10))
    assert {one["id"] for one in hood.taken["busy"]} == {one["id"] for one in hood.taken["here"]}
    assert hood.tries["busy"] == 1 + 2


async def test_a_server_that_asks_for_a_second_of_patience_each_time_costs_few_writes(
    sender: Sender, hood: Neighbourhood
) -> None:
    """What waits for a server is put off as a whole: the more waits, the longer it is left alone at least."""
    await sender.follower("busy", "here")
    domain, count = hood.domain("busy"), 5000
    hood.become(Answers(429, {"Retry-After": "1"}), "busy")

    def fill(conn: Connection) -> None:
        for number in range(10):
            inboxes = {f"http://{domain}/users/{number}-{one}/inbox": domain for one in range(count // 10)}
            uri = f"{sender.alice.uri}#{number}"
            activity = OutgoingActivity(
                uri=uri, account_id=sender.alice.id, type="Create", object_uri=uri, reach=Reach.PUBLIC, body="{}"
            )
            deliveries.record(conn, sender.node.ids, sender.clock(), activity, inboxes)

    with counted_writes("UPDATE deliveries SET due_at=") as written:
        await sender.node.write(fill)
        await sender.let_pass(timedelta(seconds=9), step=timedelta(seconds=1))

    # Those that were under way together, once.
    assert hood.tries["busy"] <= 4
    assert written.total() <= 4 * count
    await sender.post("News")
    await sender.idle()
    assert hood.kinds("here") == ["Create"]


async def test_a_server_that_is_busy_without_saying_how_long_is_left_alone_ever_longer(
    sender: Sender, hood: Neighbourhood
) -> None:
    """Tries of one activity are a minute apart at first, twice as long each time, and end after a week."""
    await sender.follower("busy")
    hood.become(Answers(503), "busy")
    begun = sender.clock.moment
    await sender.post("News")
    await sender.idle()

    moments = []
    while (waits := await sender.node.read(deliveries.counts)).waiting:
        before = hood.tries["busy"]
        await sender.let_pass(timedelta(minutes=5), step=timedelta(minutes=5))
        if hood.tries["busy"] > before:
            moments.append(sender.clock.moment - begun)
    assert waits.dead == 1
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert max(gaps) <= timedelta(hours=15, minutes=5)
    assert gaps[-2] >= timedelta(hours=12)
    assert timedelta(days=7) <= moments[-1] < timedelta(days=7, hours=16)


async def test_nothing_more_is_sent_to_an_inbox_that_is_gone(sender: Sender, hood: Neighbourhood) -> None:
    """After 410 neither what waited nor what comes later is sent there; an administrator can have it tried again."""
    await sender.follower("gone", "here")
    hood.become(Answers(410), "gone")
    for number in range(3):
        await sender.post(f"News {number}")
        await sender.idle()
    assert hood.tries["gone"] == 1
    assert await sender.waiting() == {}

    hood.become(WELL, "gone")
    _, revived = await peer_services.retry_deliveries(sender.node, hood.domain("gone"))
    assert revived == 0
    await sender.post("Welcome back")
    await sender.idle()

    assert hood.kinds("gone") == ["Create"]
    assert len(hood.taken["here"]) == 4


async def test_what_a_server_chokes_on_blocks_nothing_else(sender: Sender, hood: Neighbourhood) -> None:
    """One activity that a server fails at waits alone; its own later versions wait behind it, other statuses do not."""
    await sender.follower("picky")
    hood.become(Chokes("poison"), "picky")
    bad = await sender.post("poison")
    await sender.idle()
    for number in range(8):
        await sender.post(f"News {number}")
        await sender.let_pass(2 * HOUR, step=HOUR)
    await sender.edit(bad, "cured")
    await sender.idle()

    assert hood.kinds("picky") == ["Create"] * 8
    assert await sender.waiting() == {"picky": 2}
    summary = await peer_services.get_peer(sender.node, hood.domain("picky"))
    assert summary.peer.closed_until is None

    await sender.let_pass(timedelta(days=8), step=timedelta(hours=12))
    # Given up after its week: what waited behind it has its turn.
    assert hood.kinds("picky") == ["Create"] * 8 + ["Update"]
    counts = await sender.node.read(deliveries.counts)
    assert (counts.waiting, counts.dead) == (0, 1)


async def test_what_a_server_refuses_blocks_nothing(sender: Sender, hood: Neighbourhood) -> None:
    """A refusal is final for one activity: it is given up at once, and the next version of the status goes out."""
    await sender.follower("picky")
    hood.become(Chokes("poison", 422), "picky")
    bad = await sender.post("poison")
    await sender.idle()
    await sender.edit(bad, "cured")
    await sender.idle()

    assert hood.kinds("picky") == ["Update"]
    summary = await peer_services.get_peer(sender.node, hood.domain("picky"))
    assert (summary.deliveries_dead, summary.peer.failures) == (1, 0)
    assert summary.peer.last_error == "answered 422"


async def test_what_was_given_up_is_sent_after_all_when_an_administrator_says_so(
    sender: Sender, hood: Neighbourhood
) -> None:
    """After a week of failures everything is dead; one word, and the server gets it once, in order."""
    await sender.follower("away")
    hood.become(Away(), "away")
    status = await sender.post("News")
    await sender.edit(status, "News, corrected")
    await sender.let_pass(timedelta(days=16), step=timedelta(hours=12))
    assert (await sender.node.read(deliveries.counts)).dead == 2
    hood.become(WELL, "away")

    _, revived = await peer_services.retry_deliveries(sender.node, hood.domain("away"))
    await sender.idle()

    assert revived == 2
    assert hood.kinds("away") == ["Create", "Update"]


async def test_a_status_that_was_given_up_does_not_come_back_after_its_deletion(
    sender: Sender, hood: Neighbourhood
) -> None:
    """The Delete reaches a server that never took the status; reviving the Create afterwards is no longer possible."""
    await sender.follower("picky")
    hood.become(Chokes('"type": "Create"', 422), "picky")
    status = await sender.post("News")
    await sender.idle()

    await sender.delete(status)
    await sender.idle()
    hood.become(WELL, "picky")
    _, revived = await peer_services.retry_deliveries(sender.node, hood.domain("picky"))
    await sender.idle()

    assert revived == 0
    assert hood.kinds("picky") == ["Delete"]


async def test_what_a_suspended_member_said_leaves_no_more(sender: Sender, hood: Neighbourhood) -> None:
    """A server that was away hears of the suspension, and of what was deleted; later of what is said after it."""
    await sender.follower("away")
    hood.become(Away(), "away")
    await sender.post("Spam")
    gone = await sender.post("More spam")
    await sender.idle()
    await sender.delete(gone)
    await moderation.act(sender.node, None, sender.alice.id, AccountAction(action=WarningAction.SUSPEND))
    await sender.idle()

    hood.become(WELL, "away")
    await sender.let_pass(3 * HOUR, step=HOUR)
    assert sorted(hood.kinds("away")) == ["Delete", "Update"]

    await moderation.unsuspend(sender.node, None, sender.alice.id)
    await sender.post("Said with leave")
    await sender.idle()
    assert sorted(hood.kinds("away")) == ["Create", "Delete", "Update", "Update"]


async def test_a_broken_key_harms_only_its_owner(sender: Sender, hood: Neighbourhood) -> None:
    """What cannot be signed any more is tried again later, says nothing about the server, and goes out once it can."""
    await sender.follower("here")
    hood.become(Answers(503), "here")
    await sender.post("News")
    await sender.idle()
    hood.become(WELL, "here")
    good = await sender.node.read(_private_keys)

    await sender.node.write(_set_private_keys, dict.fromkeys(good, "not a key"))
    sender.node.signing_keys.clear()
    await sender.let_pass(timedelta(minutes=2), step=timedelta(minutes=2))
    assert hood.tries["here"] == 1
    assert await sender.waiting() == {"here": 1}
    assert (await peer_services.get_peer(sender.node, hood.domain("here"))).peer.failures == 1

    await sender.node.write(_set_private_keys, good)
    await sender.let_pass(timedelta(minutes=3), step=timedelta(minutes=3))
    assert hood.kinds("here") == ["Create"]


async def test_a_deletion_reaches_everybody_who_ever_had_the_status(sender: Sender, hood: Neighbourhood) -> None:
    """Followers that left since, those who are named, those who boosted, and those who saw only an earlier version."""
    (leaver,) = await sender.follower("left")
    await sender.follower("stays")
    named, booster, latecomer = [await sender.stranger(name) for name in ("named", "boosted", "late")]
    status = await sender.post(f"Hello @fred@{named.domain}")
    await sender.idle()
    await interactions.receive_reblog(
        sender.node, booster, f"{booster.uri}/boosts/1", status, EVERYBODY, sender.clock()
    )
    await relationships.receive_unfollow(sender.node, leaver, sender.alice, f"{leaver.uri}#follow")
    await sender.edit(status, f"Hello @fred@{latecomer.domain}")
    await sender.idle()

    await sender.delete(status)
    await sender.idle()

    everybody = ("left", "stays", "named", "boosted", "late")
    deleted = {name: [one["object"] for one in hood.taken[name] if one["type"] == "Delete"] for name in everybody}
    assert {name: len(found) for name, found in deleted.items()} == dict.fromkeys(everybody, 1)
    assert all(status.uri in str(found) for found in deleted.values())


@pytest.mark.parametrize("visibility", [Visibility.PRIVATE, Visibility.DIRECT])
async def test_a_deletion_of_what_was_for_few_reaches_just_those(
    sender: Sender, hood: Neighbourhood, visibility: Visibility
) -> None:
    """A private status is ended where it was sent, by a follower that left too, and nobody else hears of it."""
    (leaver,) = await sender.follower("left")
    named = await sender.stranger("named")
    status = await sender.post(f"Hello @fred@{named.domain}", visibility=visibility)
    await sender.idle()
    await relationships.receive_unfollow(sender.node, leaver, sender.alice, f"{leaver.uri}#follow")
    await sender.follower("new")

    await sender.delete(status)
    await sender.idle()

    assert hood.kinds("named") == ["Create", "Delete"]
    assert hood.kinds("left") == (["Create", "Delete"] if visibility is Visibility.PRIVATE else [])
    assert hood.kinds("new") == []


async def test_what_was_refused_by_a_wrong_clock_does_not_wait_by_the_right_one(
    sender: Sender, hood: Neighbourhood
) -> None:
    """The clock is a day behind until the refusal is there, and set right before it is written down."""
    await sender.follower("here")
    may_answer, may_write = asyncio.Event(), threading.Event()
    hood.become(Hesitates(may_answer, 401), "here")
    await sender.post("News")

    def hold(conn: Connection) -> None:
        conn.execute(sa.select(deliveries_table.c.id).with_for_update())
        loop.call_soon_threadsafe(may_answer.set)
        assert may_write.wait(20)

    async def waits() -> bool | None:
        return (hood.tries["here"] == 2 and await count_waiting(sender.node) > 0) or None

    loop = asyncio.get_running_loop()
    await wait_for(lambda: _truth(hood.tries["here"] == 1), "the first knock")
    holding = asyncio.create_task(sender.node.write(hold))
    try:
        await wait_for(waits, "the refusal to be written")
        hood.become(WELL, "here")
        sender.clock.moment += timedelta(days=1)
    finally:
        may_write.set()
        await holding

    await wait_for(lambda: _truth(hood.kinds("here") == ["Create"]), "what was refused", 20)


async def test_what_follows_at_once_arrives_in_order(sender: Sender, hood: Neighbourhood) -> None:
    """However fast somebody edits what was just posted, or ends a follow, it leaves in that order."""
    await sender.follower("here")
    fred = await sender.stranger("here")
    fred = await sender.node.read(accounts.get, fred.id)

    posted = []
    for number in range(8):
        status = await sender.post(f"News {number}")
        await sender.edit(status, f"News {number}, corrected")
        posted.append(status.uri)
        await relationships.follow(sender.node, sender.alice, fred.id)
        await relationships.unfollow(sender.node, sender.alice, fred.id)
    await sender.idle()

    for uri in posted:
        about = [one["type"] for one in hood.taken["here"] if str(one["object"]).find(f"{uri}'") >= 0]
        assert about == ["Create", "Update"]
    follows = [one["type"] for one in hood.taken["here"] if one["type"] in ("Follow", "Undo")]
    assert follows == ["Follow", "Undo"] * 8


async def test_nothing_of_a_status_leaves_after_its_deletion(sender: Sender, hood: Neighbourhood) -> None:
    """A status deleted the moment it was posted is either never sent, or its Delete is the last that is."""
    await sender.follower("here")

    for number in range(20):
        status = await sender.post(f"Oops {number}")
        await statuses.delete_status(sender.node, sender.alice, status.id)
    await sender.idle()

    creates = sum(kind == "Create" for kind in hood.kinds("here"))
    assert hood.kinds("here").count("Delete") >= creates
    last = {str(one["object"].get("id")): one["type"] for one in hood.taken["here"]}
    assert set(last.values()) <= {"Delete"}


async def _truth(is_so: bool) -> bool | None:  # noqa: FBT001 - what ``wait_for`` looks for
    return is_so or None


def _private_keys(conn: Connection) -> dict[str, str]:
    rows = conn.execute(
        sa.select(account_keys.c.uri, account_keys.c.private).where(account_keys.c.private.is_not(None))
    )
    return {row.uri: row.private for row in rows}


def _set_private_keys(conn: Connection, private: dict[str, str]) -> None:
    for uri, pem in private.items():
        conn.execute(sa.update(account_keys).where(account_keys.c.uri == uri).values(private=pem))
