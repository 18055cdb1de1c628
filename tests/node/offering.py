"""A server that looks like a node of another organisation, and offers partnerships."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.node.fake_peer import FakePeer, running_peer
from tests.node.serving import NodeServer

PARTNERSHIP: Final = "https://w3id.org/fedorg/ns#Partnership"


@asynccontextmanager
async def running_stranger(host: str = "localhost") -> AsyncIterator[FakePeer]:
    """A server that nobody knows; the user ``node`` speaks for it."""
    async with running_peer(host) as running:
        running.add_user("node")
        running.documents["/users/node"]["type"] = "Application"
        running.handles[f"{running.url}/"] = running.actor("node")
        yield running


def offer_of(peer: FakePeer, server: NodeServer, number: int, *, by: str = "node", **changes: object) -> dict[str, Any]:
    """An offer as a node would make it."""
    own = peer.actor(by)
    relationship = {
        "id": f"{peer.url}/partnerships/{number}",
        "type": "Relationship",
        "subject": own,
        "object": f"{server.url}/actor",
        "relationship": PARTNERSHIP,
        "tier": "partner",
        "largestReach": "partners",
        **changes,
    }
    target = {"target": f"{server.url}/actor"}
    return peer.activity("Offer", own, relationship, number) | {"id": f"{relationship['id']}#offer"} | target


async def post(server: NodeServer, peer: FakePeer, activity: dict[str, Any], *, by: str = "node") -> int:
    """The status an activity is answered with."""
    message = peer.sign(f"{server.url}/inbox", activity, by=by, at=server.clock())
    return (await server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))).status_code
