"""The traps of HTTP clients, seen at the other end of the wire: what is signed, what is sent, what may have arrived."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote

import pytest

from federation.keys import VerificationKey, load_public_pem, public_to_pem
from federation.signatures import read, verify
from tests.federation.wire import Received, http, peer
from tests.node.attacks.ground import Ground
from tests.node.fake_peer import key
from tests.node.talking import success

pytestmark = pytest.mark.asyncio(loop_scope="module")

ODD: Final = (
    "/@a%40b.example/%7Ealice",
    "/users/1?",
    "/users/1?page=1&q=%C3%BC%20x+y",
    "/users/%2e%2e/%2F%2f",
    "//double//slash/",
    "/a/../b",
    "/;p=1,(x)!$'*:@|^[]",
    "?only=query",
)


async def key_of_the_node(ground: Ground) -> VerificationKey:
    """What a peer reads in the document of the node's actor."""
    document = (await ground.server.anonymous.get("/actor")).json()
    shown = document["publicKey"]
    return VerificationKey(key_id=shown["id"], owner=shown["owner"], public=load_public_pem(shown["publicKeyPem"]))


def assert_signed_as_sent(received: Received, base: str, node_key: VerificationKey, now: datetime) -> None:
    """The request line that came is the one that was signed, to the byte."""
    request = received.as_request(base)
    claim = read(request)
    verified = verify(claim, request, VerificationKey(key_id=claim.key_id, owner="x", public=node_key.public), now=now)
    assert verified.key_id == node_key.key_id
    assert received.headers.single("accept-encoding") == "identity"


@pytest.mark.parametrize("path", ODD)
async def test_s22_what_is_signed_is_what_is_sent(ground: Ground, path: str) -> None:
    """S22: no layer rewrites an odd path after it was signed: the peer verifies what stands on the wire."""
    node_key = await key_of_the_node(ground)
    async with peer(lambda _: http(404)) as other:
        await ground.status(f"{other.http}{path}", resolve=True)

    assert other.received
    for received in other.received:
        assert_signed_as_sent(received, other.http, node_key, datetime.now(UTC))


class Inbox:
    """A server with one user, whose inbox has an odd address and does what a test says."""

    def __init__(self) -> None:
        self.base = ""
        self.taken: list[Received] = []
        self.cut = 0
        """How many deliveries are read and then left without an answer."""

    def answer(self, received: Received) -> bytes:
        """What a peer says."""
        if received.line.startswith("POST"):
            self.taken.append(received)
            if self.cut:
                self.cut -= 1
                return b""
            return http(202)
        return http(200, json.dumps(self._document(received.target)).encode(), **self._type(received.target))

    def _type(self, target: str) -> dict[str, str]:
        return {"content_type": "application/jrd+json"} if target.startswith("/.well-known/") else {}

    def _document(self, target: str) -> dict[str, Any]:
        actor = f"{self.base}/users/ines"
        if target.startswith("/.well-known/webfinger"):
            subject = unquote(target.partition("resource=")[2])
            link = {"rel": "self", "type": "application/activity+json", "href": actor}
            return {"subject": subject, "links": [link]}
        return {
            "id": actor,
            "type": "Person",
            "preferredUsername": "ines",
            "inbox": f"{self.base}/in%40box/%7Eines?x=1&y=%20",
            "publicKey": {
                "id": f"{actor}#main-key",
                "owner": actor,
                "publicKeyPem": public_to_pem(key("mallory").public_key()),
            },
        }


async def until(ground: Ground, inbox: Inbox, count: int) -> None:
    """Wait for so many deliveries, letting the time pass for which the node waits."""
    async with asyncio.timeout(30):
        while len(inbox.taken) < count:
            ground.server.clock.advance(timedelta(seconds=20))
            await asyncio.sleep(0.05)


async def test_s22_what_may_have_arrived_is_sent_again_as_the_same(ground: Ground) -> None:
    """S22: a delivery that was read and not answered comes again, byte for byte; one that was answered does not.

    So a peer that did act on it takes the second for what it is.
    """
    inbox = Inbox()
    async with peer(inbox.answer) as other:
        inbox.base = other.http
        # The transport itself tries a kept connection twice.
        inbox.cut = 2
        account = await ground.account(f"{inbox.base}/users/ines")
        assert account is not None
        success(await ground.alice.api.post(f"/api/v1/accounts/{account['id']}/follow"))
        await until(ground, inbox, 3)
        # Nothing more comes, however long one waits.
        ground.server.clock.advance(timedelta(days=1))
        await ground.posted("Something else")

    bodies = Counter(received.body for received in inbox.taken)
    assert len(bodies) == 1
    assert json.loads(inbox.taken[0].body)["type"] == "Follow"
    assert len(inbox.taken) == 3
    assert inbox.taken[-1].target == "/in%40box/%7Eines?x=1&y=%20"
