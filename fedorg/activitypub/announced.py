"""Activities that a community passes on to its followers (FEP-1b12: Lemmy, PieFed, NodeBB, Mbin, Friendica).

The community vouches for what is in it, its author for what is said: an announced activity is used when it carries a
proof, or comes from the community's own server, and else looked up where its object lives. What begins a thread shows
as a boost by the community, answers hang in their thread and are boosted by nobody. Moderators act on the community:
what they remove loses its boost, and goes only when its own server has it no more. Votes and the like change nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from federation import integrity, origin, parse
from federation.activities import Activity, Announce, Create, Delete, Update
from federation.audience import Addressing
from federation.errors import FederationError
from federation.objects import Note, Ref, UnknownObject
from fedorg import log
from fedorg.activitypub import actors, at_origin, documents, moments, notes, proofs, resolve
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.handlers.delete import handle_delete
from fedorg.activitypub.handlers.update import handle_update
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account, ActorType
from fedorg.domain.statuses import Status
from fedorg.errors import Forbidden
from fedorg.node import Node
from fedorg.services import interactions, relationships, statuses

_NOT_A_STATUS: Final = Ignored("what it passes on is about nothing this server shows")

logger = log.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Announced:
    """An activity that a community passes on; ``trusted`` is the same where its actor is known to have made it."""

    community: Account
    announce: Announce
    inner: Activity
    trusted: Activity | None
    budget: Budget


def is_activity(announced: object) -> bool:
    """Whether something is passed on that was done, rather than boosted."""
    return not isinstance(announced, Note | UnknownObject | Ref)


async def handle(
    node: Node, community: Account, announce: Announce, document: parse.JsonObject, budget: Budget
) -> Outcome:
    """Act on what a community passes on; only communities do."""
    inner = announce.object
    assert not isinstance(inner, Note | UnknownObject | Ref), "see is_activity"
    if community.actor_type is not ActorType.GROUP:
        return Ignored("only a community passes on what others do")
    rule = _RULES.get(type(inner))
    if rule is None:
        return Ignored(f"a {type(inner).__name__} in a community changes nothing here")
    trusted = await _trusted(node, announce, document)
    return await rule(
        node, _Announced(community=community, announce=announce, inner=inner, trusted=trusted, budget=budget)
    )


async def _trusted(node: Node, announce: Announce, document: parse.JsonObject) -> Activity | None:
    """The announced activity, if it is of the community's own server or proven."""
    own = origin.authorise(announce)
    if isinstance(own, Announce) and not isinstance(own.object, Note | UnknownObject | Ref):
        return own.object
    embedded = integrity.embedded(document)
    if embedded is None:
        return None
    try:
        proven, _ = await proofs.prove(node, dict(embedded))
        value = proven.value
        return origin.authorise(value) if isinstance(value, Create | Update | Delete) else None
    except (FederationError, Forbidden) as problem:
        logger.info("announced.unproven", reason=str(problem))
        return None


async def _create(node: Node, announced: _Announced) -> Outcome:
    assert isinstance(announced.inner, Create), "see _RULES"
    if isinstance(announced.inner.object, UnknownObject):
        return _NOT_A_STATUS
    known = await statuses.find_by_uri(node, announced.inner.object.id)
    if known is None and not await relationships.is_followed_here(node, announced.community):
        return Ignored("it concerns nobody here")
    status = known or await _new_status(node, announced, announced.inner.object.id)
    if status is None:
        return Ignored("what it passes on was deleted, or is not for everybody")
    if status.in_reply_to_uri is not None:
        return Done()
    return await _boost(node, announced, status)


async def _new_status(node: Node, announced: _Announced, uri: str) -> Status | None:
    created = announced.trusted
    if not isinstance(created, Create) or not isinstance(created.object, Note):
        return await resolve.get_status(node, uri, announced.budget)
    if created.object.is_vote or not proofs.is_for_many((*created.object.to, *created.object.cc)):
        return None
    remote = await notes.to_remote_status(node, created.object, announced.budget)
    return await statuses.record_fetched(node, remote)


async def _boost(node: Node, announced: _Announced, status: Status) -> Outcome:
    announce, community = announced.announce, announced.community
    if not documents.is_open(status):
        return Ignored("it is not for everybody")
    audience = notes.audience_of(node, Addressing(to=announce.to, cc=announce.cc), community)
    now = node.now()
    created_at = moments.past(announce.published or now, now)
    boost = await interactions.receive_reblog(node, community, announce.id, status, audience, created_at)
    return Ignored("it concerns nobody here") if boost is None else Done()


async def _update(node: Node, announced: _Announced) -> Outcome:
    inner, trusted = announced.inner, announced.trusted
    assert isinstance(inner, Update), "see _RULES"
    if not isinstance(inner.object, Note | Ref):
        return _NOT_A_STATUS
    if isinstance(trusted, Update) and isinstance(trusted.object, Note):
        author = await actors.get(node, trusted.actor, announced.budget)
        return await handle_update(node, author, trusted, announced.budget)
    if not await relationships.is_followed_here(node, announced.community):
        # A community nobody here follows makes this server ask nobody.
        return Ignored("it concerns nobody here")
    return await at_origin.see_updated(node, inner.object.id, announced.budget)


async def _delete(node: Node, announced: _Announced) -> Outcome:
    inner, trusted = announced.inner, announced.trusted
    assert isinstance(inner, Delete), "see _RULES"
    uri = inner.object.id
    if isinstance(trusted, Delete):
        author = await actors.get(node, trusted.actor, announced.budget)
        outcome = await handle_delete(node, author, trusted, announced.budget)
        if isinstance(outcome, Done):
            return outcome
    if await statuses.find_by_uri(node, uri) is None:
        return Ignored("the status is unknown here")
    is_removed = await interactions.receive_unreblog(node, announced.community, uri)
    if not is_removed and not await relationships.is_followed_here(node, announced.community):
        return Ignored("it concerns nobody here")
    outcome = await at_origin.see_deleted(node, uri, announced.budget)
    return Done() if is_removed else outcome


_RULES: Final[Mapping[type[Activity], Callable[[Node, _Announced], Awaitable[Outcome]]]] = MappingProxyType(
    {Create: _create, Update: _update, Delete: _delete}
)
