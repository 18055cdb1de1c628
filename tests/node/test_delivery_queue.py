"""The queue of deliveries: once for an activity, in order for an object, and no peer at the expense of another."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Connection

from fedorg.domain.accounts import Account, ActorType
from fedorg.domain.visibility import Reach, Tier
from fedorg.ids import AccountId, IdSource
from fedorg.store import accounts, deliveries, peers
from fedorg.store.deliveries import ClaimedDelivery, OutgoingActivity, Window
from fedorg.store.engine import Database

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
IDS = IdSource(lambda: NOW)
ALICE = AccountId(1)
NUMBERS = count(1)


@pytest.fixture(autouse=True)
async def alice(database: Database) -> None:
    """The account that everything here is sent by."""
    account = Account(
        id=ALICE,
        username="alice",
        domain=None,
        uri="https://here.example/users/alice",
        url="https://here.example/@alice",
        actor_type=ActorType.PERSON,
        created_at=NOW,
    )
    await database.write(accounts.insert, account)


def activity(object_uri: str = "", uri: str = "") -> OutgoingActivity:
    number = next(NUMBERS)
    return OutgoingActivity(
        uri=uri or f"https://here.example/activities/{number}",
        account_id=ALICE,
        type="Create",
        object_uri=object_uri or f"https://here.example/objects/{number}",
        reach=Reach.PUBLIC,
        body="{}",
    )


async def record(database: Database, outgoing: OutgoingActivity, *domains: str) -> bool:
    inboxes = {f"https://{domain}/inbox": domain for domain in domains}
    return await database.write(deliveries.record, IDS, NOW, outgoing, inboxes)


async def claim(
    database: Database,
    now: datetime = NOW,
    *,
    free: int = 32,
    domain_max: int = 4,
    ill_free: int = 8,
    busy: Mapping[str, int] | None = None,
) -> tuple[ClaimedDelivery, ...]:
    window = Window(free=free, domain_max=domain_max, ill_free=ill_free, busy=busy or {})
    return await database.write(deliveries.claim, now=now, lease=LEASE, window=window)


async def test_an_activity_goes_to_each_inbox_once(database: Database) -> None:
    """Recording the same activity again, as a repeated job does, adds no delivery, even after it was delivered."""
    create = activity()

    assert await record(database, create, "a.example", "b.example")
    held = await claim(database)
    for delivery in held:
        await database.write(deliveries.finish, delivery)

    assert not await record(database, create, "a.example", "b.example", "c.example")
    assert {delivery.domain for delivery in held} == {"a.example", "b.example"}
    assert (await database.read(deliveries.counts)).waiting == 0


async def test_what_concerns_one_object_arrives_in_order(database: Database) -> None:
    """An edit waits until the peer has the status, while other statuses pass by."""
    await record(database, activity("https://here.example/1"), "a.example")
    await record(database, activity("https://here.example/1"), "a.example")
    await record(database, activity("https://here.example/2"), "a.example")

    first, other = await claim(database)
    assert await claim(database) == ()

    await database.write(deliveries.finish, first)
    (second,) = await claim(database)
    assert second.uri not in (first.uri, other.uri)


async def test_a_delivery_given_up_frees_those_behind_it(database: Database) -> None:
    """One poisoned activity never blocks the rest of its object."""
    await record(database, activity("https://here.example/1"), "a.example")
    await record(database, activity("https://here.example/1"), "a.example")
    (first,) = await claim(database)

    await database.write(deliveries.bury, first, NOW, "answered 422")

    (second,) = await claim(database)
    assert second.id != first.id
    assert (await database.read(deliveries.counts)).dead == 1


async def test_a_peer_gets_a_window_and_not_the_whole_house(database: Database) -> None:
    """Hundreds of deliveries for one peer leave room for the others, wherever those stand in line."""
    for _ in range(40):
        await record(database, activity(), "big.example")
    await record(database, activity(), "small.example")

    held = await claim(database, free=8, domain_max=4)

    assert [delivery.domain for delivery in held].count("big.example") == 4
    assert [delivery.domain for delivery in held].count("small.example") == 1
    assert await claim(database, free=8, domain_max=4, busy={"big.example": 4, "small.example": 1}) == ()


async def test_ill_peers_share_few_places(database: Database) -> None:
    """Servers that failed last time can hold only the places reserved for them."""
    for number in range(10):
        await record(database, activity(), f"ill{number}.example")
        await database.write(peers.record_failure, NOW, f"ill{number}.example", "no answer")
    await record(database, activity(), "well.example")

    held = await claim(database, ill_free=3)

    assert sum(delivery.is_ill for delivery in held) == 3
    assert any(delivery.domain == "well.example" for delivery in held)


async def test_the_circuit_opens_after_failures_and_tries_one_at_a_time(database: Database) -> None:
    """A peer that failed five times in a row is left alone for a while, then asked once; success opens it fully."""
    for _ in range(3):
        await record(database, activity(), "a.example")
    for _ in range(peers.FAILURES_MAX):
        await database.write(peers.record_failure, NOW, "a.example", "no answer")

    assert await claim(database) == ()
    (probe,) = await claim(database, NOW + peers.FIRST_PAUSE)

    await database.write(deliveries.finish, probe)
    await database.write(peers.record_successes, NOW, {"a.example": "rfc9421"})
    assert len(await claim(database, NOW + peers.FIRST_PAUSE)) == 2


async def test_pauses_grow_and_are_bounded(database: Database) -> None:
    """Each further failure doubles the pause, up to six hours."""
    pauses = []
    for _ in range(40):
        await database.write(peers.record_failure, NOW, "a.example", "no answer")
        peer = await database.read(peers.find, "a.example")
        assert peer is not None
        pauses.append(peer.closed_until)

    assert pauses[: peers.FAILURES_MAX - 1] == [None] * (peers.FAILURES_MAX - 1)
    assert pauses[peers.FAILURES_MAX - 1] == NOW + peers.FIRST_PAUSE
    assert pauses[peers.FAILURES_MAX] == NOW + 2 * peers.FIRST_PAUSE
    assert pauses[-1] == NOW + peers.LONGEST_PAUSE


async def test_an_inbox_that_is_gone_loses_what_waits_for_it(database: Database) -> None:
    """After 410 nothing more is tried for that inbox, and other inboxes are untouched."""
    await record(database, activity(), "a.example", "b.example")
    await record(database, activity(), "a.example")

    dropped = await database.write(deliveries.drop_inbox, NOW, "https://a.example/inbox", "a.example")
    await record(database, activity(), "a.example", "c.example")

    assert dropped == 2
    assert {delivery.domain for delivery in await claim(database)} == {"b.example", "c.example"}


async def test_an_inbox_that_is_gone_is_asked_again_after_a_month(database: Database) -> None:
    """Upkeep forgets that it was gone, so that a server that came back under its name is heard of again."""
    await database.write(deliveries.drop_inbox, NOW, "https://a.example/inbox", "a.example")

    assert not await record(database, activity(), "a.example")
    assert await database.write(deliveries.delete_gone_inboxes, NOW, 10) == 0
    assert await database.write(deliveries.delete_gone_inboxes, NOW + timedelta(seconds=1), 10) == 1
    assert await record(database, activity(), "a.example")


async def test_an_activity_goes_to_any_number_of_servers(database: Database) -> None:
    """More inboxes than an engine takes in one statement, but the one that is gone."""
    domains = [f"server{number}.example" for number in range(33_000)]
    await database.write(deliveries.drop_inbox, NOW, "https://server1.example/inbox", "server1.example")

    assert await record(database, activity(), *domains)

    assert (await database.read(deliveries.counts)).waiting == len(domains) - 1


async def test_any_number_of_ill_peers_leaves_the_well_ones_their_turn(database: Database) -> None:
    """However many ill servers stand first in line, those behind them are claimed."""

    def fall_ill(conn: Connection) -> None:
        for number in range(600):
            deliveries.record(
                conn, IDS, NOW, activity(), {f"https://ill{number}.example/inbox": f"ill{number}.example"}
            )
            peers.record_failure(conn, NOW, f"ill{number}.example", "no answer")

    await database.write(fall_ill)
    await record(database, activity(), "well.example")

    assert [delivery.domain for delivery in await claim(database, ill_free=0)] == ["well.example"]


async def test_what_is_under_way_is_not_claimed_again(database: Database) -> None:
    """A worker whose clock jumps does not begin what it is in the middle of."""
    await record(database, activity(), "a.example", "b.example")
    held = await claim(database)
    window = Window(free=32, domain_max=4, ill_free=8, busy={}, held=[held[0].id])

    later = await database.write(deliveries.claim, now=NOW + timedelta(days=1), lease=LEASE, window=window)

    assert [delivery.id for delivery in later] == [held[1].id]


async def test_what_an_overtaken_worker_says_of_a_delivery_counts_no_more(database: Database) -> None:
    """After the lease passed to another, the first holder can neither put it off, nor bury it, nor hold on to it."""
    await record(database, activity(), "a.example")
    (overtaken,) = await claim(database)
    (holder,) = await claim(database, NOW + LEASE)

    await database.write(deliveries.retry, overtaken, NOW + timedelta(days=1), "late")
    await database.write(deliveries.bury, overtaken, NOW, "late")
    await database.write(deliveries.renew, [overtaken], NOW + 9 * LEASE)

    assert not await database.write(deliveries.is_held, overtaken)
    assert await database.write(deliveries.is_held, holder)
    assert await claim(database, NOW + LEASE) == ()
    assert [again.attempts for again in await claim(database, NOW + 2 * LEASE)] == [3]


@pytest.mark.parametrize("is_back", [True, False])
async def test_what_is_under_way_stays_whose_it_is(database: Database, *, is_back: bool) -> None:
    """Neither a peer that is back nor one that is paused moves the lease of a delivery that somebody is at."""
    await record(database, activity(), "a.example")
    await claim(database)

    move = deliveries.bring_forward if is_back else deliveries.put_off
    await database.write(move, "a.example", NOW if is_back else NOW + timedelta(days=1))

    assert await claim(database) == ()
    assert len(await claim(database, NOW + LEASE)) == 1


async def test_nothing_is_due_while_a_peer_is_paused(database: Database) -> None:
    """What waits, and what is added, is due when the pause ends, so that asking for work finds none until then."""
    await record(database, activity(), "a.example")
    until = await database.write(peers.record_failure, NOW, "a.example", "answered 429", patience=timedelta(hours=3))
    assert until == NOW + timedelta(hours=3)

    await database.write(deliveries.put_off, "a.example", until)
    await record(database, activity(), "a.example")

    assert not await database.read(deliveries.is_any_due, until - timedelta(seconds=1))
    assert len(await claim(database, until)) == 2


async def test_what_was_queued_while_a_peer_was_being_paused_waits_as_well(database: Database) -> None:
    """A delivery that missed being put off is asked for once in vain, and then not before the pause ends."""
    await record(database, activity(), "a.example")
    until = await database.write(peers.record_failure, NOW, "a.example", "answered 429", patience=timedelta(hours=3))
    assert until is not None
    assert await database.read(deliveries.is_any_due, NOW)

    assert await claim(database) == ()

    assert not await database.read(deliveries.is_any_due, until - timedelta(seconds=1))
    assert len(await claim(database, until)) == 1


async def test_a_peer_that_is_back_gets_all_at_once(database: Database) -> None:
    """The success of the probe makes everything due that was put off, long before its own next try."""
    for _ in range(3):
        await record(database, activity(), "a.example")
    (probe, *_) = await claim(database, domain_max=1)
    for _ in range(peers.FAILURES_MAX - 1):
        assert await database.write(peers.record_failure, NOW, "a.example", "no answer") is None
    until = await database.write(peers.record_failure, NOW, "a.example", "no answer")
    assert until == NOW + peers.FIRST_PAUSE
    await database.write(deliveries.put_off, "a.example", until)

    assert await database.write(peers.record_successes, NOW, {"a.example": "rfc9421"})
    await database.write(deliveries.finish, probe)
    await database.write(deliveries.bring_forward, "a.example", NOW)

    assert len(await claim(database)) == 2
    assert not await database.write(peers.record_successes, NOW, {"a.example": "rfc9421"})


async def test_a_peer_that_speaks_is_tried_at_once(database: Database) -> None:
    """Whoever sends is awake: the pause ends, but not more often than every few minutes."""
    for _ in range(peers.FAILURES_MAX + 8):
        await database.write(peers.record_failure, NOW, "a.example", "no answer")

    assert not await database.write(peers.hear, NOW + timedelta(minutes=4), "a.example")
    assert await database.write(peers.hear, NOW + timedelta(minutes=6), "a.example")
    peer = await database.read(peers.find, "a.example")
    assert peer is not None
    assert peer.closed_until is None


async def test_a_delivery_that_never_had_its_turn_ends_with_its_week(database: Database) -> None:
    """Behind an ill peer the number of tries does not grow; what is older than a week is given up all the same."""
    overdue = {"patience": timedelta(days=7), "longest_wait": timedelta(hours=12)}
    await record(database, activity(), "a.example", "b.example")
    late = NOW + timedelta(days=7, hours=13)
    await database.write(peers.record_failure, NOW + timedelta(days=6), "a.example", "no answer")
    await database.write(peers.record_failure, NOW + timedelta(days=6), "b.example", "no answer")
    assert await database.write(deliveries.bury_overdue, late, 10, **overdue) == 0

    await database.write(peers.record_failure, late, "a.example", "no answer")

    assert await database.write(deliveries.bury_overdue, late, 10, **overdue) == 1
    assert {delivery.domain for delivery in await claim(database, late)} == {"b.example"}


async def test_what_was_given_up_gets_another_week(database: Database) -> None:
    """An administrator's word revives dead deliveries and gone inboxes of one peer, and of no other."""
    await record(database, activity(), "a.example", "b.example")
    for held in await claim(database):
        await database.write(deliveries.bury, held, NOW, "answered 404")
    await database.write(deliveries.drop_inbox, NOW, "https://a.example/other", "a.example")
    later = NOW + timedelta(days=5)

    assert await database.write(deliveries.revive, "a.example", later) == 1

    (again,) = await claim(database, later)
    assert (again.domain, again.attempts, again.queued_at) == ("a.example", 1, later)
    assert (await database.read(deliveries.counts)).dead == 1
    assert await database.write(deliveries.record, IDS, later, activity(), {"https://a.example/other": "a.example"})


@pytest.mark.parametrize("kind", ["Delete", "Undo"])
async def test_the_end_of_an_object_cannot_be_overtaken_by_a_revival(database: Database, kind: str) -> None:
    """What was given up of an object is forgotten with what ends it: reviving it would bring the object back."""
    await record(database, activity("https://here.example/1"), "a.example", "b.example")
    for held in await claim(database):
        await database.write(deliveries.bury, held, NOW, "answered 404")
    ending = replace(activity("https://here.example/1"), type=kind)

    await record(database, ending, "a.example")

    assert await database.write(deliveries.revive, "a.example", NOW) == 0
    assert await database.write(deliveries.revive, "b.example", NOW) == 1


async def test_a_delivery_carries_what_its_peer_is_now(database: Database) -> None:
    """The tier and scheme are those of the moment of sending; an unknown peer is open."""
    await record(database, activity(), "a.example", "b.example")
    await database.write(peers.set_tier, NOW, "a.example", Tier.BLOCKED)
    await database.write(peers.record_successes, NOW, {"a.example": "cavage"})

    held = {delivery.domain: delivery for delivery in await claim(database)}

    assert (held["a.example"].standing.tier, held["a.example"].signature_scheme) == (Tier.BLOCKED, "cavage")
    assert (held["b.example"].standing.tier, held["b.example"].signature_scheme) == (Tier.OPEN, None)


async def test_upkeep_forgets_activities_only_when_nobody_waits_for_them(database: Database) -> None:
    """An activity stays as long as one delivery of it waits, and goes with its age after that."""
    await record(database, activity(), "a.example")
    (held,) = await claim(database)
    later = NOW + timedelta(days=8)

    assert await database.read(deliveries.DONE_ACTIVITIES.find, later, 10) == []
    await database.write(deliveries.finish, held)
    assert await database.read(deliveries.DONE_ACTIVITIES.find, NOW, 10) == []
    done = await database.read(deliveries.DONE_ACTIVITIES.find, later, 10)
    assert await database.write(deliveries.DONE_ACTIVITIES.delete, NOW, done) == 0
    assert await database.write(deliveries.DONE_ACTIVITIES.delete, later, done) == 1


async def test_peers_are_listed_with_how_deliveries_to_them_stand(database: Database) -> None:
    """An administrator sees for each peer what waits and what failed."""
    await record(database, activity(), "a.example", "b.example")
    held = {delivery.domain: delivery for delivery in await claim(database)}
    await database.write(deliveries.bury, held["a.example"], NOW, "answered 400")
    await database.write(peers.upsert_seen, NOW, "a.example")
    await database.write(peers.set_tier, NOW, "b.example", Tier.SIBLING)

    a, b = await database.read(peers.list_summaries)

    assert (a.peer.domain, a.peer.tier, a.deliveries_waiting, a.deliveries_dead) == ("a.example", Tier.OPEN, 0, 1)
    assert (b.peer.domain, b.peer.tier, b.deliveries_waiting, b.deliveries_dead) == ("b.example", Tier.SIBLING, 1, 0)
    assert (b.oldest_waiting_at, b.next_try_at) == (NOW, NOW + LEASE)
    assert await database.read(peers.find_summary, "b.example") == b
    assert await database.read(peers.find_summary, "c.example") is None


async def test_news_does_not_wait_behind_what_goes_to_thousands(database: Database) -> None:
    """Where more is due than can be under way, half of it is what was queued last, and the rest the longest due."""
    farewell, word = activity(), activity()
    await record(database, farewell, *(f"h{number}.example" for number in range(500)))
    await record(database, word, "friend.example")
    window = Window(free=8, news=4, domain_max=4, ill_free=8, busy={})

    claimed = await database.write(deliveries.claim, now=NOW, lease=LEASE, window=window)

    domains = [delivery.domain for delivery in claimed]
    assert (claimed[0].uri, domains[0]) == (word.uri, "friend.example")
    assert len(domains) == 8
    assert domains[4:] == [f"h{number}.example" for number in range(4)]


async def test_what_was_put_off_is_no_news(database: Database) -> None:
    """A peer that is back gets what waited for it in the order it was queued, however much that is."""
    for number in range(20):
        await record(database, activity(f"https://here.example/{number}"), "back.example")
    later = NOW + timedelta(hours=1)
    await database.write(deliveries.put_off, "back.example", later)
    window = Window(free=4, news=2, domain_max=4, ill_free=8, busy={})

    claimed = await database.write(deliveries.claim, now=later, lease=LEASE, window=window)

    assert sorted(one.id for one in claimed) == [one.id for one in claimed]
    assert len(claimed) == 4
