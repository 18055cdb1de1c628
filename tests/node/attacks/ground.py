"""The ground attacks are fought on: one running node with a member, Alice, and everything strangers can reach of it.

An attack comes in by the node's own doors; whether it did anything is asked by Alice's client, at the fake peers, and
in the list of activities that were taken.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.store.tables import seen_activities
from tests.databases import SqliteFiles
from tests.node.attacks.raw import close
from tests.node.fake_peer import FakePeer, Message
from tests.node.serving import Changes, Member, NodeServer, serve_node
from tests.node.talking import WorkingServer, post, refusal, run_jobs, success

PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
NUMBERS: Final = count(1)
# For attacks that end in the store, which each engine may refuse or keep in its own way.
ON_BOTH_ENGINES: Final = pytest.mark.parametrize("ground", ["sqlite", "postgresql"], indirect=True, scope="module")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A served node that runs its jobs, and a member of it."""

    working: WorkingServer
    alice: Member

    @property
    def server(self) -> NodeServer:
        """The node and its clock."""
        return self.working.server

    @property
    def url(self) -> str:
        """The node's address."""
        return self.server.url

    @property
    def inbox(self) -> str:
        """The shared inbox."""
        return f"{self.url}/inbox"

    @property
    def alice_uri(self) -> str:
        """Alice's identity."""
        return f"{self.url}/users/alice"

    async def post(self, message: Message, path: str = "/inbox") -> httpx.Response:
        """What the inbox says to a message."""
        headers = [(name.encode(), value.encode()) for name, value in message.headers.items()]
        return await self.server.anonymous.post(path, content=message.body, headers=headers)

    async def send(self, peer: FakePeer, activity: dict[str, Any], by: str = "mallory") -> None:
        """Somebody of a peer sends an activity under their own name; it is taken, and handled."""
        answer = await self.post(peer.sign(self.inbox, activity, by=by))
        assert answer.status_code == 202, answer.text
        await self.working.settle()

    async def do(self, peer: FakePeer, kind: str, object_: object, by: str = "mallory", **fields: Any) -> None:  # noqa: ANN401 - JSON
        """The same, for an activity of this kind."""
        await self.send(peer, peer.activity(kind, peer.actor(by), object_, next(NUMBERS)) | fields, by)

    async def create(self, peer: FakePeer, by: str = "mallory", **fields: Any) -> str:  # noqa: ANN401 - JSON
        """Somebody of a peer posts a status that names Alice; its identity."""
        made = note(peer, by, **{"to": [PUBLIC, self.alice_uri], **fields})
        await self.do(peer, "Create", made, by)
        return str(made["id"])

    async def assert_refused(self, message: Message, *statuses: int) -> None:
        """The inbox refuses with one of these statuses in Mastodon's form, and takes nothing."""
        before = await self.taken()
        answer = await self.post(message)
        assert answer.status_code in statuses, (answer.status_code, answer.text)
        assert refusal(answer, answer.status_code)
        assert await self.taken() == before

    async def raw(self, data: bytes, seconds: float = 30) -> bytes:
        """What the node answers to bytes on its socket, until it closes or says no more."""
        address = urlsplit(self.url)
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
        async with asyncio.timeout(seconds):
            with contextlib.suppress(ConnectionError):
                writer.write(data)
                await writer.drain()
            answer = await reader.read()
        await close(writer)
        return answer

    async def taken(self) -> int:
        """How many activities were ever taken."""

        def unit(conn: Connection) -> int:
            return conn.execute(sa.select(sa.func.count()).select_from(seen_activities)).scalar_one()

        return await self.server.node.read(unit)

    async def status(self, uri: str, *, resolve: bool = False) -> dict[str, Any] | None:
        """The status with an identity as Alice finds it; ``resolve`` lets the node ask for it."""
        asked = {"q": uri, "type": "statuses", "resolve": str(resolve).lower()}
        found = success(await self.alice.api.get("/api/v2/search", params=asked))
        return next(iter(found["statuses"]), None)

    async def account(self, query: str) -> dict[str, Any] | None:
        """The account that Alice finds by a handle or an identity, asked elsewhere if need be."""
        asked = {"q": query, "type": "accounts", "resolve": "true"}
        found = success(await self.alice.api.get("/api/v2/search", params=asked))
        return next(iter(found["accounts"]), None)

    async def posted(self, text: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """A status of Alice."""
        made: dict[str, Any] = await post(self.alice, text, **fields)
        await self.working.settle()
        return made

    async def do_what_was_put_off(self) -> None:
        """Do what the node left for some seconds later, such as to ask what the server of a stranger runs."""
        self.server.clock.advance(timedelta(minutes=1))
        await self.working.settle()

    async def assert_well(self) -> None:
        """The node works: what Alice posts is there, and no job is left."""
        made = await self.posted("All is well")
        assert success(await self.alice.api.get(f"/api/v1/statuses/{made['id']}"))["content"] == "<p>All is well</p>"


def note(peer: FakePeer, by: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A note of somebody of a peer, served by it too."""
    path = f"/notes/{next(NUMBERS)}"
    made = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{peer.url}{path}",
        "type": "Note",
        "attributedTo": peer.actor(by),
        "content": "<p>Hello</p>",
        "to": [PUBLIC],
        **fields,
    }
    peer.documents[path] = made
    return made


@asynccontextmanager
async def take_ground(
    files: SqliteFiles, folder: Path, change: Changes | None = None, /, **settings: object
) -> AsyncIterator[Ground]:
    """A node on an SQLite database of its own."""
    async with open_ground(files.create_migrated(folder / "node.db"), folder, change, **settings) as ground:
        yield ground


@asynccontextmanager
async def open_ground(
    url: str, folder: Path, change: Changes | None = None, /, **settings: object
) -> AsyncIterator[Ground]:
    """A node on a new database; unless told so, it does not look at the pages that attacks link to."""
    settings = {"link_previews": False, **settings}
    async with serve_node(url, folder, change, **settings) as server, run_jobs(server) as working:
        yield Ground(working=working, alice=await server.person("alice"))
