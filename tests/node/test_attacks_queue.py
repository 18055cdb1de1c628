"""Attacks on the queue: a peer that sends more than it answers for."""

import asyncio
import json
from datetime import timedelta
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection

from fedorg.domain.jobs import HandleActivity, Job
from fedorg.ids import IdSource
from fedorg.node import Node
from fedorg.store import jobs
from fedorg.store.engine import Database
from fedorg.store.jobs import ClaimedJob, Room
from tests.fediverse.nodes import wait_for
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.talking import WorkingServer, contents, follow, post, success
from tests.node.world import Clock

CLOCK: Final = Clock()
IDS: Final = IdSource(CLOCK)
LEASE: Final = timedelta(seconds=30)


def of(host: str, number: int) -> HandleActivity:
    """A job that an actor of a server caused by something done to a thing of its own."""
    return replace(about_one_thing(host, number), subject=f"https://{host}/notes/{number}")


def about_one_thing(host: str, number: int) -> HandleActivity:
    """Likewise, always the same thing."""
    return HandleActivity(
        body=str(number), actor=f"https://{host}/users/x", scheme="rfc9421", subject=f"https://{host}/notes/0"
    )


def flood(conn: Connection, node: Node, peer: FakePeer) -> None:
    """What the door does for 300 activities of one actor, each about something its server never shows."""
    for number in range(300):
        activity = peer.activity("Create", peer.actor("mallory"), f"{peer.url}/slow/{number}", number)
        job = HandleActivity(body=json.dumps(activity), actor=peer.actor("mallory"), scheme="rfc9421")
        jobs.enqueue(conn, node.ids, node.now(), job)


async def test_s27_one_peer_takes_no_more_than_its_lane(database: Database) -> None:
    """Behind any number of jobs of one server, the jobs of another are claimed, each in their order."""

    def fill(conn: Connection) -> None:
        for number in range(100):
            jobs.enqueue(conn, IDS, CLOCK(), of("busy.example", number))
        jobs.enqueue(conn, IDS, CLOCK(), of("quiet.example", 0))

    await database.write(fill)
    room = Room(own=10, others=10, lane_max=4, busy={"busy.example": 1})

    claimed = await database.write(jobs.claim, now=CLOCK(), lease=LEASE, room=room)

    found = [one.job for one in claimed]
    assert found == [of("busy.example", 0), of("busy.example", 1), of("busy.example", 2), of("quiet.example", 0)]


async def test_s27_what_waits_for_its_turn_takes_no_more_than_its_lane(database: Database) -> None:
    """Of any number of jobs about one thing one is claimed at a time, in their order, by whichever process asks."""

    def fill(conn: Connection) -> None:
        for number in range(100):
            jobs.enqueue(conn, IDS, CLOCK(), about_one_thing("busy.example", number))
        jobs.enqueue(conn, IDS, CLOCK(), of("quiet.example", 0))

    async def claim() -> list[Job | None]:
        room = Room(own=10, others=10, lane_max=4)
        claimed = await database.write(jobs.claim, now=CLOCK(), lease=LEASE, room=room)
        held.extend(claimed)
        return [one.job for one in claimed]

    held: list[ClaimedJob] = []
    await database.write(fill)

    assert await claim() == [about_one_thing("busy.example", 0), of("quiet.example", 0)]
    assert await claim() == []
    await database.write(jobs.finish, held[0])
    assert await claim() == [about_one_thing("busy.example", 1)]
    await database.write(jobs.retry, held[-1], CLOCK() + timedelta(days=1), "its server is away")
    assert await claim() == [about_one_thing("busy.example", 2)]
    # Whoever had taken it was killed: it is due later than all that waits for it.
    await database.write(jobs.finish, held[1])
    CLOCK.moment += LEASE
    assert await claim() == [about_one_thing("busy.example", 2)]


async def test_s27_a_peer_that_stalls_keeps_nothing_from_those_here(working: WorkingServer) -> None:
    """However much of a peer that never answers waits, what members post is on the timelines here at once."""
    alice, bob = await working.person("alice"), await working.person("bob")
    await follow(bob, alice)
    async with running_peer() as peer:
        peer.add_user("mallory")
        node = working.server.node
        await node.resolver.account(node, f"mallory@{peer.domain}")
        peer.stalled = asyncio.Event()
        try:
            await node.write(flood, node, peer)

            await post(alice, "Fire drill at noon")

            async def read() -> bool | None:
                found = contents(success(await bob.api.get("/api/v1/timelines/home")))
                return True if "Fire drill at noon" in found else None

            await wait_for(read, "the status on the timeline", 10)
        finally:
            peer.stalled.set()
