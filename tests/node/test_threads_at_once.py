"""A reply and what it answers, recorded at the same moment by two transactions that do not see each other."""

import asyncio

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.activitypub import resolve
from fedorg.domain.jobs import DistributeStatus, ResolveThread
from fedorg.domain.statuses import Status
from fedorg.services import fanout, statuses, timelines
from fedorg.store import tables
from tests.node.world import PAGE, World, note, of_kind


async def test_a_reply_finds_what_came_at_the_same_moment(world: World) -> None:
    """Whoever looks for what a reply answers joins the two, once, and the reply reaches followers."""
    anna, dora = await world.member("anna"), await world.remote("dora", "there.example")
    await world.follow(anna, dora)
    reply = await statuses.receive_status(world.node, note(dora, 2, in_reply_to_uri=f"{dora.uri}/statuses/1"))
    parent = await statuses.receive_status(world.node, note(dora, 1))
    assert reply is not None
    assert parent is not None
    await world.node.write(_part, reply, parent)
    await world.jobs()

    job = ResolveThread(status_id=reply.id)
    await asyncio.gather(*(resolve.resolve_thread(world.node, job) for _ in range(4)))

    assert of_kind(await world.jobs(), DistributeStatus) == [DistributeStatus(status_id=reply.id, peer="there.example")]
    await fanout.distribute_locally(world.node, reply.id, None)
    home = await timelines.home(world.node, anna.id, PAGE)
    assert sorted(view.status.id for view in home) == sorted([reply.id, parent.id])
    context = await statuses.get_context(world.node, anna.id, parent.id)
    assert [view.status.id for view in context.descendants] == [reply.id]
    assert (await statuses.get_view(world.node, anna.id, parent.id)).status.replies_count == 1


def _part(conn: Connection, reply: Status, parent: Status) -> None:
    """What two such transactions leave: both rows, and nothing that joins them."""
    rows = tables.statuses
    alone = {"in_reply_to_id": None, "in_reply_to_account_id": None, "thread_id": reply.id}
    conn.execute(sa.update(rows).where(rows.c.id == reply.id).values(alone))
    conn.execute(sa.update(rows).where(rows.c.id == parent.id).values(replies_count=0))
    conn.execute(sa.delete(tables.home_timeline).where(tables.home_timeline.c.status_id == reply.id))
