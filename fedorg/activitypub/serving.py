"""What other servers may fetch: our actors and statuses, each for whoever asks.

Everything below public is shown only to a proven signer whose server lies inside the reach and who passes the
visibility; absent and invisible are the same answer (S47). How much is told to those who prove nothing is a setting;
the node's own actor, and the keys of the others, always are: servers need them to verify our own signatures, and would
ask each other for keys without end.
"""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from federation import render
from federation.activities import Announce, Create
from federation.errors import FederationError
from federation.objects import Note, QuoteAuthorization, Tombstone
from federation.signatures import Request, named_key_id
from fedorg import log
from fedorg.activitypub import documents, granting, local, policy, proofs, signed
from fedorg.activitypub.policy import Matter, NotAdmitted
from fedorg.activitypub.signed import Signer
from fedorg.domain.accounts import Account, AccountKey
from fedorg.domain.ceilings import UNLIMITED, Ceilings
from fedorg.domain.statuses import Status, StatusView
from fedorg.domain.visibility import FederationMode, Reach
from fedorg.errors import NotFound, Unauthorized
from fedorg.ids import QuoteId, StatusId
from fedorg.node import Node
from fedorg.services import quotes, statuses
from fedorg.store import accounts, keys, peers
from fedorg.store import statuses as stored_statuses

logger = log.get_logger()


async def signer_of(node: Node, request: Request) -> Signer | None:
    """Who asks for a status or a list, proven; None for somebody who proves nothing.

    Raises ``Forbidden`` for a server not spoken with, ``Unauthorized`` where this node answers signed requests only,
    whatever is asked for.
    """
    signer = await find_signer(node, request)
    if signer is None and node.settings.unsigned_fetch != "public":
        raise Unauthorized("This server answers signed requests only")
    return signer


async def find_signer(node: Node, request: Request, matter: Matter = Matter.CONTENT) -> Signer | None:
    """Who asks, proven; None for somebody who proves nothing. Raises ``Forbidden`` for a server not spoken with."""
    if "signature" not in request.headers.lines:
        return None
    try:
        signer = await signed.verify(node, request, matter)
    except FederationError as problem:
        logger.info("fetch.unproven", reason=str(problem))
        return None
    return signer if signer.account.suspended_at is None else None


async def claimed_ceilings(node: Node, request: Request) -> Ceilings:
    """What is granted to the server a request claims to come from: whoever claims another's gets no more by it.

    Raises ``Forbidden`` for one this node does not speak with.
    """
    lines = request.headers.lines
    name = claimed_domain(node, (*lines.get("signature-input", ()), *lines.get("signature", ())))
    if name is None:
        return UNLIMITED
    standing = (await node.read(peers.standings, (name,)))[name]
    if not standing.is_admitted(policy.mode_of(node)):
        raise NotAdmitted(name)
    return standing.ceilings


def claimed_domain(node: Node, lines: Iterable[str]) -> str | None:
    """The server that the headers of a signature name, ``Signature-Input`` first; None for this one, or for none."""
    key_id = named_key_id(lines)
    try:
        return None if key_id is None or node.uris.is_ours(key_id) else policy.domain(node, key_id)
    except FederationError as problem:
        logger.info("fetch.unproven", reason=str(problem))
        return None


async def get_local(node: Node, username: str) -> Account:
    """The local account of that name, as long as this node federates at all."""
    account = await local.find_account(node, node.uris.actor(username))
    if account is None or policy.mode_of(node) is FederationMode.CLOSED:
        raise NotFound
    return account


async def find_tombstone(node: Node, uri: str) -> bytes | None:
    """What stands in the place of a local account that left; None for every other address."""
    account = await node.read(accounts.find_by_uri, uri)
    if account is None or not account.is_local or account.deleted_at is None:
        return None
    return render.to_bytes(Tombstone(id=uri, former_type=account.actor_type.value, deleted=account.deleted_at))


async def actor_document(node: Node, uri: str, ceilings: Ceilings = UNLIMITED) -> bytes:
    """A local account, or the node's own actor, as far as it is granted to whoever asks."""
    account, held = await _get_actor(node, uri)
    return render.to_bytes(granting.actor_granted(documents.actor(account, held, node.uris), ceilings))


async def key_document(node: Node, uri: str) -> bytes:
    """As little of a local account as it takes to verify what it signs."""
    account, held = await _get_actor(node, uri)
    return render.to_bytes(documents.key_bearer(account, held))


async def _get_actor(node: Node, uri: str) -> tuple[Account, tuple[AccountKey, ...]]:
    def unit(conn: Connection) -> tuple[Account, tuple[AccountKey, ...]] | None:
        account = accounts.find_by_uri(conn, uri)
        return None if account is None else (account, keys.list_of_account(conn, account.id))

    found = await node.read(unit)
    if found is None or not local.is_served(node, found[0]) or policy.mode_of(node) is FederationMode.CLOSED:
        raise NotFound
    return found


async def note_document(node: Node, username: str, status_id: StatusId, signer: Signer | None) -> bytes:
    """A local status."""
    view = await _get_view(node, username, status_id, signer)
    if view.reblog is not None:
        return await proofs.sealed(node, view.account.id, documents.announce(view, view.reblog.status, node.uris))
    note = documents.note(view, node.uris)
    narrowed = note if signer is None else granting.note_granted(note, signer.ceilings)
    return await proofs.sealed(node, view.account.id, note) if narrowed == note else render.to_bytes(narrowed)


async def activity_document(node: Node, username: str, status_id: StatusId, signer: Signer | None) -> bytes:
    """The Create or Announce that brought a local status."""
    view = await _get_view(node, username, status_id, signer)
    activity = activity_of(node, view)
    narrowed = granted(activity, signer)
    return await proofs.sealed(node, view.account.id, activity) if narrowed == activity else render.to_bytes(narrowed)


async def quote_authorization(node: Node, username: str, quote_id: QuoteId, signer: Signer | None) -> bytes:
    """The stamp by which a local account lets somebody quote it, for whoever may see what is quoted."""
    author = await get_local(node, username)
    found = await quotes.find_stamped(node, author, quote_id)
    if found is None or not await _may_see(node, found[1], signer):
        raise NotFound
    quote, quoted, quoting_uri = found
    if signer is not None:
        await quotes.remember_holder(node, quote.id, signer.account)
    stamp = QuoteAuthorization(
        id=node.uris.quote_authorization(author.uri, quote.id),
        attributed_to=author.uri,
        interacting_object=quoting_uri,
        interaction_target=quoted.uri,
    )
    return render.to_bytes(stamp)


async def get_status(node: Node, username: str, status_id: StatusId, signer: Signer | None) -> Status:
    """A local status; ``NotFound`` when it is absent, somebody else's, or not for whoever asks."""
    account = await get_local(node, username)
    status = await node.read(stored_statuses.find_whole, status_id)
    if status is None or status.account_id != account.id or not await _may_see(node, status, signer):
        raise NotFound
    return status


async def _get_view(node: Node, username: str, status_id: StatusId, signer: Signer | None) -> StatusView:
    status = await get_status(node, username, status_id, signer)
    return await statuses.get_view(node, status.account_id, status_id)


async def _may_see(node: Node, status: Status, signer: Signer | None) -> bool:
    if status.audience.reach is Reach.NODE:
        return False
    if signer is None:
        return documents.is_open(status)
    return await statuses.may_peer_see(node, status, signer.domain, signer.account.uri)


def activity_of(node: Node, view: StatusView) -> Create | Announce:
    """What brought a local status."""
    if view.reblog is not None:
        return documents.announce(view, view.reblog.status, node.uris)
    return documents.create(view, node.uris)


def granted(activity: Create | Announce, signer: Signer | None) -> Create | Announce:
    """The same as far as it is granted to the server that asks: without the files it may not have."""
    if signer is None or not isinstance(activity, Create) or not isinstance(activity.object, Note):
        return activity
    return replace(activity, object=granting.note_granted(activity.object, signer.ceilings))
