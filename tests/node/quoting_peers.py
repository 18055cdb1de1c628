"""Peers that quote and are quoted: their notes, stamps and requests, and what members here see of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import httpx

from tests.node.fake_peer import ACTIVITY_JSON, FakePeer, running_peer
from tests.node.serving import Member
from tests.node.talking import WorkingServer, entity, success

PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
CONTEXT: Final[list[Any]] = [
    "https://www.w3.org/ns/activitystreams",
    {
        "gts": "https://gotosocial.org/ns#",
        "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
        "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
        "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
        "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
        "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
        "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
        "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
        "quoteAuthorization": {"@id": "https://w3id.org/fep/044f#quoteAuthorization", "@type": "@id"},
        "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
        "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
        "reach": "https://w3id.org/fedorg/ns#reach",
    },
]
ANYBODY: Final = {"canQuote": {"automaticApproval": [PUBLIC]}}

_NUMBERS: Final = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoting:
    """A node with alice and bert, and peers with users of their own: fred's and gina's."""

    working: WorkingServer
    alice: Member
    bert: Member
    freds: FakePeer
    ginas: FakePeer

    @property
    def url(self) -> str:
        """Where the node is."""
        return self.working.server.url

    @property
    def fred(self) -> str:
        """Somebody of one peer."""
        return self.freds.actor("fred")

    @property
    def gina(self) -> str:
        """Somebody of the other."""
        return self.ginas.actor("gina")

    async def send(self, peer: FakePeer, by: str, kind: str, object_: object, **fields: Any) -> httpx.Response:  # noqa: ANN401 - JSON
        """Deliver an activity of ``by``, and wait until it was handled."""
        activity = peer.activity(kind, peer.actor(by), object_, next(_NUMBERS)) | {"@context": CONTEXT} | fields
        message = peer.sign(f"{self.url}/inbox", activity, by=by)
        answer = await self.working.server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
        await self.working.settle()
        return answer

    async def fetch(self, uri: str, peer: FakePeer | None = None, by: str = "") -> httpx.Response:
        """What the node gives to somebody unknown, or to a user of a peer who signs."""
        headers = {"Accept": ACTIVITY_JSON} if peer is None else peer.sign_get(uri, by=by)
        return await self.working.server.anonymous.get(uri, headers=headers)

    async def find(self, uri: str, reader: Member | None = None) -> Any:  # noqa: ANN401 - JSON
        """The status at an address as somebody finds it by search."""
        query = {"q": uri, "type": "statuses", "resolve": "true"}
        found = success(await (reader or self.alice).api.get("/api/v2/search", params=query))
        await self.working.settle()
        (status,) = found["statuses"]
        return entity(await (reader or self.alice).api.get(f"/api/v1/statuses/{status['id']}"), "Status")

    async def state(self, uri: str) -> str:
        """How the quote in a status stands; nothing of what it quotes may be shown unless it is accepted."""
        quote = (await self.find(uri))["quote"]
        assert (quote["quoted_status"] is not None) == (quote["state"] == "accepted")
        return str(quote["state"])

    async def ask(self, quoted: str, note: dict[str, Any] | str, **fields: Any) -> httpx.Response:  # noqa: ANN401 - JSON
        """Fred asks whether he may quote."""
        return await self.send(self.freds, "fred", "QuoteRequest", quoted, instrument=note, **fields)

    async def follow(self, peer: FakePeer, by: str, target: Member) -> None:
        """A user of a peer follows a member."""
        uri = f"{self.url}/users/{target.user.username}"
        await self.send(peer, by, "Follow", uri)
        await peer.wait_for("Accept", uri)

    async def befriend(self, member: Member, uri: str, peer: FakePeer, by: str) -> None:
        """A member follows a user of a peer, who accepts."""
        found = success(
            await member.api.get("/api/v2/search", params={"q": uri, "type": "accounts", "resolve": "true"})
        )
        await member.api.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")
        asked = await peer.wait_for("Follow", f"/users/{member.user.username}")
        await self.send(peer, by, "Accept", asked)


@asynccontextmanager
async def running_quoting(working: WorkingServer) -> AsyncIterator[Quoting]:
    """The node with its two members, and both peers."""
    async with running_peer() as freds, running_peer() as ginas:
        for peer, names in ((freds, ("fred", "frida")), (ginas, ("gina", "georg"))):
            for name in names:
                peer.add_user(name)
        alice, bert = await working.person("alice"), await working.person("bert")
        yield Quoting(working=working, alice=alice, bert=bert, freds=freds, ginas=ginas)


def note(peer: FakePeer, by: str, content: str = "Hello", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A note of a user of a peer, served there too."""
    path = f"/notes/{next(_NUMBERS)}"
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "id": f"{peer.url}{path}",
        "type": "Note",
        "attributedTo": peer.actor(by),
        "content": f"<p>{content}</p>",
        "published": "2026-03-01T11:00:00Z",
        "to": [PUBLIC],
        **fields,
    }
    peer.documents[path] = made
    return made


def stamp(peer: FakePeer, by: str, quoting: str, quoted: str, **fields: Any) -> str:  # noqa: ANN401 - JSON
    """A stamp of a user of a peer, served there; its address."""
    path = f"/stamps/{next(_NUMBERS)}"
    peer.documents[path] = {
        "@context": CONTEXT,
        "id": f"{peer.url}{path}",
        "type": "QuoteAuthorization",
        "attributedTo": peer.actor(by),
        "interactingObject": quoting,
        "interactionTarget": quoted,
        **fields,
    }
    return f"{peer.url}{path}"
