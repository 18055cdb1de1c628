"""Requests signed with the keys of a node, made by hand: what a server could try that its software never does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import httpx
import msgspec

from federation.addresses import AddressPolicy
from federation.client import Client
from federation.delivery import Delivered, Outcome, Refused, Retry
from federation.errors import PeerAnswered
from federation.keys import SigningKey, load_private
from tests.fediverse import ledger
from tests.fediverse.nodes import RunningNode

_NUMBERS: Final = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """An actor of a node, whose requests are signed truly."""

    actor: str
    key: SigningKey
    client: Client

    async def get(self, url: str) -> int:
        """The status of a signed GET."""
        try:
            await self.client.fetch_document(url, signer=self.key)
        except PeerAnswered as problem:
            return problem.status
        return httpx.codes.OK

    async def post(self, inbox: str, kind: str, object_: Any, **more: Any) -> int:  # noqa: ANN401 - JSON
        """The status of an activity of the actor's, delivered once."""
        activity = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{self.actor}#by-hand/{next(_NUMBERS)}",
            "type": kind,
            "actor": self.actor,
            "object": object_,
        } | more
        return _status(await self.client.deliver(inbox, msgspec.json.encode(activity), self.key))


@asynccontextmanager
async def speaking_as(node: RunningNode, path: str) -> AsyncIterator[Voice]:
    """The voice of the actor at a path of a node, such as ``/actor`` or ``/users/anna``."""
    actor = f"{node.url}{path}"
    key_id, private = ledger.private_key(node, actor)
    policy = AddressPolicy(allow_http_loopback=True)
    authority = node.tls.authority if node.tls else None
    async with Client(policy, "tests", now=lambda: datetime.now(UTC), ca_file=authority) as client:
        yield Voice(actor=actor, key=SigningKey(key_id=key_id, private=load_private(private.encode())), client=client)


def _status(outcome: Outcome) -> int:
    match outcome:
        case Delivered():
            return outcome.status
        case Refused() | Retry() if outcome.status is not None:
            return outcome.status
        case _:
            raise AssertionError(f"no answer: {outcome}")
