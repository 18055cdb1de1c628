"""What clients say to a node that also runs its jobs, and what they hear on its streams."""

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpx
import sqlalchemy as sa
from PIL import Image
from sqlalchemy import Connection

from fedorg.domain.accounts import UserRole
from fedorg.jobs.worker import Worker
from fedorg.store.tables import deliveries, jobs
from tests.contract import assert_valid
from tests.node.serving import EVERYTHING, Member, NodeServer

WAIT_SECONDS: Final = 60.0
NOBODYS_ID: Final = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingServer:
    """A served node whose jobs are run."""

    server: NodeServer
    worker: Worker
    running: asyncio.Task[None]

    async def person(self, username: str, *, scopes: str = EVERYTHING, role: UserRole = UserRole.MEMBER) -> Member:
        """A new person with a client."""
        return await self.server.person(username, scopes=scopes, role=role)

    async def settle(self) -> None:
        """Wait until no job is left that was due: what happened has reached everybody on this node."""
        await self._until_empty(jobs)

    async def deliver_all(self) -> None:
        """Wait until every delivery was made."""
        await self._until_empty(deliveries)

    async def rest(self) -> None:
        """Run no job any more: what is asked of the database from now on, requests ask."""
        await self.worker.stop()
        await self.running

    async def _until_empty(self, queue: sa.Table) -> None:
        def count(conn: Connection) -> int:
            # What goes on is put back as due now, by a clock that is read after this one.
            soon = self.server.clock() + timedelta(seconds=1)
            due = sa.or_(queue.c.attempts > 0, queue.c.due_at <= soon)
            return conn.execute(sa.select(sa.func.count()).select_from(queue).where(due)).scalar_one()

        deadline = time.monotonic() + WAIT_SECONDS
        while await self.server.node.read(count):
            assert time.monotonic() < deadline, f"{queue.name} are left"
            await asyncio.sleep(0.01)


@asynccontextmanager
async def run_jobs(server: NodeServer) -> AsyncIterator[WorkingServer]:
    """Run the node's jobs until the block ends."""
    worker = Worker(server.node)
    working = WorkingServer(server=server, worker=worker, running=asyncio.create_task(worker.run()))
    try:
        yield working
    finally:
        await working.rest()


def entity(response: httpx.Response, schema: str) -> Any:  # noqa: ANN401 - JSON
    """The one entity in a successful answer, held against the description of Mastodon's API."""
    found = success(response)
    assert_valid(found, schema)
    return found


def entities(response: httpx.Response, schema: str) -> list[Any]:
    """The entities in a successful answer, likewise."""
    found: list[Any] = success(response)
    for one in found:
        assert_valid(one, schema)
    return found


def success(response: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    """The JSON of a successful answer."""
    assert response.status_code == 200, f"{response.request.method} {response.url}: {response.text}"
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    return response.json()


def refusal(response: httpx.Response, status: int) -> str:
    """The words of a refusal in Mastodon's form."""
    assert response.status_code == status, f"{response.request.method} {response.url}: {response.text}"
    document = response.json()
    assert_valid(document, "Error")
    return str(document["error"])


async def post(author: Member, text: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
    """Post a status; its entity."""
    return entity(await author.api.post("/api/v1/statuses", json={"status": text, **fields}), "Status")


async def follow(follower: Member, target: Member, **fields: Any) -> Any:  # noqa: ANN401 - JSON
    """Follow; the relationship."""
    return entity(await follower.api.post(f"/api/v1/accounts/{target.id}/follow", json=fields), "Relationship")


def contents(statuses: list[Any]) -> list[str]:
    """What they say, without the paragraph around it."""
    return [status["content"].removeprefix("<p>").removesuffix("</p>") for status in statuses]


def links(response: httpx.Response) -> Mapping[str, str]:
    """The addresses in the Link header by relation."""
    return {str(name): link["url"] for name, link in response.links.items()}


def picture(colour: str = "red", size: tuple[int, int] = (64, 48)) -> bytes:
    """A small PNG."""
    kept = io.BytesIO()
    Image.new("RGB", size, colour).save(kept, "PNG")
    return kept.getvalue()


async def upload(owner: Member, **fields: str) -> Any:  # noqa: ANN401 - JSON
    """Upload a picture; its entity."""
    answer = await owner.api.post("/api/v2/media", files={"file": ("picture.png", picture(), "image/png")}, data=fields)
    return entity(answer, "MediaAttachment")


class Events:
    """Server-sent events of one open stream."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def begin(self) -> None:
        """Wait for the first line: whatever happens from now on is heard."""
        async with asyncio.timeout(WAIT_SECONDS):
            assert await anext(self._lines) == ":)"

    async def next(self, seconds: float = WAIT_SECONDS) -> tuple[str, Any]:
        """The kind and the payload of the next event, heartbeats left out."""
        kind, data = await self._next(seconds)
        return kind, json.loads(data)

    async def next_kind(self) -> str:
        """The kind of the next event, whose payload may be nothing."""
        return (await self._next(WAIT_SECONDS))[0]

    async def _next(self, seconds: float) -> tuple[str, str]:
        async with asyncio.timeout(seconds):
            while True:
                kind = await anext(self._lines)
                if kind.startswith("event: "):
                    data = await anext(self._lines)
                    return kind.removeprefix("event: "), data.removeprefix("data: ")

    async def end(self, seconds: float) -> list[str]:
        """What still comes until the server ends the stream."""
        async with asyncio.timeout(seconds):
            return [line async for line in self._lines]


@asynccontextmanager
async def listening(client: httpx.AsyncClient, path: str, **params: str) -> AsyncIterator[Events]:
    """An open stream of server-sent events."""
    async with client.stream("GET", f"/api/v1/streaming/{path}", params=params) as response:
        assert response.status_code == 200, (await response.aread()).decode()
        assert response.headers["Content-Type"] == "text/event-stream"
        events = Events(response)
        await events.begin()
        yield events
