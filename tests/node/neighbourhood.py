"""A few hundred servers on one socket of this machine, each with a name of its own and a mood a test can change.

Names below ``localhost`` always mean this machine, so that nothing has to be resolved; requests are told apart by
their ``Host``. The node that delivers to them runs in the test's process, with a clock that only the test turns and
without deadlines for its requests: whatever arrives although somebody is silent did not wait for the silence to end.
"""

import asyncio
import copy
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from aiohttp import web
from sqlalchemy import Connection

from federation.client import Client, Limits
from fedorg.app import open_node
from fedorg.config import from_mapping
from fedorg.domain.accounts import Account, ActorType
from fedorg.domain.relationships import Follow, FollowState
from fedorg.domain.statuses import Status, StatusChange, StatusDraft
from fedorg.ids import AccountId
from fedorg.jobs.worker import Worker
from fedorg.node import Node
from fedorg.services import registration, statuses
from fedorg.store import accounts, changes, deliveries, jobs, relationships
from fedorg.store.tables import deliveries as deliveries_table
from tests.fediverse.nodes import wait_for
from tests.node.world import Clock

NO_LIMITS: Final = Limits(total_seconds=3600.0, read_seconds=3600.0)


def without_deadlines(node: Node) -> Node:
    """The node, waiting for other servers for as long as they like, however slow the machine is meanwhile."""
    patient = copy.copy(node.client)
    patient.limits = NO_LIMITS
    return replace(node, client=patient)


@dataclass(frozen=True, slots=True)
class Answers:
    """It answers with a status, and headers."""

    status: int = 202
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Silent:
    """It takes the request and says nothing, until its mood changes: then the connection is cut."""


@dataclass(frozen=True, slots=True)
class Away:
    """It cuts every connection at once."""


@dataclass(frozen=True, slots=True)
class Chokes:
    """It answers 500 to what has certain words in it, and takes the rest."""

    words: str
    status: int = 500


@dataclass(frozen=True, slots=True)
class Decides:
    """It answers with the status that it finds right when it is asked."""

    status: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Hesitates:
    """It answers with a status once it may."""

    may: asyncio.Event
    status: int


Mood: TypeAlias = Answers | Silent | Away | Chokes | Decides | Hesitates
WELL: Final = Answers()


@dataclass(slots=True)
class Neighbourhood:
    """The servers: what each took, in order, and how often each was asked."""

    port: int = 0
    moods: dict[str, Mood] = field(default_factory=dict)
    taken: defaultdict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    tries: Counter[str] = field(default_factory=Counter)
    _changed: dict[str, asyncio.Event] = field(default_factory=dict)

    def domain(self, name: str) -> str:
        """How the node knows a server."""
        return f"{name}.localhost:{self.port}"

    def become(self, mood: Mood, *names: str) -> None:
        """Change how servers behave, to those that wait for an answer as well."""
        for name in names:
            self.moods[name] = mood
            self._changed.setdefault(name, asyncio.Event()).set()
            self._changed[name] = asyncio.Event()

    def kinds(self, name: str) -> list[str]:
        """The types of the activities a server took."""
        return [one["type"] for one in self.taken[name]]

    def have(self, words: str, names: Iterable[str]) -> bool:
        """Whether each of these servers took something with these words in it."""
        return all(any(words in json.dumps(one) for one in self.taken[name]) for name in names)

    async def answer(self, request: web.Request) -> web.Response:
        """What the server does that was meant."""
        name = request.host.partition(".")[0]
        activity = json.loads(await request.read())
        self.tries[name] += 1
        match self.moods.get(name, WELL):
            case Answers(status, headers):
                if status < 300:
                    self.taken[name].append(activity)
                return web.Response(status=status, headers=dict(headers))
            case Chokes(words, status):
                if words in json.dumps(activity):
                    return web.Response(status=status)
                self.taken[name].append(activity)
                return web.Response(status=202)
            case Decides(decide):
                status = decide()
                if status < 300:
                    self.taken[name].append(activity)
                return web.Response(status=status)
            case Hesitates(may, status):
                await may.wait()
                return web.Response(status=status)
            case Silent():
                await self._changed.setdefault(name, asyncio.Event()).wait()
            case Away():
                pass
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A node with one member, alice, whose followers live in the neighbourhood."""

    node: Node
    clock: Clock
    hood: Neighbourhood
    alice: Account

    async def follower(self, *names: str) -> list[Account]:
        """An account on each of these servers that follows alice."""
        made = [self._account(name) for name in names]

        def unit(conn: Connection) -> None:
            for account in made:
                accounts.record_remote(conn, account, ())
                follow = Follow(
                    id=self.node.ids.next(),
                    account_id=account.id,
                    target_id=self.alice.id,
                    uri=f"{account.uri}#follow",
                    state=FollowState.ACCEPTED,
                    created_at=self.clock(),
                )
                relationships.insert_follow(conn, follow)

        await self.node.write(unit)
        return made

    async def stranger(self, name: str) -> Account:
        """An account that is known here and follows nobody."""
        _, recorded = await self.node.write(accounts.record_remote, self._account(name), ())
        return recorded

    async def post(self, text: str, **fields: Any) -> Status:  # noqa: ANN401 - fields of a draft
        """A status of alice's."""
        return await statuses.post_status(self.node, self.alice, None, StatusDraft(text=text, **fields))

    async def edit(self, status: Status, text: str) -> None:
        """Another text for it."""
        await statuses.edit_status(self.node, self.alice, status.id, StatusChange(text=text))

    async def delete(self, status: Status) -> None:
        """The end of it."""
        await statuses.delete_status(self.node, self.alice, status.id)

    async def idle(self) -> None:
        """Wait until nothing is due and nothing under way."""

        async def look() -> bool | None:
            return await self.node.read(_is_idle, self.clock) or None

        await wait_for(look, "the node to be idle", every=0.01)

    async def let_pass(self, total: timedelta, *, step: timedelta) -> None:
        """Turn the clock on, doing at each step what is due by then."""
        for _ in range(total // step):
            self.clock.moment += step
            await self.node.write(changes.notify)
            await self.idle()

    async def waiting(self) -> Counter[str]:
        """How many deliveries wait, by the server's name."""
        return Counter(await self.node.read(_waiting))

    def _account(self, name: str) -> Account:
        domain = self.hood.domain(name)
        uri = f"http://{domain}/users/fred"
        return Account(
            id=AccountId(self.node.ids.next()),
            username="fred",
            domain=domain,
            uri=uri,
            url=uri,
            actor_type=ActorType.PERSON,
            inbox=f"{uri}/inbox",
            shared_inbox=f"http://{domain}/inbox",
            followers_uri=f"{uri}/followers",
            created_at=self.clock(),
        )


@asynccontextmanager
async def neighbourhood() -> AsyncIterator[Neighbourhood]:
    """All servers, up."""
    hood = Neighbourhood()
    application = web.Application()
    application.router.add_post("/{path:.*}", hood.answer)
    # Lest what still waits for a silent server at the end is waited for.
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=512)
    await site.start()
    hood.port = runner.addresses[0][1]
    try:
        yield hood
    finally:
        hood.become(Away(), *hood.moods)
        await runner.cleanup()


@asynccontextmanager
async def sending_node(engine_url: str, folder: Path, hood: Neighbourhood) -> AsyncIterator[Sender]:
    """The node, with a worker at work."""
    told = {
        "data_dir": folder,
        "database_url": engine_url,
        "insecure_loopback": True,
        "federation_mode": "open",
        "default_reach": "public",
        "synchronous": "normal",
        "shutdown_seconds": 1,
    }
    clock = Clock()
    async with (
        open_node(from_mapping(told), now=clock) as opened,
        Client(opened.client.policy, "fedorg/test", now=clock, limits=NO_LIMITS) as client,
    ):
        node = replace(opened, client=client)
        user = await registration.create_person(node, "alice", password="correct horse battery")
        alice = await node.read(accounts.get, AccountId(user.account_id))
        worker = Worker(node)
        working = asyncio.create_task(worker.run())
        try:
            yield Sender(node=node, clock=clock, hood=hood, alice=alice)
        finally:
            hood.become(Away(), *hood.moods)
            await worker.stop()
            async with asyncio.timeout(30):
                await working


def _is_idle(conn: Connection, clock: Clock) -> bool:
    leased = sa.select(sa.func.count()).where(deliveries_table.c.leased_until.is_not(None))
    if conn.execute(leased).scalar_one():
        return False
    # Once the snapshot is taken: what is in it was queued for this moment or before, if not for later.
    now = clock.moment
    return not deliveries.is_any_due(conn, now) and jobs.counts(conn, now).waiting == 0


def _waiting(conn: Connection) -> list[str]:
    rows = conn.execute(sa.select(deliveries_table.c.domain).where(deliveries_table.c.dead_at.is_(None)))
    return [domain.partition(".")[0] for domain in rows.scalars()]
