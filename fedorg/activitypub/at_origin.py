"""What others say about a status, looked up where it lives: only its own server is believed without a proof.

That a status is gone is believed only of one that everybody may read: of any other, "not found" may as well mean that
it is not for us.
"""

from http import HTTPStatus
from typing import Final

from federation import parse
from federation.errors import PeerAnswered
from federation.objects import Tombstone
from fedorg.activitypub import documents, fetching, notes
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.statuses import Status
from fedorg.node import Node
from fedorg.services import accounts, quotes, relationships, statuses
from fedorg.store import statuses as stored_statuses

_GONE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_UNKNOWN: Final = Ignored("the status is unknown here")


async def see_created(node: Node, uri: str, actor: str, answers: str, budget: Budget) -> Outcome:
    """Fetch and keep a new status, if it concerns somebody here."""
    if await statuses.is_told(node, uri):
        return Done()
    if not await _may_concern(node, actor, answers):
        return Ignored("it concerns nobody here")
    note = await fetching.fetch_note(node, uri, budget)
    if note.attributed_to != actor:
        return Ignored("its actor is not the author")
    status = await statuses.receive_status(node, await notes.to_remote_status(node, note, budget))
    return Ignored("not addressed to anyone here, or deleted before") if status is None else Done()


async def see_updated(node: Node, uri: str, budget: Budget) -> Outcome:
    """Fetch what a known status is now."""
    status = await _find_remote(node, uri)
    if status is None:
        return _UNKNOWN
    note = await fetching.fetch_note(node, uri, budget)
    if note.id != uri:
        return Ignored("it is another status now")
    edited = await statuses.receive_edit(node, await notes.to_remote_status(node, note, budget))
    return Ignored("what is known is as new") if edited is None else Done()


async def see_deleted(node: Node, uri: str, budget: Budget) -> Outcome:
    """Delete a known status if its server has it no more; a stamp of a quote is looked up likewise."""
    if await quotes.look_up_stamp(node, uri):
        return Done()
    status = await _find_remote(node, uri)
    if status is None:
        return _UNKNOWN
    if not documents.is_open(status):
        return Ignored("only its own server can say of what is not for everybody that it is gone")
    if not await _is_gone(node, uri, budget):
        return Ignored("its server still has it")
    author = await accounts.get_account(node, status.account_id)
    await statuses.receive_delete(node, author, uri)
    return Done()


async def _may_concern(node: Node, actor: str, answers: str) -> bool:
    if answers and await node.read(stored_statuses.find_by_address, answers) is not None:
        return True
    author = await accounts.find_by_uri(node, actor)
    return author is not None and await relationships.is_followed_here(node, author)


async def _find_remote(node: Node, uri: str) -> Status | None:
    return None if node.uris.is_ours(uri) else await statuses.find_by_uri(node, uri)


async def _is_gone(node: Node, uri: str, budget: Budget) -> bool:
    try:
        _, document = await fetching.fetch_json(node, uri, budget)
    except PeerAnswered as problem:
        if problem.status not in _GONE:
            raise
        return True
    value = parse.resource(document)
    return isinstance(value, Tombstone) and value.id == uri
