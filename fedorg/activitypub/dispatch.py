"""What happens with an activity that was taken: one table, type → handler, and one named outcome for each.

A type without a row is ignored by name. A refusal (unknown object, blocked server, wrong author) ends the activity; an
ill server makes the job try again. The outcome is counted and logged here and nowhere else.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection

from federation import origin, parse
from federation.activities import (
    Accept,
    Activity,
    Add,
    Announce,
    Block,
    Create,
    Delete,
    EmojiReact,
    Flag,
    Follow,
    Like,
    Move,
    Offer,
    QuoteRequest,
    Reject,
    Remove,
    Undo,
    UnknownActivity,
    Update,
)
from federation.errors import FederationError, FetchError
from fedorg import log
from fedorg.activitypub import announced, at_origin, fetching, forwarded, forwarding, outcomes, policy, reading
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.handlers.accept import handle_accept
from fedorg.activitypub.handlers.add import handle_add
from fedorg.activitypub.handlers.announce import handle_announce
from fedorg.activitypub.handlers.block import handle_block
from fedorg.activitypub.handlers.create import handle_create
from fedorg.activitypub.handlers.delete import handle_delete
from fedorg.activitypub.handlers.emoji_react import handle_emoji_react
from fedorg.activitypub.handlers.flag import handle_flag
from fedorg.activitypub.handlers.follow import handle_follow
from fedorg.activitypub.handlers.like import handle_like
from fedorg.activitypub.handlers.move import handle_move
from fedorg.activitypub.handlers.offer import handle_offer
from fedorg.activitypub.handlers.quote_request import handle_quote_request
from fedorg.activitypub.handlers.reject import handle_reject
from fedorg.activitypub.handlers.remove import handle_remove
from fedorg.activitypub.handlers.undo import handle_undo
from fedorg.activitypub.handlers.unused import UNUSED
from fedorg.activitypub.handlers.update import handle_update
from fedorg.activitypub.outcomes import Done, Ending, Ignored, Outcome
from fedorg.activitypub.receive import type_of
from fedorg.domain.accounts import Account
from fedorg.domain.jobs import Change, CheckAtOrigin, HandleActivity
from fedorg.errors import FedorgError, Unavailable
from fedorg.node import Node
from fedorg.store import accounts

Handler = Callable[[Node, Account, Any, Budget], Awaitable[Outcome]]

HANDLERS: Final[Mapping[type[Activity], Handler]] = MappingProxyType(
    {
        Accept: handle_accept,
        Add: handle_add,
        Announce: handle_announce,
        Block: handle_block,
        Create: handle_create,
        Delete: handle_delete,
        EmojiReact: handle_emoji_react,
        Flag: handle_flag,
        Follow: handle_follow,
        Like: handle_like,
        Move: handle_move,
        Offer: handle_offer,
        QuoteRequest: handle_quote_request,
        Reject: handle_reject,
        Remove: handle_remove,
        Undo: handle_undo,
        Update: handle_update,
        **UNUSED,
    }
)

_CLAIMS: Final = {Change.CREATED: Create, Change.UPDATED: Update, Change.DELETED: Delete}

logger = log.get_logger()


async def dispatch(node: Node, job: HandleActivity, received_at: datetime) -> Outcome:
    """Act on one activity; raises only what may pass, so that the job is tried again."""
    document, activity = reading.read(job.body.encode())
    name = type_of(activity)
    outcome = await _settled(node, name, _handle(node, job, received_at, document, activity))
    _tell(node, name, job.actor, outcome, scheme=job.scheme)
    return outcome


async def check_at_origin(node: Node, job: CheckAtOrigin) -> Outcome:
    """See for oneself what somebody passed on without a proof; raises only what may pass."""
    name = _CLAIMS[job.change].__name__
    outcome = await _settled(node, name, _check_at_origin(node, job))
    _tell(node, name, job.actor, outcome, scheme="origin")
    return outcome


async def _settled(node: Node, name: str, handling: Awaitable[Outcome]) -> Outcome:
    try:
        return await handling
    except BaseException as problem:
        # Who waited too long is cancelled, which is no ``Exception``.
        if not _is_final(problem):
            outcomes.count(node.metrics, name, Ending.FAILED)
            raise
        return Ignored(str(problem))


def _is_final(problem: BaseException) -> bool:
    """Whether a refusal ends the activity; anything else is tried again."""
    if isinstance(problem, FetchError):
        return not fetching.is_temporary(problem)
    return isinstance(problem, FederationError | FedorgError) and not isinstance(problem, Unavailable)


async def _handle(
    node: Node, job: HandleActivity, received_at: datetime, document: parse.JsonObject, activity: Activity
) -> Outcome:
    handler = HANDLERS.get(type(activity))
    if handler is None:
        name = activity.type if isinstance(activity, UnknownActivity) else type(activity).__name__
        return Ignored(f"{name} means nothing here")
    # The tier may have changed since the door, and every host named must be one this node speaks with (S15).
    sender = await _find_admitted_sender(node, job, activity)
    if job.sender:
        await policy.require_admitted(node, (job.sender,))
        await forwarded.require_fitting(node, activity, job.sender)
        activity = forwarded.without_actor(activity)
    if sender is None or not _may_act(sender, activity) or sender.uri != activity.actor:
        return Ignored("its actor is unknown or suspended here")
    budget = Budget(told_at=received_at)
    if isinstance(activity, Announce) and announced.is_activity(activity.object):
        return await announced.handle(node, sender, activity, document, budget)
    activity = origin.authorise(activity)
    await forwarding.before(node, job, document, activity)
    outcome = await handler(node, sender, activity, budget)
    if isinstance(outcome, Done):
        await forwarding.after(node, job, document, activity)
    return outcome


async def _find_admitted_sender(node: Node, job: HandleActivity, activity: Activity) -> Account | None:
    """Who sent it, if known; ``NotAdmitted`` where a server that it names is not spoken with."""
    admit = policy.admission(node, origin.uris_of(activity), policy.matter_of(activity))

    def unit(conn: Connection) -> Account | None:
        admit(conn)
        return accounts.find_by_uri(conn, job.actor)

    return await node.glance(unit)


async def _check_at_origin(node: Node, job: CheckAtOrigin) -> Outcome:
    await policy.require_admitted(node, (job.uri, job.actor, job.sender))
    budget = Budget()
    match job.change:
        case Change.CREATED:
            return await at_origin.see_created(node, job.uri, job.actor, job.answers, budget)
        case Change.UPDATED:
            return await at_origin.see_updated(node, job.uri, budget)
        case Change.DELETED:
            return await at_origin.see_deleted(node, job.uri, budget)


def _may_act(sender: Account, activity: Activity) -> bool:
    """One that its own server suspended can still take things back, and be shown again."""
    if sender.suspended_at is None:
        return True
    return not sender.is_barred and isinstance(activity, Delete | Reject | Undo | Update)


def _tell(node: Node, name: str, actor: str, outcome: Outcome, *, scheme: str) -> None:
    peer = policy.domain(node, actor)
    if isinstance(outcome, Done):
        logger.info("activity.handled", type=name, peer=peer, scheme=scheme)
    else:
        logger.info("activity.ignored", type=name, peer=peer, scheme=scheme, reason=outcome.reason)
    outcomes.count(node.metrics, name, Ending.HANDLED if isinstance(outcome, Done) else Ending.IGNORED)
