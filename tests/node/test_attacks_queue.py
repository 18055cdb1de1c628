"""Attacks on the queue: a peer that sends more than it answers for."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy import Connection

from fedorg.domain.jobs import FetchOrganisation, HandleActivity, Job
from fedorg.ids import IdSource
from fedorg.node import Node
from fedorg.store import jobs
from fedorg.store.engine import Database
from fedorg.store.jobs import ClaimedJob, Room
from fedorg.store.tables import activities, deliveries
from tests.fediverse.nodes import wait_for
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.serving import NodeServer
from tests.node.talking import WorkingServer, contents, follow, post, run_jobs, success
from tests.node.test_fair_shares import patient
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
    room = Room(own=10, beside=10, others=100, lane_max=4, busy={"busy.example": 1})

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
        room = Room(own=10, beside=10, others=100, lane_max=4)
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


async def test_what_is_put_off_keeps_nobody_waiting(database: Database) -> None:
    """A server that is to be asked once more in an hour is asked at once where there is news of it."""
    again, news = (FetchOrganisation(domain="busy.example", refusals=refusals) for refusals in (3, 0))
    room = Room(own=10, beside=10, others=100, lane_max=10)

    def ask(conn: Connection) -> None:
        jobs.enqueue(conn, IDS, CLOCK(), again, due_at=CLOCK() + timedelta(hours=1))
        jobs.enqueue(conn, IDS, CLOCK(), news)

    await database.write(ask)
    (claimed,) = await database.write(jobs.claim, now=CLOCK(), lease=LEASE, room=room)

    assert claimed.job == news


async def test_s27_a_peer_that_stalls_keeps_nothing_from_those_here(engine_url: str, tmp_path: Path) -> None:
    """However much of a peer that never answers waits, what members post is on the timelines here meanwhile."""
    async with running_peer() as peer, patient(engine_url, tmp_path) as working:
        alice, bob = await working.person("alice"), await working.person("bob")
        await follow(bob, alice)
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

            await wait_for(read, "the status on the timeline")
        finally:
            peer.stalled.set()


async def test_s32_whoever_takes_no_answer_keeps_one_waiting(working: WorkingServer) -> None:
    """A server that asks to follow again and again, and is ill when it is answered, gets the latest answer at last."""
    alice = await working.person("alice")
    async with running_peer() as peer:
        inbox = f"{peer.add_user('fred')}/inbox"
        peer.refusals["/users/fred/inbox"] = 503
        asked: list[dict[str, Any]] = []

        async def say(kind: str, object_: object) -> None:
            activity = peer.activity(kind, peer.actor("fred"), object_, len(asked))
            message = peer.sign(f"{working.server.url}/inbox", activity, by="fred")
            answer = await working.server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
            assert answer.status_code == 202
            await working.settle()
            asked.append(activity)

        for _ in range(8):
            await say("Follow", f"{working.server.url}/users/{alice.user.username}")
        await say("Undo", asked[-1])
        await say("Follow", f"{working.server.url}/users/{alice.user.username}")

        waiting = await working.server.node.read(waiting_for, inbox)
        peer.refusals.clear()
        working.server.clock.advance(timedelta(hours=1))
        await working.deliver_all()

    # One may have been under way while the next was queued.
    assert len(waiting) <= 2
    assert peer.received[-1]["object"]["id"] == asked[-1]["id"]
    assert len(peer.received) == len(waiting)


async def test_s32_what_waits_of_one_server_is_bounded(
    serve: Callable[..., Awaitable[NodeServer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sends more than is handled keeps the rest, and may send it again once there is room; others are heard."""
    # Beside three activities the question waits what the server runs.
    monkeypatch.setattr("fedorg.activitypub.receive.WAITING_MAX", 4)
    server = await serve()

    async def send(peer: FakePeer, number: int) -> int:
        activity = peer.activity("Like", peer.actor("fred"), f"{server.url}/statuses/{number}", number)
        message = peer.sign(f"{server.url}/inbox", activity, by="fred", at=server.clock())
        answer = await server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
        return answer.status_code

    async with running_peer() as peer, running_peer() as other:
        for one in (peer, other):
            one.add_user("fred")

        assert [await send(peer, number) for number in range(5)] == [202, 202, 202, 429, 429]
        assert await send(other, 1) == 202
        async with run_jobs(server) as working:
            await working.settle()
        assert await send(peer, 3) == 202


async def test_s32_refusals_of_quotes_are_few(serve: Callable[..., Awaitable[NodeServer]]) -> None:
    """Whoever asks to quote in statuses that are not there is told no so often in an hour, and not each time."""
    async with run_jobs(await serve(rate_limits=0.01)) as working, running_peer() as peer:
        clock = working.server.clock
        quoted = (await post(await working.person("alice"), "Quote me", visibility="public"))["uri"]
        clock.advance(timedelta(seconds=3600 - int(clock().timestamp()) % 3600))
        peer.add_user("fred")
        for number in range(8):
            asked = peer.activity("QuoteRequest", peer.actor("fred"), quoted, number)
            asked |= {"instrument": f"{peer.url}/notes/{number}"}
            message = peer.sign(f"{working.server.url}/inbox", asked, by="fred", at=clock())
            answer = await working.server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
            assert answer.status_code == 202, answer.text
        await working.settle()
        await working.deliver_all()

    # A hundredth of 300.
    assert [one["type"] for one in peer.received] == ["Reject"] * 3


def waiting_for(conn: Connection, inbox: str) -> list[str]:
    """The activities that wait for an inbox."""
    joined = sa.join(deliveries, activities, activities.c.id == deliveries.c.activity_id)
    return list(
        conn.execute(sa.select(activities.c.uri).select_from(joined).where(deliveries.c.inbox == inbox)).scalars()
    )
