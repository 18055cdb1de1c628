"""An activity and its deliveries, recorded a piece at a time; the last step of everything that leaves."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from federation import render
from federation.activities import Activity, Announce, Create, Update
from federation.actors import Actor
from federation.errors import AddressRefused
from federation.vocabulary import PUBLIC
from fedorg import log
from fedorg.activitypub import policy, proofs
from fedorg.domain.accounts import Account
from fedorg.domain.visibility import Reach
from fedorg.node import Node
from fedorg.store import deliveries
from fedorg.store.deliveries import OutgoingActivity

# To look at an address takes some microseconds, and there may be one for each server that is known.
_LOOKED_AT_ONCE: Final = 200
QUEUED_TOGETHER: Final = 500
"""Deliveries of one transaction: nobody else writes meanwhile."""

logger = log.get_logger()


async def record(
    node: Node,
    account: Account,
    activity: Activity,
    inboxes: Iterable[str],
    *,
    object_uri: str,
    reach: Reach,
    beyond_tier: bool = False,
    is_true: Callable[[Connection], bool] = lambda _: True,
) -> None:
    """Queue an activity of a local account for ``inboxes``, once for its id; an address that none may have is told.

    Nothing is queued when what it says is not true any more in the transaction that would queue it. Called again after
    it was cut short, it goes on.
    """
    domains: dict[str, str] = {}
    for number, inbox in enumerate(inboxes, 1):
        if number % _LOOKED_AT_ONCE == 0:
            # Others have their turn meanwhile.
            await asyncio.sleep(0)
        try:
            domains[inbox] = policy.domain(node, inbox)
        except AddressRefused as problem:
            logger.warning("delivery.impossible", type=type(activity).__name__, reason=str(problem))
    # What is said to one server alone is for nobody to pass on.
    body = render.to_bytes(activity) if beyond_tier else await proofs.sealed(node, account.id, activity)
    outgoing = OutgoingActivity(
        uri=activity.id,
        account_id=account.id,
        type=type(activity).__name__,
        object_uri=object_uri,
        reach=reach,
        for_followers=_is_for_followers(account, activity),
        beyond_tier=beyond_tier,
        body=body.decode(),
    )

    def unit(conn: Connection, queue: Callable[..., bool], some: Sequence[str], until: str | None) -> bool:
        return is_true(conn) and queue(
            conn, node.ids, node.now(), outgoing, {inbox: domains[inbox] for inbox in some}, until
        )

    queue, rest = deliveries.record, sorted(domains)
    while rest:
        some, rest = rest[:QUEUED_TOGETHER], rest[QUEUED_TOGETHER:]
        if not await node.write(unit, queue, some, some[-1] if rest else None):
            return
        queue = deliveries.record_more


def _is_for_followers(account: Account, activity: Activity) -> bool:
    """Whether a status goes to followers and not to everybody: with it servers compare who they are."""
    named = {*activity.to, *activity.cc}
    return (
        isinstance(activity, Announce | Create | Update)
        and not (isinstance(activity, Update) and isinstance(activity.object, Actor))
        and account.followers_uri in named
        and PUBLIC not in named
    )
