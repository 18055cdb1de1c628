"""What concerns tens of thousands is done a little at a time: whoever holds the writer keeps all others waiting."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Final

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy import Connection

from federation.activities import Create
from federation.objects import Ref
from fedorg.activitypub.recording import QUEUED_TOGETHER, record
from fedorg.domain.accounts import Account
from fedorg.domain.jobs import DistributeEdit, EndPoll, Job, RemoveAccount, RemoveStatus
from fedorg.domain.polls import PollDraft
from fedorg.domain.statuses import PageQuery, Status, StatusChange, StatusDraft
from fedorg.domain.visibility import Reach, Visibility
from fedorg.errors import NotFound
from fedorg.ids import AccountId, JobId, StatusId
from fedorg.jobs import run
from fedorg.node import Node
from fedorg.services import departures, domain_blocks, interactions, notifications, statuses, timelines
from fedorg.services.statuses.deleting import BOOSTS_TOGETHER
from fedorg.store import accounts, deliveries, jobs, pruning
from fedorg.store import statuses as stored_statuses
from fedorg.store.deliveries import Window
from fedorg.store.remains import TOGETHER
from fedorg.store.tables import activities, events, metadata, poll_votes, polls, quotes
from fedorg.store.tables import deliveries as deliveries_table
from fedorg.store.tables import jobs as jobs_table
from fedorg.store.tables import notifications as notifications_table
from fedorg.store.tables import statuses as statuses_table
from tests.node import crowding
from tests.node.counting import counted_changes
from tests.node.peering import fetch
from tests.node.serving import Member, NodeServer
from tests.node.talking import contents, follow, post, success
from tests.node.world import World, note

MANY: Final = TOGETHER + 100
BOOSTERS: Final = 2 * BOOSTS_TOGETHER + 10
# A row that goes may bring one of a count, of an event and of a delivery with it.
CHANGED_MAX: Final = 2 * TOGETHER


async def work(node: Node) -> None:
    """Run all jobs that are due, and make no delivery."""
    room = jobs.Room(own=1000, beside=1000, others=1000, lane_max=1000)
    while claimed := await node.write(jobs.claim, now=node.now(), lease=timedelta(days=1), room=room):
        for one in claimed:
            assert one.job is not None
            rest = await run.run(node, one.job, one.id)
            if rest is None:
                await node.write(jobs.finish, one)
            else:
                await node.write(jobs.proceed, one, rest, node.now())


@asynccontextmanager
async def in_small_steps() -> AsyncIterator[None]:
    """No transaction changes more than a few hundred rows meanwhile."""
    with counted_changes() as changed:
        yield
    assert max(changed) <= CHANGED_MAX


def left_of(conn: Connection, status_id: int) -> dict[str, int]:
    """How many rows still refer to a status, by column, and those of the status."""
    referring = [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if any(key.column.table is statuses_table for key in column.foreign_keys)
    ]
    counted = {
        str(column): conn.execute(sa.select(sa.func.count()).where(column == status_id)).scalar_one()
        for column in (*referring, statuses_table.c.id, statuses_table.c.in_reply_to_id)
    }
    return {name: number for name, number in counted.items() if number}


async def told(node: Node, kind: str) -> list[str]:
    """The inboxes that wait for an activity of a type, as often as they do."""
    waiting = sa.select(deliveries_table.c.inbox).join(activities, activities.c.id == deliveries_table.c.activity_id)
    return await node.read(lambda conn: [*conn.execute(waiting.where(activities.c.type == kind)).scalars()])


async def popular(world: World) -> tuple[Account, Status, list[int]]:
    """A status of a member that hundreds boosted and favourited; its author, and those."""
    author = await world.member("anna")
    status = await world.post(author, "Much loved")
    await world.jobs()
    people = await crowding.crowd(world.node, MANY)
    await crowding.boost(world.node, status.id, people[:BOOSTERS])
    await crowding.favourite(world.node, status.id, people)
    return author, status, people


async def told_of(node: Node, account: Account) -> list[str]:
    """Of what kinds an account's notifications are, newest first."""
    page = await notifications.list_notifications(node, account.id, PageQuery(limit=40))
    return [one.notification.type for one in page.items]


# The end of a status


async def test_a_popular_status_is_gone_at_once_for_everybody(node_server: NodeServer) -> None:
    """No door shows it, or a boost of it, before any job has run; the answer waited for a part of the work alone."""
    node = node_server.node
    anna, bert = [await node_server.person(name) for name in ("anna", "bert")]
    await follow(bert, anna)
    await work(node)
    before = success(await anna.api.get(f"/api/v1/accounts/{anna.id}"))["statuses_count"]
    status = await post(anna, "Much loved #news")
    await work(node)
    path = f"/api/v1/statuses/{status['id']}"
    reply = await post(bert, "Indeed", in_reply_to_id=status["id"])
    for action in ("bookmark", "favourite", "reblog"):
        success(await bert.api.post(f"{path}/{action}"))
    own = success(await bert.api.get(path))
    quote = success(await bert.api.post("/api/v1/statuses", json={"status": "Look", "quoted_status_id": status["id"]}))
    await work(node)
    people = await crowding.crowd(node, MANY)
    boosts = await crowding.boost(node, int(status["id"]), people[:BOOSTERS])
    await crowding.favourite(node, int(status["id"]), people)

    assert contents(success(await bert.api.get("/api/v1/timelines/home")))[-1] == own["content"][3:-4]
    async with in_small_steps():
        success(await anna.api.delete(path))

    for reader in (anna.api, bert.api, node_server.anonymous):
        for one in (status["id"], boosts[0], boosts[-1]):
            assert (await reader.get(f"/api/v1/statuses/{one}")).status_code == 404
        for what in ("favourited_by", "reblogged_by", "context"):
            assert (await reader.get(f"{path}/{what}")).status_code == 404
    assert (await fetch(node_server, status["uri"])).status_code in (404, 410)
    assert (await anna.api.put(path, json={"status": "Back again"})).status_code == 404
    assert await _shown(bert, status["id"], reply["id"], quote["id"]) == []
    assert success(await anna.api.get("/api/v1/notifications", params={"types[]": ["favourite", "reblog"]})) == []
    assert success(await anna.api.get(f"/api/v1/accounts/{anna.id}"))["statuses_count"] == before

    async with in_small_steps():
        await work(node)
    assert await node.read(left_of, int(status["id"])) == {}
    assert success(await bert.api.get(f"/api/v1/statuses/{reply['id']}"))["in_reply_to_id"] is None
    assert success(await bert.api.get(f"/api/v1/statuses/{quote['id']}"))["quote"]["state"] == "deleted"


async def _shown(reader: Member, status_id: str, *known: str) -> list[str]:
    """What lists show of a status, by itself or boosted, but for statuses that are known to answer it."""
    lists = (
        "/api/v1/timelines/home",
        "/api/v1/timelines/public",
        "/api/v1/timelines/tag/news",
        "/api/v1/bookmarks",
        "/api/v1/favourites",
        f"/api/v1/accounts/{reader.id}/statuses",
        "/api/v1/trends/statuses",
    )
    found = [one for path in lists for one in success(await reader.api.get(path))]
    found += success(await reader.api.get("/api/v2/search", params={"q": "loved", "type": "statuses"}))["statuses"]
    return [one["id"] for one in found if one["id"] not in known or status_id in (one["reblog"] or {}).values()]


async def test_all_who_have_a_popular_status_are_told_once(world: World) -> None:
    """Its Delete goes to each server of those who boosted or favourited it, and what was counted is counted no more."""
    anna, status, people = await popular(world)

    async with in_small_steps():
        await statuses.delete_status(world.node, anna, status.id)
        # What one said is taken back as soon as it was said: behind nothing that may take its time.
        assert "(chores)" not in await world.node.read(lanes)
        await work(world.node)

    assert sorted(await told(world.node, "Delete")) == sorted(f"https://h{one}.example/inbox" for one in range(MANY))
    known = await world.node.read(accounts.list_by_ids, [AccountId(one) for one in people])
    counts = [known[AccountId(one)].statuses_count for one in people]
    assert counts == [0] * BOOSTERS + [1] * (MANY - BOOSTERS)
    assert (await world.account(anna)).statuses_count == 0
    assert await world.node.read(left_of, status.id) == {}


async def test_a_removal_that_was_cut_off_goes_on(world: World) -> None:
    """Whatever part of it was done, and however often it is begun anew, it ends the same, and then does nothing."""
    anna, status, _ = await popular(world)
    await statuses.delete_status(world.node, anna, status.id)
    (job,) = [one for one in await world.jobs() if isinstance(one, RemoveStatus)]

    seen: list[int] = []
    rest: Job | None = job
    while rest is not None:
        # Each part is done twice, as after a process was killed before it could say so.
        await run.run(world.node, rest, JobId(1))
        rest = await run.run(world.node, rest, JobId(1))
        seen.append(sum((await world.node.read(left_of, status.id)).values()))

    assert seen[-1] == 0
    assert len(await told(world.node, "Delete")) == MANY
    with counted_changes() as changed:
        assert await run.run(world.node, job, JobId(1)) is not None
        assert await run.run(world.node, replace(job, is_told=True), JobId(1)) is None
    assert sum(changed) == 0


async def test_what_comes_in_while_it_is_removed_goes_with_it(world: World) -> None:
    """A favourite and a boost that were under way find what is left of the row; nothing of them stays, or counts."""
    anna, status, people = await popular(world)
    bert = await world.member("bert")
    late = await crowding.neighbours(world.node, 1)
    await statuses.delete_status(world.node, anna, status.id)
    before = await world.account(bert)

    await crowding.favourite(world.node, status.id, [bert.id, *late])
    (boost,) = await crowding.boost(world.node, status.id, late)
    with pytest.raises(NotFound):
        await interactions.favourite(world.node, bert, status.id)
    assert (await world.node.read(stored_statuses.find, status.id)) is None
    with pytest.raises(NotFound):
        await statuses.get_view(world.node, bert.id, StatusId(boost))
    await work(world.node)

    assert await world.node.read(left_of, status.id) == {}
    assert await world.node.read(stored_statuses.find, StatusId(boost)) is None
    assert (await world.account(bert)).statuses_count == before.statuses_count
    assert len(people) == MANY


async def test_a_popular_status_of_a_peer_goes_as_its_server_says(world: World) -> None:
    """Members' boosts of it are taken back where they went; it is not taken in again, though a row may still stand."""
    bert, anna = await world.remote("bert", "there.example"), await world.member("anna")
    await world.follow(anna, bert)
    await world.follow(await world.remote("reader", "ring.example"), anna)
    status = await statuses.receive_status(world.node, note(bert, 1))
    assert status is not None
    people = await crowding.crowd(world.node, MANY)
    await crowding.boost(world.node, status.id, people[:BOOSTERS])
    await crowding.favourite(world.node, status.id, people)
    boost = await interactions.reblog(world.node, anna, status.id)
    await work(world.node)

    async with in_small_steps():
        assert await statuses.receive_delete(world.node, bert, status.uri)
        assert not await statuses.receive_delete(world.node, bert, status.uri)
    assert await world.node.read(lanes) == {"there.example (asked)", "there.example (departed)"}
    assert await statuses.receive_status(world.node, note(bert, 1)) is None
    async with in_small_steps():
        await work(world.node)

    assert await world.node.read(left_of, status.id) == {}
    assert await world.node.read(left_of, boost.id) == {}
    assert set(await told(world.node, "Undo")) == {"https://there.example/inbox", "https://ring.example/inbox"}
    assert (await world.account(anna)).statuses_count == 0


async def test_the_votes_in_a_poll_go_after_it(world: World) -> None:
    """Nobody is told that it ended, though its row may still stand when its time comes."""
    anna = await world.member("anna")
    draft = PollDraft(options=("Tea", "Coffee"), expires_in=600)
    status = await statuses.post_status(world.node, anna, None, StatusDraft(text="What?", poll=draft))
    await world.jobs()
    poll_id = await world.node.read(lambda conn: conn.execute(sa.select(polls.c.id)).scalar_one())
    votes = [
        {"id": world.node.ids.next(), "poll_id": poll_id, "account_id": one, "choice": 0, "created_at": world.clock()}
        for one in await crowding.crowd(world.node, 2 * MANY)
    ]
    await world.node.write(lambda conn: conn.execute(sa.insert(poll_votes), votes))

    async with in_small_steps():
        await statuses.delete_status(world.node, anna, status.id)
        world.clock.moment += timedelta(minutes=11)
        assert await run.run(world.node, EndPoll(poll_id=poll_id), JobId(1)) is None
        await work(world.node)

    assert await world.node.read(left_of, status.id) == {}
    assert await world.node.read(lambda conn: conn.execute(sa.select(poll_votes)).all()) == []


async def test_who_waits_to_quote_what_goes_waits_no_more(world: World) -> None:
    """However many they are: each of their quotes is of something deleted."""
    anna, status, people = await popular(world)
    quoting = await crowding.ask_to_quote(world.node, status.id, [*people, *people])

    async with in_small_steps():
        await statuses.delete_status(world.node, anna, status.id)
        await work(world.node)

    assert await world.node.read(left_of, status.id) == {}
    states = sa.select(quotes.c.state).where(quotes.c.status_id.in_(quoting))
    found = await world.node.read(lambda conn: conn.execute(states).scalars().all())
    assert found == ["deleted"] * 2 * MANY


async def test_whoever_had_a_status_for_followers_hears_of_its_end(world: World) -> None:
    """Nobody else does; each hears it once, though there are too many for one transaction."""
    anna = await world.member("anna")
    followers = await crowding.neighbours(world.node, MANY)
    await crowding.follow(world.node, anna.id, followers)
    status = await world.post(anna, "For you", visibility=Visibility.PRIVATE)
    await world.jobs()

    async with in_small_steps():
        await statuses.delete_status(world.node, anna, status.id)
        await work(world.node)

    deleted = sa.select(events.c.account_id).where(events.c.kind == "delete", events.c.subject_id == status.id)
    hearers = await world.node.read(lambda conn: conn.execute(deleted).scalars().all())
    assert sorted(hearers) == sorted([anna.id, anna.id, *followers])
    assert await world.node.read(left_of, status.id) == {}


async def test_a_boost_that_went_far_is_taken_back_and_made_anew(world: World) -> None:
    """It is gone at once, so that another may take its place before all who got it were told."""
    anna, bert = await world.member("anna"), await world.member("bert")
    people = await crowding.crowd(world.node, 2 * MANY)
    await crowding.follow(world.node, bert.id, people)
    status = await world.post(anna, "Hear, hear")
    first = await interactions.reblog(world.node, bert, status.id)
    await work(world.node)

    async with in_small_steps():
        await interactions.unreblog(world.node, bert, status.id)
        second = await interactions.reblog(world.node, bert, status.id)
        await work(world.node)

    assert second.id != first.id
    assert await world.node.read(left_of, first.id) == {}
    view = await statuses.get_view(world.node, bert.id, status.id)
    assert (view.status.reblogs_count, view.viewer and view.viewer.reblogged) == (1, True)
    undone = sa.select(sa.func.count()).where(deliveries_table.c.object_uri == first.uri)
    assert await world.node.read(lambda conn: conn.execute(undone).scalar_one()) == 4 * MANY


def lanes(conn: Connection) -> set[str | None]:
    """Where jobs wait."""
    return {*conn.execute(sa.select(jobs_table.c.lane)).scalars()}


@pytest.mark.parametrize("is_deleted_before", [False, True])
async def test_an_account_goes_with_what_was_popular(world: World, *, is_deleted_before: bool) -> None:
    """A little at a time, also where one of its statuses was deleted just before."""
    bert = await world.remote("bert", "there.example")
    anna = await world.member("anna")
    await world.follow(anna, bert)
    status = await statuses.receive_status(world.node, note(bert, 1))
    assert status is not None
    people = await crowding.crowd(world.node, MANY)
    await crowding.boost(world.node, status.id, people[:BOOSTERS])
    await crowding.favourite(world.node, status.id, people)
    if is_deleted_before:
        await statuses.receive_delete(world.node, bert, status.uri)

    async with in_small_steps():
        await departures.remove_remote_account(world.node, bert)
        await work(world.node)
        world.clock.moment += departures.LOOKED_AGAIN_AFTER
        await work(world.node)

    assert await world.node.read(left_of, status.id) == {}
    assert await world.node.read(accounts.find, bert.id) is None
    known = await world.node.read(accounts.list_by_ids, [AccountId(one) for one in people])
    assert sum(one.statuses_count for one in known.values()) == MANY - BOOSTERS


async def test_a_popular_status_of_strangers_is_forgotten(world: World) -> None:
    """What upkeep prunes goes a part at a time, and may be fetched again meanwhile."""
    bert, anna = await world.remote("bert", "there.example"), await world.member("anna")
    await world.follow(anna, bert)
    status = await statuses.receive_status(world.node, note(bert, 1))
    assert status is not None
    people = await crowding.crowd(world.node, MANY)
    await crowding.boost(world.node, status.id, people[:BOOSTERS])
    await crowding.favourite(world.node, status.id, people)
    horizon = world.clock() + timedelta(days=1)
    step = (horizon, [status.id], 40)

    async with in_small_steps():
        while await world.node.read(stored_statuses.find, status.id) is not None:
            await world.node.write(pruning.forget, *step, reported_from=world.clock())
        again = await statuses.receive_status(world.node, note(bert, 1))
        while (await world.node.write(pruning.forget, *step, reported_from=world.clock()))[1]:
            pass

    assert await world.node.read(left_of, status.id) == {}
    assert again is not None
    assert await world.node.read(stored_statuses.find_by_uri, status.uri) == again


async def test_what_a_member_had_to_say_goes_with_the_account_a_little_at_a_time(world: World) -> None:
    """What waits for thousands of servers is withdrawn before they hear of the end, and that alone; also if cut off."""
    anna, bert = await world.member("anna"), await world.member("bert")
    people = await crowding.crowd(world.node, 2 * MANY)
    for one in (anna, bert):
        await crowding.follow(world.node, one.id, people)
        await statuses.post_status(world.node, one, None, StatusDraft(text="Hello, all"))
    await work(world.node)

    async with in_small_steps():
        await departures.delete_member(world.node, anna.username)
        (job,) = [one for one in await world.jobs() if isinstance(one, RemoveAccount)]
        rest: Job | None = job
        while rest is not None:
            await run.run(world.node, rest, JobId(1))
            rest = await run.run(world.node, rest, JobId(1))

    assert len(await told(world.node, "Create")) == 2 * MANY
    assert sorted(await told(world.node, "Delete")) == sorted(
        f"https://h{one}.example/inbox" for one in range(2 * MANY)
    )
    left = sa.select(activities.c.type).where(activities.c.account_id == anna.id)
    assert await world.node.read(lambda conn: conn.execute(left).scalars().all()) == ["Delete"]


# A server that a member shuts out


@pytest.mark.parametrize("at_once", [domain_blocks.AT_ONCE, 1])
async def test_a_server_leaves_a_home_timeline_a_little_at_a_time(
    world: World, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """The newest first, all of it before the answer unless that is very much; a job does what is left."""
    monkeypatch.setattr(domain_blocks, "AT_ONCE", at_once)
    anna, bert = await world.member("anna"), await world.member("bert")
    zoe, carl = await world.remote("zoe", "there.example"), await world.remote("carl", "ring.example")
    for one in (zoe, carl, bert):
        await world.follow(anna, one)
    kept, first = [await statuses.receive_status(world.node, note(author, 1)) for author in (carl, zoe)]
    assert kept is not None
    assert first is not None
    await work(world.node)
    copies = await crowding.copy_to_home(world.node, anna.id, first.id, 2 * MANY)
    await crowding.tell(world.node, anna.id, zoe.id, copies)
    await interactions.reblog(world.node, bert, copies[0])
    await work(world.node)
    page = PageQuery(limit=40)

    async with in_small_steps():
        await domain_blocks.block(world.node, anna, "there.example")
        newest = await timelines.home(world.node, anna.id, page)
        if at_once > 1:
            assert [one.status.id for one in newest] == [kept.id]
            assert await told_of(world.node, anna) == ["severed_relationships"]
        else:
            assert copies[0] not in {(one.reblog or one).status.id for one in newest}
        await work(world.node)

    assert [one.status.id for one in await timelines.home(world.node, anna.id, page)] == [kept.id]
    assert await told_of(world.node, anna) == ["severed_relationships"]


async def test_a_server_that_is_let_in_again_loses_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not taken away by then stays."""
    monkeypatch.setattr(domain_blocks, "AT_ONCE", 1)
    anna, zoe = await world.member("anna"), await world.remote("zoe", "there.example")
    await world.follow(await world.member("bert"), zoe)
    first = await statuses.receive_status(world.node, note(zoe, 2))
    assert first is not None
    await work(world.node)
    await crowding.copy_to_home(world.node, anna.id, first.id, 2 * MANY)
    await domain_blocks.block(world.node, anna, "there.example")

    await domain_blocks.unblock(world.node, anna.id, "there.example")
    left = await timelines.home(world.node, anna.id, PageQuery(limit=40))
    await work(world.node)

    assert left
    assert await timelines.home(world.node, anna.id, PageQuery(limit=40)) == left


# What a member was told


async def test_many_notifications_are_cleared_a_little_at_a_time(world: World) -> None:
    """All of them before the answer, those that wait for a yes as well."""
    anna, zoe = await world.member("anna"), await world.remote("zoe", "there.example")
    await world.follow(anna, zoe)
    status = await statuses.receive_status(world.node, note(zoe, 1))
    assert status is not None
    await crowding.tell(
        world.node, anna.id, zoe.id, await crowding.copy_to_home(world.node, anna.id, status.id, 3 * MANY)
    )

    async with in_small_steps():
        await notifications.clear(world.node, anna.id)

    assert await told_of(world.node, anna) == []
    assert await world.node.read(lambda conn: conn.execute(sa.select(notifications_table)).all()) == []


# An edit


async def test_all_who_boosted_a_status_hear_of_its_edits_a_little_at_a_time(world: World) -> None:
    """Each has one notification, of the latest edit, also where telling was cut off; so have the streams of all."""
    anna, bert = await world.member("anna"), await world.member("bert")
    people = await crowding.neighbours(world.node, MANY)
    await crowding.follow(world.node, anna.id, people)
    status = await world.post(anna, "Much loved")
    await world.jobs()
    await crowding.boost(world.node, status.id, people, is_local=True)
    boost = await interactions.reblog(world.node, bert, status.id)
    await work(world.node)

    async with in_small_steps():
        for text in ("Better", "Best"):
            await statuses.edit_status(world.node, anna, status.id, StatusChange(text=text))
            (edit,) = [one for one in await world.jobs() if isinstance(one, DistributeEdit)]
            for _ in range(2):
                await run.run(world.node, edit, JobId(1))
            if text == "Better":
                await interactions.unreblog(world.node, bert, boost.id)
                await work(world.node)

    kinds = notifications_table.c.type == "update"
    hearing = sa.select(notifications_table.c.account_id, notifications_table.c.origin).where(kinds)
    found = await world.node.read(lambda conn: conn.execute(hearing).all())
    assert sorted(one.account_id for one in found) == sorted(people)
    assert len({one.origin for one in found}) == 1
    told_streams = sa.select(events.c.account_id).where(
        events.c.kind == "status.update", events.c.subject_id == status.id, events.c.account_id.in_(people)
    )
    streams = await world.node.read(lambda conn: conn.execute(told_streams).scalars().all())
    assert {*streams} == {*people}


# Telling many servers


async def test_what_goes_to_many_servers_is_planned_in_steps(world: World) -> None:
    """A new status, its edit and its end: each server gets each of them once."""
    anna = await world.member("anna")
    people = await crowding.crowd(world.node, 2 * QUEUED_TOGETHER + 100)
    await crowding.follow(world.node, anna.id, people)

    async with in_small_steps():
        status = await statuses.post_status(world.node, anna, None, StatusDraft(text="Fire drill"))
        await work(world.node)
        await statuses.edit_status(world.node, anna, status.id, StatusChange(text="Fire drill at noon"))
        await work(world.node)
        await statuses.delete_status(world.node, anna, status.id)
        await work(world.node)

    everybody = sorted(f"https://h{number}.example/inbox" for number in range(len(people)))
    for kind in ("Create", "Update", "Delete"):
        assert sorted(await told(world.node, kind)) == everybody


async def test_telling_that_was_cut_off_goes_on_where_it_ended(world: World) -> None:
    """Nobody is left out, and nobody is told again who was told before the process was killed."""
    anna = await world.member("anna")
    activity = Create(id=f"{anna.uri}#1", actor=anna.uri, object=Ref(id=f"{anna.uri}/1"), to=(anna.uri,))
    inboxes = [f"https://h{number:04}.example/inbox" for number in range(3 * QUEUED_TOGETHER)]
    pieces = count()

    def dies(_: Connection) -> bool:
        if next(pieces) == 2:
            raise KeyboardInterrupt
        return True

    async def tell(is_true: Callable[[Connection], bool]) -> list[str]:
        with contextlib.suppress(KeyboardInterrupt):
            await record(
                world.node, anna, activity, inboxes, object_uri=f"{anna.uri}/1", reach=Reach.PUBLIC, is_true=is_true
            )
        claimed = []
        window = Window(free=10_000, domain_max=4, ill_free=0, busy={})
        while some := await world.node.write(
            deliveries.claim, now=world.clock(), lease=timedelta(days=1), window=window
        ):
            await world.node.write(deliveries.finish, *some)
            claimed += [one.inbox for one in some]
        return claimed

    first = await tell(dies)
    second = await tell(lambda _: True)
    third = await tell(lambda _: True)

    assert len(first) == 2 * QUEUED_TOGETHER
    assert sorted(first + second) == inboxes
    assert third == []


async def test_what_is_not_true_any_more_is_told_no_further(world: World) -> None:
    """A status that is deleted while servers are told of it."""
    anna = await world.member("anna")
    activity = Create(id=f"{anna.uri}#1", actor=anna.uri, object=Ref(id=f"{anna.uri}/1"), to=(anna.uri,))
    inboxes = [f"https://h{number:04}.example/inbox" for number in range(3 * QUEUED_TOGETHER)]
    pieces = count()

    await record(
        world.node,
        anna,
        activity,
        inboxes,
        object_uri=f"{anna.uri}/1",
        reach=Reach.PUBLIC,
        is_true=lambda _: next(pieces) == 0,
    )

    assert (await world.node.read(deliveries.counts)).waiting == QUEUED_TOGETHER
