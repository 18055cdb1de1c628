"""Documents of other servers, fetched on behalf of the node, signed by its own actor.

Every fetch asks ``policy`` about each host on its way before it is contacted (S15), costs one unit of a budget (S28),
and is kept only if its id is where it was found, else it is fetched again from there (S1).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from federation import origin, parse
from federation.actors import Actor
from federation.addresses import check_url
from federation.client import Document
from federation.discovery import FoundActor, Handle
from federation.errors import FetchError, MalformedDocument, OriginMismatch, PeerAnswered, PeerUnreachable
from federation.keys import SigningKey
from federation.objects import Note, QuoteAuthorization
from federation.signatures import Scheme
from fedorg.activitypub import keyring, policy
from fedorg.domain.peers import Standing
from fedorg.errors import Forbidden
from fedorg.ids import AccountId
from fedorg.node import Node

FETCHES_MAX: Final = 20
_TOO_MANY_REQUESTS: Final = 429
_SERVER_FAULT: Final = 500


class BudgetSpent(Forbidden):
    """What one activity or one request may fetch is used up."""


@dataclass(slots=True)
class Budget:
    """How many fetches one cause may still make."""

    left: int = FETCHES_MAX
    heard: tuple[Handle, FoundActor] | None = None
    """The handle that the cause began with, and where it leads."""
    told_at: datetime | None = None
    """When the activity came in that is the cause; None for what is looked at by itself, as it is now."""

    def spend(self) -> None:
        """Count one fetch."""
        if self.left <= 0:
            raise BudgetSpent("It leads to more documents than this server fetches at a time")
        self.left -= 1


def is_temporary(problem: FetchError) -> bool:
    """Whether the same fetch may succeed later."""
    if isinstance(problem, PeerAnswered):
        return problem.status == _TOO_MANY_REQUESTS or problem.status >= _SERVER_FAULT
    return isinstance(problem, PeerUnreachable)


async def fetch_json(node: Node, uri: str, budget: Budget) -> tuple[str, parse.JsonObject]:
    """The final address and the document; raises ``FetchError``, ``MalformedDocument`` or ``Forbidden``."""
    budget.spend()
    scheme, signer = await _prepare(node, uri)
    # The first hop has been asked about with the rest; whatever follows is asked about when it comes.
    just_admitted = {check_url(uri, node.client.policy).url}

    async def admit(url: str) -> None:
        if url in just_admitted:
            just_admitted.remove(url)
        else:
            await _admit(node, url)

    document = await node.client.admitting(admit).fetch_document(uri, signer=signer, scheme=scheme)
    return document.final_url, _object(document)


async def _prepare(node: Node, uri: str) -> tuple[Scheme, SigningKey]:
    """How to sign for the server of an address, and with what, from one look; ``NotAdmitted`` for a no."""
    _require_foreign(node, uri)
    admit, peer = policy.admission(node, (uri,), policy.Matter.CONTENT), policy.domain(node, uri)

    def unit(conn: Connection) -> tuple[Standing, tuple[AccountId, frozenset[str]] | None]:
        return admit(conn)[peer], keyring.node_key_ids(conn, node)

    standing, key_ids = await node.glance(unit)
    scheme = Scheme(standing.signature_scheme) if standing.signature_scheme else Scheme.RFC9421
    return scheme, await keyring.node_key_among(node, key_ids)


async def fetch_resource(node: Node, uri: str, budget: Budget) -> Actor | Note:
    """The actor or note at an address, or at the id that the document there gives itself."""
    final_url, value = await _fetch_value(node, uri, budget)
    if not _is_at(node, value.id, final_url):
        if not origin.same_origin(value.id, final_url):
            raise OriginMismatch(f"{final_url} calls itself {value.id}, which belongs to another server.")
        final_url, value = await _fetch_value(node, value.id, budget)
    origin.check_fetched(value.id if _is_at(node, value.id, final_url) else final_url, value)
    return value


async def fetch_actor(node: Node, uri: str, budget: Budget) -> Actor:
    """The actor at an address; raises ``MalformedDocument`` when it is something else."""
    value = await fetch_resource(node, uri, budget)
    if not isinstance(value, Actor):
        raise MalformedDocument(f"{uri} is not an actor")
    return value


async def fetch_note(node: Node, uri: str, budget: Budget) -> Note:
    """The note at an address; raises ``MalformedDocument`` when it is something else."""
    value = await fetch_resource(node, uri, budget)
    if not isinstance(value, Note):
        raise MalformedDocument(f"{uri} is not a status")
    return value


async def _admit(node: Node, url: str) -> None:
    _require_foreign(node, url)
    await policy.require_admitted(node, (url,))


def _require_foreign(node: Node, url: str) -> None:
    if node.uris.is_ours(url):
        raise OriginMismatch(f"{url} is an address of this server")


async def fetch_quote_authorization(node: Node, uri: str, budget: Budget) -> QuoteAuthorization:
    """The stamp at an address, which must be its id (S52); raises ``MalformedDocument`` when it is something else."""
    final_url, document = await fetch_json(node, uri, budget)
    value = parse.resource(document)
    if not isinstance(value, QuoteAuthorization):
        raise MalformedDocument(f"{uri} allows no quote")
    if not _is_at(node, value.id, final_url):
        raise OriginMismatch(f"{final_url} calls itself {value.id}.")
    origin.check_fetched(uri, value)
    return value


async def _fetch_value(node: Node, uri: str, budget: Budget) -> tuple[str, Actor | Note]:
    final_url, document = await fetch_json(node, uri, budget)
    value = parse.resource(document)
    if not isinstance(value, Actor | Note):
        raise MalformedDocument(f"{uri} is neither an account nor a status")
    return final_url, value


def _object(document: Document) -> parse.JsonObject:
    if not isinstance(document.json, dict):
        raise MalformedDocument(f"{document.final_url} is not a JSON object")
    return document.json


def _is_at(node: Node, identity: str, final_url: str) -> bool:
    """Whether an id, written the way it is requested, is that address."""
    return check_url(identity, node.client.policy).url == final_url and "#" not in identity
