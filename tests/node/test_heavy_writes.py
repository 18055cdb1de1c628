"""What concerns tens of thousands is done a little at a time: whoever holds the writer keeps all others waiting."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from federation.activities import Create
from federation.objects import Ref
from fedorg.activitypub.recording import QUEUED_TOGETHER, record
from fedorg.domain.statuses import StatusChange, StatusDraft
from fedorg.domain.visibility import Reach
from fedorg.jobs import run
from fedorg.node import Node
from fedorg.services import statuses
from fedorg.store import deliveries, jobs
from fedorg.store.deliveries import Window
from fedorg.store.tables import activities
from fedorg.store.tables import deliveries as deliveries_table
from tests.node import crowding
from tests.node.counting import counted_changes
from tests.node.world import World

CHANGED_MAX: Final = 2 * QUEUED_TOGETHER


async def work(node: Node) -> None:
    """Run all jobs that are due, and make no delivery."""
    room = jobs.Room(own=1000, others=1000, lane_max=1000)
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


async def told(node: Node, kind: str) -> list[str]:
    """The inboxes that wait for an activity of a type, as often as they do."""
    waiting = sa.select(deliveries_table.c.inbox).join(activities, activities.c.id == deliveries_table.c.activity_id)
    return await node.read(lambda conn: [*conn.execute(waiting.where(activities.c.type == kind)).scalars()])


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
    async with in_small_steps():
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
