"""A process that stood still for longer than its leases, and goes on: what others took over meanwhile is theirs.

Nobody is stopped here: clocks say that time has passed, and what another process did is done in its place.
"""

import asyncio
import json
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import Connection, select

from fedorg.domain.jobs import HandleActivity
from fedorg.domain.visibility import Reach
from fedorg.ids import AccountId
from fedorg.jobs.leases import LEASE
from fedorg.node import Node
from fedorg.services import statuses
from fedorg.services.registration import create_person
from fedorg.store import deliveries, jobs, peers
from fedorg.store.deliveries import ClaimedDelivery, OutgoingActivity, Window
from fedorg.store.jobs import ClaimedJob, Room
from fedorg.store.tables import jobs as jobs_table
from tests.fediverse.nodes import wait_for
from tests.node.fake_peer import FakePeer
from tests.node.test_fair_shares import Silence, silence
from tests.node.test_worker import Clock, clock, enqueue, node, peer, working

__all__ = ["clock", "node", "peer", "silence"]

STILL = LEASE + timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _time_passes(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """What the clock of a test is ahead has passed: nobody set it."""
    passed = SimpleNamespace(monotonic=lambda: time.monotonic() + clock.ahead.total_seconds())
    monkeypatch.setattr("fedorg.jobs.clock.time", passed)


async def named(node: Node, peer: FakePeer) -> str:
    """A note that the peer shows when it is asked, and is ``stalled`` until then; alice is named in it."""
    alice = await create_person(node, "alice", password="correct horse battery")
    await node.resolver.account(node, peer.actor("fred"))
    uri, public = f"{peer.url}/notes/1", "https://www.w3.org/ns/activitystreams#Public"
    alice_uri = f"{node.settings.public_url}/users/{alice.username}"
    peer.documents["/notes/1"] = {
        "id": uri,
        "type": "Note",
        "attributedTo": peer.actor("fred"),
        "content": "Hello",
        "published": node.now().isoformat(),
        "to": [public, alice_uri],
        "tag": [{"type": "Mention", "href": alice_uri, "name": "@alice"}],
    }
    peer.stalled = asyncio.Event()
    created = {"id": f"{uri}/create", "type": "Create", "actor": peer.actor("fred"), "object": uri}
    await enqueue(node, HandleActivity(body=json.dumps(created), actor=peer.actor("fred"), scheme="rfc9421"))
    return uri


async def is_asked(peer: FakePeer) -> None:
    async def look() -> bool | None:
        return peer.asked["/notes/1"] == 1 or None

    await wait_for(look, "the note to be asked for")


async def test_what_was_overtaken_writes_nothing(node: Node, peer: FakePeer, clock: Clock) -> None:
    """Of a job that another process has done meanwhile, the one that stood still writes nothing any more."""
    uri = await named(node, peer)

    def do_elsewhere(conn: Connection) -> tuple[ClaimedJob, ...]:
        room = Room(own=10, beside=10, others=10, lane_max=10)
        taken = jobs.claim(conn, now=node.now() + STILL, lease=LEASE, room=room)
        jobs.finish(conn, *taken)
        return taken

    async def is_over() -> bool | None:
        labels = {"kind": "HandleActivity", "outcome": "overtaken"}
        return node.metrics.registry.get_sample_value("fedorg_jobs_total", labels) == 1 or None

    async with working(node):
        await is_asked(peer)
        assert len(await node.write(do_elsewhere)) == 1
        clock.ahead += STILL
        assert peer.stalled is not None
        peer.stalled.set()
        await wait_for(is_over, "the job to end")

    assert await statuses.find_by_uri(node, uri) is None


async def test_a_worker_that_stood_still_goes_on_with_what_it_holds(node: Node, peer: FakePeer, clock: Clock) -> None:
    """Where nobody took it over, a job is gone on with, and not begun a second time beside."""
    uri = await named(node, peer)

    def leases_hold(conn: Connection) -> bool:
        return all(until > node.now() for until in conn.scalars(select(jobs_table.c.leased_until)))

    async def is_renewed() -> bool | None:
        return await node.read(leases_hold) or None

    async def is_done() -> bool | None:
        return True if await statuses.find_by_uri(node, uri) else None

    async with working(node):
        await is_asked(peer)
        clock.ahead += STILL
        await wait_for(is_renewed, "the lease to be renewed")
        assert peer.stalled is not None
        peer.stalled.set()
        await wait_for(is_done, "the note to be recorded")

    assert peer.asked["/notes/1"] == 1


async def test_the_silence_of_one_that_stood_still_is_not_its_peers(node: Node, silence: Silence, clock: Clock) -> None:
    """A delivery that another process made meanwhile is not counted as failed, and its peer is well."""
    alice = await create_person(node, "alice", password="correct horse battery")
    domain = f"silent.localhost:{silence.port}"
    outgoing = OutgoingActivity(
        uri="https://here.example/1",
        account_id=AccountId(alice.account_id),
        type="Create",
        object_uri="https://here.example/objects/1",
        reach=Reach.PUBLIC,
        body='{"type": "Create", "id": "https://here.example/1"}',
    )
    await node.write(deliveries.record, node.ids, node.now(), outgoing, {f"{silence.url()}/inbox": domain})

    async def is_connected() -> bool | None:
        return silence.met > 0 or None

    def deliver_elsewhere(conn: Connection) -> tuple[ClaimedDelivery, ...]:
        window = Window(free=10, domain_max=10, ill_free=10, busy={})
        taken = deliveries.claim(conn, now=node.now() + STILL, lease=LEASE, window=window)
        deliveries.finish(conn, *taken)
        return taken

    async def is_over() -> bool | None:
        return node.metrics.registry.get_sample_value("fedorg_deliveries_total", {"result": "overtaken"}) == 1 or None

    async with working(node):
        await wait_for(is_connected, "the delivery to be under way")
        assert len(await node.write(deliver_elsewhere)) == 1
        clock.ahead += STILL
        silence.over.set()
        await wait_for(is_over, "the delivery to end")

    summary = await node.read(peers.find_summary, domain)
    assert summary is None or summary.peer.failures == 0
