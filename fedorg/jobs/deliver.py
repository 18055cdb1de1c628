"""One delivery: asked once more whether it may leave, signed, sent, and its result written down.

No transaction is open while the network works. What the result means is ``federation.delivery``'s business: a peer that
is ill is tried again for a week and counted against, an inbox that is gone is forgotten, a refusal is final. A peer
that was away gets what waits as soon as it takes something again. Where the clock here was set while a peer refused a
signature, the moment in it was wrong; where this process stood still while it waited for an answer, the silence was its
own. In both cases it is tried anew at once, and nothing is held against the peer.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from time import perf_counter
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from federation import delivery, parse
from federation.delivery import Delivered, Gone, Outcome, Refused, Retry
from federation.keys import SigningKey
from federation.signatures import Scheme
from fedorg import log
from fedorg.activitypub import granting, keyring, policy, synchronising
from fedorg.activitypub.capabilities import ED25519
from fedorg.domain.ceilings import UNLIMITED
from fedorg.domain.visibility import FederationMode, Tier, is_inside
from fedorg.errors import NotFound
from fedorg.jobs.clock import ClockWatch, Wakefulness
from fedorg.jobs.leases import Overtaken
from fedorg.jobs.together import Together
from fedorg.node import Node
from fedorg.services import forwarding
from fedorg.store import accounts, deliveries, peers
from fedorg.store.deliveries import ClaimedDelivery
from fedorg.store.engine import DatabaseClosed

logger = log.get_logger()

GIVE_UP: Final = timedelta(seconds=delivery.GIVE_UP_SECONDS)
_EXCUSED_MAX: Final = 2
# Each that waits is written when all are put off: a second of patience, asked for each time, were writes without end.
PATIENCE_FOR_EACH: Final = 0.002
LONGEST_DELAY: Final = timedelta(seconds=delivery.LONGEST_DELAY_SECONDS)

_draw: Final = secrets.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Success:
    """A delivery that the peer took, and the signature scheme it understood."""

    claimed: ClaimedDelivery
    scheme: Scheme


async def deliver(node: Node, claimed: ClaimedDelivery, successes: Together[Success], wakefulness: Wakefulness) -> None:
    """Try a delivery once; whatever happens is recorded and counted, by ``successes`` what went well."""
    try:
        await _deliver(node, claimed, successes, wakefulness)
    except DatabaseClosed:
        raise
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is this activity's, not the peer's (S27)
        reason = f"{type(problem).__name__}: {problem}"
        await node.write(_put_aside, node, claimed, reason)
        _tell(node, claimed, "failed", reason=reason)


def record_successes(conn: Connection, node: Node, successes: Sequence[Success]) -> None:
    """The peers have these, and are well."""
    now = node.now()
    were_ill = peers.record_successes(conn, now, {one.claimed.domain: one.scheme.value for one in successes})
    deliveries.finish(conn, *(one.claimed for one in successes))
    for domain in were_ill:
        deliveries.bring_forward(conn, domain, now)


async def _deliver(
    node: Node, claimed: ClaimedDelivery, successes: Together[Success], wakefulness: Wakefulness
) -> None:
    if reason := _obstacle(policy.mode_of(node), claimed) or await _change_of_mind(node, claimed):
        await node.write(deliveries.finish, claimed)
        _tell(node, claimed, "withheld", reason=reason)
        return
    try:
        keys = await _keys(node, claimed)
    except NotFound as problem:
        await node.write(deliveries.bury, claimed, node.now(), str(problem))
        _tell(node, claimed, "dead", reason=str(problem))
        return
    body = await _body(node, claimed)
    if body is None:
        await node.write(deliveries.finish, claimed)
        _tell(node, claimed, "withheld", reason="no more passes than was agreed with the peer")
        return
    known = Scheme(claimed.signature_scheme) if claimed.signature_scheme else None
    clock, begun, started = ClockWatch(node.now), asyncio.get_running_loop().time(), perf_counter()
    headers = await synchronising.header_of(node, claimed.account_id, claimed.domain) if claimed.for_followers else {}
    outcome = await node.client.deliver(claimed.inbox, body, keys[0], known, headers=headers)
    if len(keys) > 1 and _is_not_understood(outcome):
        # It cannot do what it says it can; RSA is understood by everybody.
        outcome = await node.client.deliver(claimed.inbox, body, keys[1], known, headers=headers)
    answered_at, milliseconds = node.now(), round((perf_counter() - started) * 1000, 1)
    if isinstance(outcome, Delivered):
        await successes.add(Success(claimed, outcome.scheme))
        _tell(node, claimed, "delivered", scheme=outcome.scheme.value, milliseconds=milliseconds)
    elif excuse := _excuse(outcome, claimed, was_set=bool(clock.look()), was_lost=wakefulness.was_lost_since(begun)):
        await node.write(deliveries.retry, claimed, node.now(), excuse)
        _tell(node, claimed, "retry", reason=excuse, seconds=0)
    else:
        await _record(node, claimed, outcome, answered_at, milliseconds)


def _obstacle(mode: FederationMode, claimed: ClaimedDelivery) -> str:
    """Why it may not leave any more, empty for nothing; what ends is told after the author or the peer has left."""
    standing = claimed.standing
    no_more = f"the peer is {standing.tier} now"
    if mode is FederationMode.CLOSED or standing.tier is Tier.BLOCKED:
        return no_more
    if claimed.type in deliveries.ENDINGS:
        return ""
    if claimed.is_orphaned:
        return "the account was suspended or deleted"
    if claimed.beyond_tier or (standing.is_admitted(mode) and is_inside(standing.tier, claimed.reach)):
        return ""
    return no_more


async def _change_of_mind(node: Node, claimed: ClaimedDelivery) -> str:
    """Why what somebody elsewhere said, and this node passes on, is not to be heard any more; empty for nothing."""
    if node.uris.is_ours(claimed.uri) or claimed.type in deliveries.ENDINGS:
        return ""
    if not await forwarding.is_passed_on_by(node, claimed.account_id):
        return ""
    author = parse.activity(parse.load_json(claimed.body.encode())).actor
    is_heard = await forwarding.is_still_heard(node, author)
    return "" if is_heard else "its author was suspended"


async def _body(node: Node, claimed: ClaimedDelivery) -> bytes | None:
    """What the peer may have of it; None for nothing."""
    ceilings = claimed.standing.ceilings
    if ceilings == UNLIMITED or claimed.beyond_tier or claimed.type in deliveries.ENDINGS:
        return claimed.body.encode()
    account = await node.read(accounts.get, claimed.account_id)
    return granting.granted(claimed.body, ceilings, claimed.reach, by=account.uri)


async def _keys(node: Node, claimed: ClaimedDelivery) -> list[SigningKey]:
    """The key to sign with; before it an Ed25519 key, which is cheaper, for a peer that says it understands them."""
    held = await keyring.signing_keys(node, claimed.account_id, claimed.key_ids)
    small = [key for key in held if isinstance(key.private, Ed25519PrivateKey)] if ED25519 in claimed.implements else []
    return [*small[:1], held[0]]


def _is_not_understood(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused | Retry) and outcome.status in delivery.KNOCK_AGAIN


def _excuse(outcome: Outcome, claimed: ClaimedDelivery, *, was_set: bool, was_lost: bool) -> str:
    """What went wrong here rather than at the peer, empty for nothing; what goes wrong all the time is no excuse."""
    if not isinstance(outcome, Retry) or claimed.attempts > _EXCUSED_MAX:
        return ""
    if outcome.status == HTTPStatus.UNAUTHORIZED and was_set:
        return f"{outcome.reason}, and the clock was set meanwhile"
    if outcome.status is None and was_lost:
        return f"{outcome.reason}, and this process stood still meanwhile"
    return ""


async def _record(
    node: Node, claimed: ClaimedDelivery, outcome: Gone | Refused | Retry, answered_at: datetime, milliseconds: float
) -> None:
    match outcome:
        case Gone():
            dropped = await node.write(_record_gone, node, claimed)
            _tell(node, claimed, "gone", dropped=dropped, milliseconds=milliseconds)
        case Refused():
            await node.write(_record_refused, node, claimed, outcome)
            _tell(node, claimed, "refused", reason=outcome.reason, milliseconds=milliseconds)
        case Retry():
            try:
                seconds = await node.write(_record_retry, node, claimed, outcome, answered_at)
            except Overtaken:
                _tell(node, claimed, "overtaken", reason=outcome.reason)
                return
            result = "dead" if seconds is None else "retry"
            _tell(node, claimed, result, reason=outcome.reason, seconds=seconds and round(seconds))


def _record_gone(conn: Connection, node: Node, claimed: ClaimedDelivery) -> int:
    # The server answers, so that it is well; only this inbox is no more.
    now = node.now()
    was_open = peers.record_refusal(conn, now, claimed.domain, f"{claimed.inbox} is gone")
    dropped = deliveries.drop_inbox(conn, now, claimed.inbox, claimed.domain)
    if was_open:
        deliveries.bring_forward(conn, claimed.domain, now)
    return dropped


def _record_refused(conn: Connection, node: Node, claimed: ClaimedDelivery, outcome: Refused) -> None:
    now = node.now()
    was_open = outcome.status is not None and peers.record_refusal(conn, now, claimed.domain, outcome.reason)
    deliveries.bury(conn, claimed, now, outcome.reason)
    if was_open:
        deliveries.bring_forward(conn, claimed.domain, now)


def _record_retry(
    conn: Connection, node: Node, claimed: ClaimedDelivery, outcome: Retry, answered_at: datetime
) -> float | None:
    """Seconds until the next try; None when it was given up.

    They count from the answer: of a clock that was behind and is set right meanwhile, they are over. Raises
    ``Overtaken`` where this process stood still until another took it over: then the silence was its own.
    """
    if not deliveries.is_held(conn, claimed):
        raise Overtaken
    now = node.now()
    patience = outcome.after_seconds or 0.0
    if patience:
        patience = max(patience, PATIENCE_FOR_EACH * deliveries.count_waiting(conn, claimed.domain))
    paused_until = peers.record_failure(conn, now, claimed.domain, outcome.reason, patience=timedelta(seconds=patience))
    seconds = _retry_or_bury(conn, min(answered_at, now), claimed, outcome.reason, at_least=patience)
    if paused_until is not None:
        deliveries.put_off(conn, claimed.domain, paused_until)
    return seconds


def _put_aside(conn: Connection, node: Node, claimed: ClaimedDelivery, reason: str) -> None:
    """It could not even be tried; that says nothing about the peer."""
    _retry_or_bury(conn, node.now(), claimed, reason)


def _retry_or_bury(
    conn: Connection, now: datetime, claimed: ClaimedDelivery, reason: str, *, at_least: float = 0.0
) -> float | None:
    # No try took longer to come than a peer may ask for; what is more, the clock was set meanwhile.
    waited = min((now - claimed.queued_at).total_seconds(), delivery.RETRY_AFTER_MAX_SECONDS * claimed.attempts)
    seconds = delivery.retry_after_seconds(claimed.attempts, waited, _draw)
    if seconds is None:
        deliveries.bury(conn, claimed, now, reason)
        return None
    seconds = max(seconds, at_least)
    deliveries.retry(conn, claimed, now + timedelta(seconds=seconds), reason)
    return seconds


def _tell(node: Node, claimed: ClaimedDelivery, result: str, **details: object) -> None:
    node.metrics.deliveries.labels(result=result).inc()
    event = f"delivery.{result}"
    logger.info(event, type=claimed.type, peer=claimed.domain, attempt=claimed.attempts, **details)
