"""A node that runs its jobs, and a peer that says to it whatever a test wants, on both engines."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from federation.signatures import Scheme
from fedorg.node import Node
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, run_jobs, success

NUMBERS: Final = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """The node and the peer."""

    working: WorkingServer
    peer: FakePeer

    @property
    def server(self) -> NodeServer:
        """The node's server."""
        return self.working.server

    @property
    def node(self) -> Node:
        """The node itself."""
        return self.server.node

    def add(self, name: str, /, **changes: object) -> str:
        """A user of the peer, ``changes`` in the actor document; its id."""
        uri = self.peer.add_user(name)
        self.peer.documents[f"/users/{name}"] |= changes
        return uri

    async def say(self, kind: str, by: str, object_: object, **more: object) -> dict[str, Any]:
        """Deliver an activity of a user of the peer and wait for what comes of it; the activity."""
        activity = self.peer.activity(kind, self.peer.actor(by), object_, next(NUMBERS)) | more
        await self.deliver(activity, by)
        return activity

    async def deliver(self, activity: Mapping[str, Any], by: str) -> None:
        """Deliver an activity as it is, signed by a user of the peer, and wait for what comes of it."""
        answer = await self.post(activity, by)
        assert answer == 202, answer
        await self.working.settle()

    async def post(self, activity: Mapping[str, Any], by: str, *, key_name: str = "", key_id: str = "") -> int:
        """The status that the node answers a delivery with."""
        inbox = f"{self.server.url}/inbox"
        message = self.peer.sign(
            inbox, activity, by=by, key_name=key_name, key_id=key_id, scheme=Scheme.RFC9421, at=self.server.clock()
        )
        answer = await self.server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
        return answer.status_code

    async def find(self, member: Member, name: str) -> dict[str, Any]:
        """The account of a user of the peer, as a member finds it by its handle."""
        query = {"q": f"@{name}@{self.peer.domain}", "type": "accounts", "resolve": "true"}
        (found,) = success(await member.api.get("/api/v2/search", params=query))["accounts"]
        return dict(found)

    def actor(self, member: Member) -> str:
        """The identity of a member."""
        return self.node.uris.actor(member.user.username)

    def ignored(self, kind: str) -> float:
        """How many activities of a type were ignored."""
        return self._count(kind, "ignored")

    def handled(self, kind: str) -> float:
        """How many activities of a type took effect."""
        return self._count(kind, "handled")

    def _count(self, kind: str, outcome: str) -> float:
        labels = {"type": kind, "outcome": outcome}
        return self.node.metrics.registry.get_sample_value("fedorg_activities_total", labels) or 0


@asynccontextmanager
async def meet(server: NodeServer) -> AsyncIterator[Meeting]:
    """A peer beside a node, whose jobs run until the block ends."""
    async with running_peer() as peer, run_jobs(server) as working:
        yield Meeting(working=working, peer=peer)
