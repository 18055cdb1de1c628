"""One delivery: asked once more whether it may leave, signed, sent, and its result written down.

No transaction is open while the network works. What the result means is ``federation.delivery``'s business: a peer that
is ill is tried again for a week and counted against, an inbox that is gone is forgotten, a refusal is final.
"""

import secrets
from datetime import timedelta
from time import perf_counter
from typing import Final

from sqlalchemy import Connection

from federation import delivery
from federation.delivery import Delivered, Gone, Outcome, Refused, Retry
from federation.signatures import Scheme
from fedorg import log
from fedorg.activitypub import keyring, policy
from fedorg.domain.visibility import admits, is_inside
from fedorg.errors import NotFound
from fedorg.node import Node
from fedorg.store import deliveries, peers
from fedorg.store.deliveries import ClaimedDelivery

logger = log.get_logger()

_draw: Final = secrets.SystemRandom().random


async def deliver(node: Node, claimed: ClaimedDelivery) -> None:
    """Try a delivery once; whatever happens is recorded and counted."""
    if not admits(policy.mode_of(node), claimed.tier) or not is_inside(claimed.tier, claimed.reach):
        await node.write(deliveries.finish, claimed)
        _tell(node, claimed, "withheld", reason=f"the peer is {claimed.tier} now")
        return
    try:
        key = await keyring.signing_key(node, claimed.account_id)
    except NotFound as problem:
        await node.write(deliveries.bury, claimed, node.now(), str(problem))
        _tell(node, claimed, "dead", reason=str(problem))
        return
    known = Scheme(claimed.signature_scheme) if claimed.signature_scheme else None
    started = perf_counter()
    outcome = await node.client.deliver(claimed.inbox, claimed.body.encode(), key, known)
    milliseconds = round((perf_counter() - started) * 1000, 1)
    await _record(node, claimed, outcome, milliseconds)


async def _record(node: Node, claimed: ClaimedDelivery, outcome: Outcome, milliseconds: float) -> None:
    match outcome:
        case Delivered():
            await node.write(_record_delivered, node, claimed, outcome)
            _tell(node, claimed, "delivered", scheme=outcome.scheme.value, milliseconds=milliseconds)
        case Gone():
            dropped = await node.write(_record_gone, node, claimed)
            _tell(node, claimed, "gone", dropped=dropped, milliseconds=milliseconds)
        case Refused():
            await node.write(_record_refused, node, claimed, outcome)
            _tell(node, claimed, "refused", reason=outcome.reason, milliseconds=milliseconds)
        case Retry():
            seconds = _seconds_until_next(claimed, outcome)
            await node.write(_record_retry, node, claimed, outcome, seconds)
            result = "dead" if seconds is None else "retry"
            _tell(node, claimed, result, reason=outcome.reason, seconds=seconds and round(seconds))


def _seconds_until_next(claimed: ClaimedDelivery, outcome: Retry) -> float | None:
    seconds = delivery.retry_after_seconds(claimed.attempts, _draw)
    return None if seconds is None else max(seconds, outcome.after_seconds or 0.0)


def _record_delivered(conn: Connection, node: Node, claimed: ClaimedDelivery, outcome: Delivered) -> None:
    deliveries.finish(conn, claimed)
    peers.record_success(conn, node.now(), claimed.domain, outcome.scheme.value)


def _record_gone(conn: Connection, node: Node, claimed: ClaimedDelivery) -> int:
    # The server answers, so that it is well; only this inbox is no more.
    peers.record_success(conn, node.now(), claimed.domain, None)
    return deliveries.drop_inbox(conn, claimed.inbox)


def _record_refused(conn: Connection, node: Node, claimed: ClaimedDelivery, outcome: Refused) -> None:
    deliveries.bury(conn, claimed, node.now(), outcome.reason)
    if outcome.status is not None:
        peers.record_success(conn, node.now(), claimed.domain, None)


def _record_retry(
    conn: Connection, node: Node, claimed: ClaimedDelivery, outcome: Retry, seconds: float | None
) -> None:
    now = node.now()
    peers.record_failure(conn, now, claimed.domain, outcome.reason)
    if seconds is None:
        deliveries.bury(conn, claimed, now, outcome.reason)
    else:
        deliveries.retry(conn, claimed, now + timedelta(seconds=seconds), outcome.reason)


def _tell(node: Node, claimed: ClaimedDelivery, result: str, **details: object) -> None:
    node.metrics.deliveries.labels(result=result).inc()
    event = f"delivery.{result}"
    logger.info(event, type=claimed.type, peer=claimed.domain, attempt=claimed.attempts, **details)
