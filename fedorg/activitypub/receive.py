"""The door: from a POST to an inbox to a durable job, or to a refusal with a reason.

Cheap checks come first: nothing is fetched for what is malformed, blocked, or a farewell of somebody never met. What
is answered with 202 was written down in one transaction with the activity's id, so that it survives a crash and is
handled once (S11). The signature's owner is the activity's actor, or there is a proof of it, or nothing happens (S4)
but that its origin is asked.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from federation import origin, parse, signatures
from federation.activities import (
    Accept,
    Activity,
    Announce,
    Block,
    Create,
    Delete,
    EmojiReact,
    Follow,
    Like,
    QuoteRequest,
    Reject,
    Undo,
    Update,
)
from federation.client import is_activity_type
from federation.errors import FetchError, KeyUnavailable, MalformedDocument, OriginMismatch, SignatureRefused
from federation.objects import Ref
from federation.signatures import Request
from fedorg import log
from fedorg.activitypub import counterparts, forwarded, outcomes, policy, reading, signed, synchronising
from fedorg.activitypub.forwarded import Standing
from fedorg.activitypub.outcomes import UNREAD, Ending
from fedorg.activitypub.policy import Matter
from fedorg.activitypub.signed import Signer
from fedorg.domain.jobs import HandleActivity, IdentifyPeer, Job, SynchroniseFollowers
from fedorg.domain.visibility import FederationMode, Tier
from fedorg.errors import BadRequest, FedorgError, Forbidden, TooLarge, TooManyRequests, Unauthorized
from fedorg.node import Node
from fedorg.store import accounts, deliveries, jobs, peers, relationships, seen

BODY_BYTES_MAX: Final = 1_048_576
WAITING_MAX: Final = 20_000
"""Of one server, that were taken and not handled yet; what is more it keeps itself, and sends again."""
AGAIN_AFTER_SECONDS: Final = 600
STRANGERS_ASKED_AFTER: Final = timedelta(seconds=15)
"""What a server of no tier runs is not asked among the first things it says."""

logger = log.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """An activity that anybody may have sent."""

    document: parse.JsonObject
    activity: Activity

    @property
    def matter(self) -> Matter:
        """What it is about."""
        return policy.matter_of(self.activity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An activity whose sender is proven, not yet taken; ``signer`` is None for one that needs no answer."""

    activity: Activity
    body: str
    signer: Signer | None
    name: str = ""
    """What tells it from others."""
    standing: Standing = Standing.OWN
    synchronisation: SynchroniseFollowers | None = None

    @property
    def type(self) -> str:
        """Its ActivityStreams type."""
        return type_of(self.activity)

    @property
    def is_claimed(self) -> bool:
        """Whether its origin has to be asked about it."""
        return self.standing is Standing.CLAIMED


def type_of(activity: Activity) -> str:
    """The type of an activity, or ``(unknown)``: a label is a closed set."""
    name = type(activity).__name__
    return "(unknown)" if name == "UnknownActivity" else name


def subject_of(activity: Activity) -> str:  # noqa: PLR0911 -- one line per shape
    """What an activity is about, so that what is done to one thing is done in order: made, changed, undone, ended."""
    if policy.matter_of(activity) is Matter.AGREEMENT:
        return activity.actor
    match activity:
        case Undo():
            return activity.object.id if isinstance(activity.object, Ref) else subject_of(activity.object)
        case Follow() | Block():
            return f"{activity.actor} {activity.object.id}"
        case Create() | Update() | Delete() | Like() | EmojiReact() | Accept() | Reject():
            return activity.object.id
        case Announce(object=Create() | Update() | Delete() as announced):
            return announced.object.id
        case QuoteRequest():
            return activity.instrument.id
        case Announce():
            return activity.id
        case _:
            return activity.actor


@contextmanager
def refusing(node: Node, name: str = UNREAD) -> Iterator[None]:
    """What is refused inside raises the ``FedorgError`` that tells the peer why; it is logged and counted."""
    try:
        yield
    except (SignatureRefused, KeyUnavailable) as problem:
        raise _refusal(node, name, Unauthorized(str(problem))) from problem
    except OriginMismatch as problem:
        raise _refusal(node, name, Forbidden(str(problem))) from problem
    except (MalformedDocument, FetchError) as problem:
        raise _refusal(node, name, BadRequest(str(problem))) from problem
    except FedorgError as problem:
        _refusal(node, name, problem)
        raise
    except Exception:
        outcomes.count(node.metrics, name, Ending.FAILED)
        raise


def read(node: Node, request: Request) -> Unproven:
    """What was sent, by whomever; raises the ``FedorgError`` that tells the peer why not."""
    with refusing(node):
        return _read(node, request)


async def inspect(node: Node, request: Request, unproven: Unproven) -> Received:
    """Who sent it; raises likewise."""
    with refusing(node, type_of(unproven.activity)):
        return await _prove(node, request, unproven)


async def take(node: Node, received: Received) -> None:
    """Write an activity down for handling; once, however often it comes."""
    if received.signer is None:
        logger.info("activity.ignored", type=received.type, reason="an unknown actor is gone")
        outcomes.count(node.metrics, received.type, Ending.IGNORED)
        return
    is_new = await node.write(_take, node, received, received.signer)
    node.rush.note()
    logger.info(
        "activity.received" if is_new else "activity.repeated",
        type=received.type,
        peer=received.signer.domain,
        scheme=received.signer.verified.scheme.value,
        standing=received.standing.value,
    )
    if not is_new:
        outcomes.count(node.metrics, received.type, Ending.REPEATED)


def _read(node: Node, request: Request) -> Unproven:
    if policy.mode_of(node) is FederationMode.CLOSED:
        raise Forbidden("This server does not federate")
    _require_activity_type(request)
    if len(request.body) > BODY_BYTES_MAX:
        raise TooLarge(f"An activity has at most {BODY_BYTES_MAX} bytes")
    document, activity = reading.read(request.body)
    return Unproven(document=document, activity=activity)


async def _prove(node: Node, request: Request, unproven: Unproven) -> Received:
    body, activity, matter = request.body.decode(), unproven.activity, unproven.matter
    if matter is not Matter.CONTENT:
        await policy.require_admitted(node, (activity.actor,), matter)
    if await _is_farewell_of_stranger(node, activity):
        return Received(activity=activity, body=body, signer=None)
    if matter is Matter.AGREEMENT:
        # Nobody makes this node look at a third server: its own key is claimed before its actor is looked for.
        if not origin.same_origin(signatures.read(request).key_id, activity.actor):
            raise Forbidden("What two servers agree on is not passed on by others")
        await counterparts.meet(node, activity.actor)
    signer = await signed.verify(node, request, matter, speaking_for=(activity.actor,))
    origin.check(origin.reduce_foreign(activity))
    is_own = signer.verified.owner == activity.actor
    standing = Standing.OWN if is_own else await forwarded.judge(node, unproven.document, activity, request.sender)
    return Received(
        activity=activity,
        body=body,
        signer=signer,
        name=_name_of(request, activity, standing, matter),
        standing=standing,
        synchronisation=synchronising.job_of(request, signer.account),
    )


def _name_of(request: Request, activity: Activity, standing: Standing, matter: Matter) -> str:
    """An activity's id, and where servers use one again, what else tells it from those before; no id has a space.

    Misskey, PeerTube and Pixelfed give all follows of two one id: whatever was signed counts. Friendica calls each edit
    of a post the same; in Hubzilla, Streams and Mobilizon an edit has the id of the ``Create``, in WriteFreely both
    have that of the post, as has its deletion: what is said counts. What others pass on, or two servers agree on, has
    an id of its own.
    """
    if standing is not Standing.OWN or matter is Matter.AGREEMENT:
        return activity.id
    match activity:
        case Follow() | Undo(object=Follow()):
            return f"{activity.id} {_digest(signatures.read(request).base)}"
        case Update() | Delete():
            return f"{activity.id} {_digest(request.body)}"
        case _:
            return activity.id


def _is_in_force(conn: Connection, now: datetime, follow: Follow) -> bool:
    """Whether a follow was asked for by this id and has not ended since; noted, as its end may overtake it."""
    is_new = seen.insert_once(conn, now, follow.id)
    return not is_new and relationships.find_follow_by_uri(conn, follow.id) is not None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def _is_farewell_of_stranger(node: Node, activity: Activity) -> bool:
    """Whether an actor unknown here deletes itself: its key is gone with it, and there is nothing to do."""
    if not isinstance(activity, Delete) or activity.object.id != activity.actor:
        return False
    return await node.read(accounts.find_by_uri, activity.actor) is None


def _require_activity_type(request: Request) -> None:
    if not is_activity_type(request.headers.combined("content-type") if _has_type(request) else ""):
        raise BadRequest("An activity is sent as application/activity+json")


def _has_type(request: Request) -> bool:
    return "content-type" in request.headers.lines


def _take(conn: Connection, node: Node, received: Received, signer: Signer) -> bool:
    now = node.now()
    # What is only claimed uses up no id of another server.
    if not seen.insert_once(conn, now, f"{signer.domain} {received.name}" if received.is_claimed else received.name):
        return False
    if isinstance(received.activity, Follow) and _is_in_force(conn, now, received.activity):
        return False
    job = _job(received, signer)
    if jobs.is_lane_full(conn, job, WAITING_MAX):
        raise TooManyRequests("Too much of what your server sent waits here already", AGAIN_AFTER_SECONDS)
    heard = peers.note_heard(conn, now, signer.domain)
    if heard.is_back:
        deliveries.bring_forward(conn, signer.domain, now)
    jobs.enqueue(conn, node.ids, now, job)
    if received.synchronisation is not None:
        jobs.enqueue(conn, node.ids, now, received.synchronisation)
    if heard.is_question_due:
        due_at = now + STRANGERS_ASKED_AFTER if signer.tier is Tier.OPEN else now
        jobs.enqueue(conn, node.ids, now, IdentifyPeer(domain=signer.domain), due_at=due_at)
    return True


def _job(received: Received, signer: Signer) -> Job:
    if received.standing is Standing.CLAIMED:
        return forwarded.claim_of(received.activity, signer.account.uri)
    return HandleActivity(
        body=received.body,
        actor=received.activity.actor,
        scheme=signer.verified.scheme.value,
        subject=subject_of(received.activity),
        sender="" if received.standing is Standing.OWN else signer.account.uri,
    )


def _refusal(node: Node, name: str, problem: FedorgError) -> FedorgError:
    logger.info("activity.refused", type=name, error=type(problem).__name__, reason=str(problem))
    outcomes.count(node.metrics, name, Ending.REFUSED)
    return problem
