"""Members of a served node and users of a fake peer meet: they find and follow each other, and activities arrive."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

import httpx

from tests.node.fake_peer import ACTIVITY_JSON, FakePeer
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, success

PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
NUMBERS: Final = count(1)


async def deliver(server: NodeServer, peer: FakePeer, activity: dict[str, Any], *, by: str) -> None:
    """Send a signed activity to the shared inbox; it is taken."""
    message = peer.sign(f"{server.url}/inbox", activity, by=by)
    answer = await server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
    assert answer.status_code == 202, answer.text


async def send(working: WorkingServer, peer: FakePeer, kind: str, object_: object, *, by: str, **members: Any) -> None:  # noqa: ANN401 - JSON
    """Send an activity by a user of the peer, and wait until it has had its effect."""
    activity = peer.activity(kind, peer.actor(by), object_, next(NUMBERS)) | members
    await deliver(working.server, peer, activity, by=by)
    await working.settle()


async def be_followed(working: WorkingServer, peer: FakePeer, name: str, target: Member) -> None:
    """A user of the peer follows a member, who lets everybody in."""
    followed = f"{working.server.url}/users/{target.user.username}"
    await send(working, peer, "Follow", followed, by=name)


async def find(member: Member, address: str) -> dict[str, Any]:
    """The account with a handle or address, asked of its server."""
    params = {"q": address, "type": "accounts", "resolve": "true"}
    (found,) = success(await member.api.get("/api/v2/search", params=params))["accounts"]
    account: dict[str, Any] = found
    return account


async def find_status(member: Member, uri: str) -> dict[str, Any] | None:
    """The status with an address, asked of its server; None when it cannot be had."""
    params = {"q": uri, "type": "statuses", "resolve": "true"}
    found = success(await member.api.get("/api/v2/search", params=params))["statuses"]
    return next(iter(found), None)


async def follow_remote(working: WorkingServer, member: Member, peer: FakePeer, name: str) -> dict[str, Any]:
    """A member follows a user of the peer, who accepts; the account."""
    account = await find(member, peer.actor(name))
    success(await member.api.post(f"/api/v1/accounts/{account['id']}/follow"))
    asked = await peer.wait_for("Follow", peer.actor(name))
    await send(working, peer, "Accept", asked["id"], by=name)
    return account


def add_note(peer: FakePeer, by: str = "fred", **changes: object) -> str:
    """The address of a new public note by a user of the peer; ``changes`` replace its members."""
    number = next(NUMBERS)
    path = f"/notes/{number}"
    peer.documents[path] = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{peer.url}{path}",
        "type": "Note",
        "attributedTo": peer.actor(by),
        "content": f"<p>Note {path}</p>",
        "published": (datetime(2026, 1, 5, tzinfo=UTC) + timedelta(seconds=number)).isoformat(),
        "to": [PUBLIC],
        **changes,
    }
    return f"{peer.url}{path}"


async def fetch(server: NodeServer, address: str, **headers: str) -> httpx.Response:
    """A document of the node, asked for without a signature unless ``headers`` bring one."""
    return await server.anonymous.get(address, headers={"Accept": ACTIVITY_JSON, **headers})


async def signed_fetch(server: NodeServer, peer: FakePeer, address: str, *, by: str) -> httpx.Response:
    """A document of the node, asked for by a user of the peer."""
    return await fetch(server, address, **peer.sign_get(address, by=by))
