"""The worker: one bad job ends itself only, nothing is lost or done twice, and a block beats what is queued."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, insert, select

from fedorg.app import open_node, utc_now
from fedorg.config import Settings, from_mapping
from fedorg.domain.jobs import HandleActivity, Job, RefreshStatus
from fedorg.domain.statuses import Tag
from fedorg.domain.visibility import Reach, Tier
from fedorg.ids import AccountId, StatusId
from fedorg.jobs import upkeep
from fedorg.jobs.leases import LEASE
from fedorg.jobs.worker import Worker
from fedorg.node import RUSH_SECONDS, Node, Rush
from fedorg.services import oauth
from fedorg.services.registration import create_person
from fedorg.store import deliveries, jobs, peers, tag_follows, tags
from fedorg.store.deliveries import OutgoingActivity
from fedorg.store.tables import applications, events
from fedorg.store.tables import jobs as jobs_table
from fedorg.store.tables import tags as tags_table
from tests.fediverse.nodes import wait_for
from tests.node.fake_peer import FakePeer, running_peer

BROKEN = HandleActivity(body="not json", actor="https://a.example/users/x", scheme="rfc9421")


class Clock:
    """A clock that tests push forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return utc_now() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def node(engine_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Node]:
    """A node in this process, without server and worker."""
    async with open_node(settings_of(engine_url, tmp_path), now=clock.now) as opened:
        yield opened


def settings_of(engine_url: str, folder: Path, mode: str = "open") -> Settings:
    return from_mapping(
        {
            "data_dir": folder,
            "database_url": engine_url,
            "insecure_loopback": True,
            "federation_mode": mode,
            "default_reach": "node" if mode == "closed" else "public",
            "shutdown_seconds": 1,
        }
    )


@pytest.fixture
async def peer() -> AsyncIterator[FakePeer]:
    """A server with one user, fred."""
    async with running_peer() as running:
        running.add_user("fred")
        yield running


@asynccontextmanager
async def working(node: Node) -> AsyncIterator[Worker]:
    """A worker at work, stopped at the end."""
    worker = Worker(node)
    running = asyncio.create_task(worker.run())
    yield worker
    await worker.stop()
    async with asyncio.timeout(10):
        await running


async def until(condition: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    async def look() -> bool | None:
        return await condition() or None

    await wait_for(look, condition.__name__)


async def enqueue(node: Node, job: Job) -> None:
    await node.write(jobs.enqueue, node.ids, node.now(), job)


def news(peer: FakePeer, number: int) -> HandleActivity:
    """An activity whose handling has to ask the peer for a note."""
    body = (
        f'{{"id": "{peer.url}/a/{number}", "type": "Create", "actor": "{peer.actor("fred")}", '
        f'"object": "{peer.url}/notes/{number}"}}'
    )
    return HandleActivity(body=body, actor=peer.actor("fred"), scheme="rfc9421")


async def test_a_bad_job_does_not_keep_the_next_one(node: Node, peer: FakePeer) -> None:
    """A job that raises, and one that cannot be read, leave the worker and everything else alone (S27)."""

    def unreadable(conn: Connection) -> None:
        row = {"id": node.ids.next(), "payload": "{", "due_at": node.now(), "created_at": node.now()}
        conn.execute(insert(jobs_table), row)

    await node.write(unreadable)
    await enqueue(node, BROKEN)
    unknown = HandleActivity(
        body=f'{{"id": "{peer.url}/1", "type": "Dance", "actor": "{peer.actor("fred")}", "object": "{peer.url}/2"}}',
        actor=peer.actor("fred"),
        scheme="cavage",
    )
    await enqueue(node, unknown)

    async def only_the_broken_is_left() -> bool:
        counts = await node.read(jobs.counts, node.now())
        return (counts.waiting, counts.dead) == (1, 1)

    async with working(node):
        await until(only_the_broken_is_left)


async def test_what_comes_in_a_rush_is_handled_after_it(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """While activities come close upon each other they are only taken, for a moment; this node's own work goes on."""
    moment = 0.0
    monkeypatch.setattr("fedorg.node.monotonic", lambda: moment)
    for _ in range(2):
        moment += 0.01
        node.rush.note()
    await enqueue(node, BROKEN)
    await enqueue(node, RefreshStatus(status_id=StatusId(1), at=node.now()))

    def count_tried(conn: Connection) -> tuple[int, int]:
        untried = list(conn.scalars(select(jobs_table.c.lane).where(jobs_table.c.attempts == 0)))
        return untried.count(None), len(untried)

    async def own_work_is_begun() -> bool:
        return (await node.read(count_tried))[0] == 0

    async def all_is_begun() -> bool:
        return await node.read(count_tried) == (0, 0)

    async with working(node):
        await until(own_work_is_begun)
        assert await node.read(count_tried) == (0, 1)
        moment += 0.1
        await until(all_is_begun)


def test_a_rush_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """One activity makes none, and however many come, it is over after a second, and rare."""
    rush, moments = Rush(), (step / 50 for step in itertools.count())
    monkeypatch.setattr("fedorg.node.monotonic", lambda: next(moments))

    rush.note()
    assert not rush.is_on
    on = 0
    for _ in range(500):
        rush.note()
        on += rush.is_on

    assert 0 < on * 2 / 50 <= 2 * RUSH_SECONDS


async def test_a_job_that_always_fails_is_buried(node: Node, clock: Clock) -> None:
    """After a day of tries the job is put aside and kept for the administrator."""
    await enqueue(node, BROKEN)

    async def tried_or_buried() -> bool:
        clock.ahead += timedelta(hours=2)
        return (await node.read(jobs.counts, node.now())).dead == 1

    async with working(node):
        await until(tried_or_buried)

    assert (await node.read(jobs.counts, node.now())).waiting == 0


async def test_stopping_waits_a_while_and_loses_nothing(node: Node, peer: FakePeer, clock: Clock) -> None:
    """A job that hangs on a silent peer is left to its lease, one that was not begun is given back at once."""
    await node.resolver.account(node, peer.actor("fred"))
    peer.stalled = asyncio.Event()
    await enqueue(node, news(peer, 1))
    await enqueue(node, news(peer, 2))

    async def asked() -> bool:
        return peer.asked["/notes/1"] == 1

    async with working(node):
        await until(asked)

    # Both are of one actor: the second waited for the first.
    assert peer.asked["/notes/2"] == 0
    peer.stalled.set()
    clock.ahead += LEASE

    async def done() -> bool:
        return (await node.read(jobs.counts, node.now())).waiting == 0

    async with working(node):
        await until(done)
    assert (peer.asked["/notes/1"], peer.asked["/notes/2"]) == (2, 1)


async def test_nobody_overtakes_a_worker_that_was_killed(node: Node, peer: FakePeer, clock: Clock) -> None:
    """What one actor does to one thing is handled in order by whichever process: another waits for the lease to end."""
    await node.resolver.account(node, peer.actor("fred"))
    peer.stalled = asyncio.Event()
    await enqueue(node, news(peer, 1))

    async def one_asked() -> bool:
        return peer.asked["/notes/1"] == 1

    async with working(node):
        await until(one_asked)
    peer.stalled.set()
    await enqueue(node, news(peer, 2))
    await enqueue(node, replace(news(peer, 3), subject=f"{peer.url}/notes/3"))

    async def the_third_is_done() -> bool:
        return (await node.read(jobs.counts, node.now())).waiting <= 2

    async def done() -> bool:
        return (await node.read(jobs.counts, node.now())).waiting == 0

    async with working(node):
        await until(the_third_is_done)
        assert (peer.asked["/notes/2"], peer.asked["/notes/3"]) == (0, 1)
        clock.ahead += LEASE
        await until(done)
    assert (peer.asked["/notes/1"], peer.asked["/notes/2"]) == (2, 1)


async def test_what_one_actor_does_to_two_things_needs_no_order(node: Node, peer: FakePeer) -> None:
    """Activities about different things run side by side, so that one slow document holds up nothing else."""
    await node.resolver.account(node, peer.actor("fred"))
    peer.stalled = asyncio.Event()
    for number in (1, 2):
        await enqueue(node, replace(news(peer, number), subject=f"{peer.url}/notes/{number}"))
    await enqueue(node, replace(news(peer, 1), subject=f"{peer.url}/notes/1"))

    async def both_asked() -> bool:
        return peer.asked["/notes/1"] == peer.asked["/notes/2"] == 1

    async def done() -> bool:
        return (await node.read(jobs.counts, node.now())).waiting == 0

    async with working(node):
        await until(both_asked)
        peer.stalled.set()
        await until(done)


async def test_what_was_queued_before_a_block_does_not_leave(node: Node, peer: FakePeer) -> None:
    """The tier is asked again when a delivery is due: nothing goes to a blocked peer, nor out of its reach."""
    user = await create_person(node, "alice", password="correct horse battery")
    async with running_peer() as shrunk:
        for number, (domain, reach) in enumerate(
            [(peer.domain, Reach.PUBLIC), (shrunk.domain, Reach.ORGANISATION), (shrunk.domain, Reach.PUBLIC)]
        ):
            outgoing = OutgoingActivity(
                uri=f"https://here.example/{number}",
                account_id=AccountId(user.account_id),
                type="Create",
                object_uri=f"https://here.example/objects/{number}",
                reach=reach,
                body=f'{{"type": "Create", "id": "https://here.example/{number}"}}',
            )
            await node.write(deliveries.record, node.ids, node.now(), outgoing, {f"http://{domain}/inbox": domain})
        await node.write(peers.set_tier, node.now(), peer.domain, Tier.BLOCKED)
        await node.write(peers.set_tier, node.now(), shrunk.domain, Tier.PARTNER)

        async def done() -> bool:
            return (await node.read(deliveries.counts)).waiting == 0

        async with working(node):
            await until(done)

        assert peer.received == []
        assert [activity["id"] for activity in shrunk.received] == ["https://here.example/2"]


@pytest.mark.parametrize(("mode", "leaves"), [("open", True), ("closed", False)])
async def test_a_node_that_was_closed_says_nothing_more(
    engine_url: str, tmp_path: Path, peer: FakePeer, mode: str, *, leaves: bool
) -> None:
    """What was queued before it began anew without federation leaves no more, not even what ends something."""
    async with open_node(settings_of(engine_url, tmp_path)) as node:
        user = await create_person(node, "alice", password="correct horse battery")
        outgoing = OutgoingActivity(
            uri="https://here.example/1",
            account_id=AccountId(user.account_id),
            type="Delete",
            object_uri="https://here.example/objects/1",
            reach=Reach.PUBLIC,
            body='{"type": "Delete", "id": "https://here.example/1"}',
        )
        inboxes = {f"{peer.url}/inbox": peer.domain}
        await node.write(deliveries.record, node.ids, node.now(), outgoing, inboxes)

    async with open_node(settings_of(engine_url, tmp_path, mode)) as node:

        async def done() -> bool:
            return (await node.read(deliveries.counts)).waiting == 0

        async with working(node):
            await until(done)

    assert bool(peer.received) is leaves


async def test_upkeep_forgets_programs_that_nobody_uses(node: Node, clock: Clock) -> None:
    """A program that holds no token goes after a week; its own token, which needs no person, after a month."""
    draft = oauth.ApplicationDraft(name="Client", redirect_uris=("app://x",), scopes=("read",))
    _, _ = await oauth.register_application(node, draft)
    kept, secret = await oauth.register_application(node, draft)
    client = oauth.ClientAuthentication(client_id=kept.client_id, client_secret=secret)
    await oauth.issue_client_token(node, client, ("read",))

    def names(conn: Connection) -> list[int]:
        return sorted(conn.execute(select(applications.c.id)).scalars())

    clock.ahead += timedelta(days=8)
    await upkeep.keep_up(node)
    after_a_week = await node.read(names)
    clock.ahead += timedelta(days=30)
    await upkeep.keep_up(node)

    assert (after_a_week, await node.read(names)) == ([kept.id], [])


async def test_upkeep_forgets_hashtags_that_nothing_bears(node: Node, clock: Clock) -> None:
    """After two weeks, unless somebody follows them; one that comes again is a new one."""
    anna = await create_person(node, "anna", password="correct horse battery")
    tea, cake = Tag(name="tea", display_name="Tea"), Tag(name="cake", display_name="Cake")

    def add(conn: Connection) -> list[int]:
        numbers = [tags.get_or_insert(conn, node.ids, node.now(), one) for one in (tea, cake)]
        tag_follows.insert(conn, node.ids, node.now(), anna.account_id, numbers[0])
        return numbers

    def listed(conn: Connection) -> list[int]:
        return sorted(conn.execute(select(tags_table.c.id)).scalars())

    before = await node.write(add)
    await upkeep.keep_up(node)
    young = await node.read(listed)
    clock.ahead += timedelta(days=15)
    await upkeep.keep_up(node)
    left = await node.read(listed)
    again = await node.write(add)

    assert (young, left) == (before, before[:1])
    assert again[0] == before[0]
    assert again[1] > before[1]


async def test_upkeep_forgets_what_is_over(node: Node, clock: Clock) -> None:
    """Rows that only log are gone after their time, and not before."""
    old = {"kind": "update", "account_id": None, "subject_id": 1, "created_at": node.now()}

    def add(conn: Connection) -> None:
        conn.execute(insert(events), old)

    def count(conn: Connection) -> int:
        return len(conn.execute(events.select()).all())

    await node.write(add)
    await upkeep.keep_up(node)
    before = await node.read(count)
    clock.ahead += timedelta(hours=1, minutes=1)
    await upkeep.keep_up(node)

    assert (before, await node.read(count)) == (1, 0)
