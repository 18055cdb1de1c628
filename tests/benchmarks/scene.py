"""What is measured: one real node with people, what they wrote, and other servers around it.

Everything is made from an empty database through the doors that clients and peers use.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import sqlalchemy as sa

from fedorg.store.tables import deliveries, jobs
from tests.benchmarks import counted, load
from tests.benchmarks.crowd import USER, Crowd, running_crowd
from tests.benchmarks.processes import cpu_seconds
from tests.fediverse.ledger import database_of
from tests.fediverse.nodes import Member, RunningNode

ROOT: Final = Path(__file__).parent.parent.parent
READER: Final = "rosa"
AUTHOR: Final = "anna"
OTHERS: Final = tuple(f"member{number}" for number in range(8))
STATUSES: Final = 500
REMOTE_ACTORS: Final = 20
THREAD: Final = 28
FOLLOWERS: Final = 500
_AT_ONCE: Final = 4
_LOOK_SECONDS: Final = 0.01
# Longer than a message takes from one server to another.
_CALM_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 300.0
# It ranks what is new every ten seconds; what takes less than this of a processor is no work.
_REST_SECONDS: Final = 12.0
_REST_SHARE: Final = 0.02
_IS_BUSY: Final = sa.select(
    sa.or_(
        sa.exists().where(jobs.c.dead_at.is_(None), jobs.c.created_at <= sa.bindparam("moment")),
        sa.exists().where(deliveries.c.dead_at.is_(None)),
    )
)


@dataclass(slots=True, kw_only=True)
class Scene:
    """The node and who is there; ``ids`` names accounts and statuses that workloads ask for."""

    node: RunningNode
    crowd: Crowd
    people: Mapping[str, Member]
    database: sa.Engine
    ids: dict[str, str] = field(default_factory=dict)
    followers: int = 0

    @property
    def pid(self) -> int:
        """The process of the node."""
        assert self.node.process is not None
        return self.node.process.pid

    def request(self, path: str, name: str | None = READER, **headers: str) -> bytes:
        """A GET as a client of somebody makes it, or of nobody."""
        token = {} if name is None else {"Authorization": self.people[name].http.headers["Authorization"]}
        return load.request("GET", path, self.node.domain, {"Accept": "*/*", **token, **headers})

    async def settle(self, *, ahead: timedelta = timedelta()) -> float:
        """Wait until the node has nothing left to do until so much later; since when, by ``perf_counter``.

        Its database is looked into from outside: to ask the node itself would cost what is measured.
        """
        calm_since = None
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                now = time.perf_counter()
                calm_since = None if self._is_busy(ahead) else calm_since or now
                if calm_since is not None and now - calm_since >= _CALM_SECONDS:
                    return calm_since
                await asyncio.sleep(_LOOK_SECONDS)

    async def rest(self) -> None:
        """Wait until the node is at nothing by itself, by the processor time it takes."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                before = cpu_seconds(self.pid)
                await asyncio.sleep(_REST_SECONDS)
                if cpu_seconds(self.pid) - before < _REST_SHARE * _REST_SECONDS:
                    return

    async def restart(self, program: tuple[str, ...]) -> None:
        """Run the node as another program, in one process, on the same data."""
        await self.node.stop()
        self.node.program, self.node.options = program, ()
        await self.node.start()

    def queries(self) -> int:
        """How many statements the node has sent; only under the program ``counted``."""
        return counted.read(self.node.folder)

    def _is_busy(self, ahead: timedelta) -> bool:
        with self.database.connect() as conn:
            return bool(conn.execute(_IS_BUSY, {"moment": datetime.now(UTC) + ahead}).scalar_one())


@contextlib.asynccontextmanager
async def open_scene(
    folder: Path, settings: Mapping[str, str], database_url: str = "", options: Sequence[str] = ()
) -> AsyncIterator[Scene]:
    """A node in use, with ``STATUSES`` statuses, that is started with these options."""
    async with contextlib.AsyncExitStack() as stack:
        crowd = await stack.enter_async_context(running_crowd(folder))
        node = RunningNode(
            name="bench",
            folder=folder / "node",
            database_url=database_url,
            options=options,
            settings={
                "FEDORG_CA_FILE": str(crowd.authority),
                "FEDORG_LINK_PREVIEWS": "false",
                "FEDORG_LOG_LEVEL": "warning",
                "PYTHONPATH": str(ROOT),
                **settings,
            },
        )
        stack.push_async_callback(node.close)
        await node.create(READER, AUTHOR, *OTHERS)
        await node.start()
        people = {name: await stack.enter_async_context(node.member(name)) for name in (READER, AUTHOR, *OTHERS)}
        database = sa.create_engine(database_of(node))
        stack.callback(database.dispose)
        scene = Scene(node=node, crowd=crowd, people=people, database=database)
        await _seed(scene)
        yield scene


async def gain_followers(scene: Scene, number: int) -> None:
    """Let so many accounts on as many other hosts follow the author."""
    scene.crowd.grow(number)
    inbox = f"{scene.node.url}/inbox"
    target = f"{scene.node.url}/users/{AUTHOR}"
    async with scene.node.http() as http:

        async def follow(host: int) -> None:
            headers, body = scene.crowd.sign(host, inbox, "Follow", target)
            (await http.post(inbox, headers=headers, content=body)).raise_for_status()

        await in_parallel(follow(host) for host in range(scene.followers, number))
    await scene.crowd.wait_for("Accept", number - scene.followers)
    scene.followers = number
    await scene.settle()


async def _seed(scene: Scene) -> None:
    reader, author = scene.people[READER], scene.people[AUTHOR]
    for name, member in scene.people.items():
        scene.ids[name] = (await member.get("/api/v1/accounts/verify_credentials"))["id"]
    await _befriend(scene)
    await in_parallel(_write(scene, number) for number in range(STATUSES - THREAD))
    root = await author.post("/api/v1/statuses", {"status": "Who brings the cake? #party"})
    latest = root
    for number, name in zip(range(THREAD - 1), itertools.cycle((READER, AUTHOR, *OTHERS)), strict=False):
        answered = latest if number % 3 else root
        words = f"Answer {number} in the thread about the cake, with some words of explanation."
        latest = await scene.people[name].post("/api/v1/statuses", {"status": words, "in_reply_to_id": answered["id"]})
    scene.ids |= {"thread": root["id"], "status": latest["id"]}
    own = [await reader.post("/api/v1/statuses", {"status": f"Number {number} of {READER}"}) for number in range(5)]
    await in_parallel(
        member.post(f"/api/v1/statuses/{status['id']}/favourite")
        for status in own
        for name, member in scene.people.items()
        if name != READER
    )
    await scene.settle()


async def _befriend(scene: Scene) -> None:
    """The reader follows everybody, here and elsewhere, and everybody follows the author."""
    scene.crowd.grow(REMOTE_ACTORS)
    reader = scene.people[READER]
    for name, member in scene.people.items():
        if name != READER:
            await reader.post(f"/api/v1/accounts/{scene.ids[name]}/follow")
        if name != AUTHOR:
            await member.post(f"/api/v1/accounts/{scene.ids[AUTHOR]}/follow")
    await in_parallel(meet(scene, peer.domain) for peer in scene.crowd.peers)
    await scene.settle()


async def meet(scene: Scene, domain: str) -> None:
    """The reader finds the actor of another server by its handle, and follows it."""
    reader = scene.people[READER]
    found = await reader.get("/api/v2/search", {"q": f"@{USER}@{domain}", "type": "accounts", "resolve": "true"})
    await reader.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")


async def in_parallel(work: Iterable[Any], at_once: int = _AT_ONCE) -> None:
    """Take all these steps, so many of them at a time."""
    places = asyncio.Semaphore(at_once)

    async def one(step: Any) -> None:  # noqa: ANN401 - any coroutine
        async with places:
            await step

    await asyncio.gather(*(one(step) for step in work))


async def _write(scene: Scene, number: int) -> None:
    if number % 12 == 0:
        await _receive(scene, number // 12 % REMOTE_ACTORS, number)
        return
    writer = scene.people[(AUTHOR, *OTHERS)[number % (1 + len(OTHERS))]]
    words = (
        f"Status {number}: what happened today, told at some length, so that it looks like what people write. #bench"
    )
    if number % 5 == 0:
        words += f" @{READER} should read this, too. #tag{number % 17}"
    data: dict[str, Any] = {"status": words}
    if number % 7 == 0:
        data["spoiler_text"] = "A warning"
    status = await writer.post("/api/v1/statuses", data)
    if number % 4 == 0:
        answer = {"status": f"An answer to number {number}", "in_reply_to_id": status["id"]}
        await scene.people[OTHERS[number % len(OTHERS)]].post("/api/v1/statuses", answer)
    for name in OTHERS[: number % 3]:
        await scene.people[name].post(f"/api/v1/statuses/{status['id']}/favourite")


async def _receive(scene: Scene, host: int, number: int) -> None:
    inbox = f"{scene.node.url}/inbox"
    headers, body = scene.crowd.sign(host, inbox, "Create", scene.crowd.note(host, f"From elsewhere, {number}"))
    async with scene.node.http() as http:
        (await http.post(inbox, headers=headers, content=body)).raise_for_status()


async def first_answer(http: httpx.AsyncClient) -> None:
    """Return when a node that was just started answers."""
    while True:
        with contextlib.suppress(httpx.TransportError):
            if (await http.get("/health")).is_success:
                return
        await asyncio.sleep(0.005)
