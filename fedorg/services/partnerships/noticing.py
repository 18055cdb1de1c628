"""What is due: offers that were not answered end; those who look after the node are told before that and other dates.

Both nodes know when an offer ends, when either side wants to look at a partnership anew and when it will suspend it, so
that each tells its own administrators.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg import log
from fedorg.domain.partnerships import Event, Partnership, PartnershipState, Side
from fedorg.ids import PartnershipId
from fedorg.node import Node
from fedorg.services.partnerships.letters import write_to_administrators
from fedorg.services.partnerships.settling import take_step
from fedorg.store import partnerships, peers

CHUNK: Final = 100
FIRST: Final = PartnershipId(0)
BEFORE_EXPIRY: Final = timedelta(days=3)
BEFORE_REVIEW: Final = timedelta(days=14)
BEFORE_SUSPENSION: Final = timedelta(days=3)

logger = log.get_logger()


async def expire_overdue(node: Node) -> int:
    """End what was not answered and approved in time, some at a time; how many that were."""

    def unit(conn: Connection) -> int:
        peers.lock_rules(conn)
        overdue = partnerships.list_overdue(conn, node.now(), CHUNK)
        for partnership in overdue:
            take_step(conn, node, partnership, Event.EXPIRE, Side.HERE)
        return len(overdue)

    return await node.write(unit)


async def give_notice(node: Node) -> int:
    """Write to those who look after the node, once for each thing that is due soon; how many things that were."""

    def unit(conn: Connection, after: PartnershipId) -> tuple[int, PartnershipId | None]:
        peers.lock_rules(conn)
        live = partnerships.list_live(conn, after, CHUNK)
        due = [one for one in live if _is_due(one, node.now())]
        for partnership in due:
            partnerships.update(conn, replace(partnership, noticed_at=node.now()))
            logger.info("partnership.due", peer=partnership.domain, state=partnership.state.value)
        if due:
            write_to_administrators(conn, node)
        return len(due), live[-1].id if len(live) == CHUNK else None

    things, after = await node.write(unit, FIRST)
    while after is not None:
        due, after = await node.write(unit, after)
        things += due
    return things


def _is_due(partnership: Partnership, now: datetime) -> bool:
    """Whether something happens soon of which nobody was told yet.

    Dates of the other side are whatever it says: nothing is reckoned from them.
    """
    told_at = partnership.noticed_at
    return any(at <= now + before and (told_at is None or at > told_at + before) for at, before in _dates(partnership))


def _dates(partnership: Partnership) -> list[tuple[datetime, timedelta]]:
    if partnership.state.is_pending:
        return [(partnership.expires_at, BEFORE_EXPIRY)]
    if partnership.state is not PartnershipState.ACTIVE:
        return []
    grants = (partnership.ours, partnership.theirs)
    reviews = [grant.review_at for grant in grants if grant is not None and grant.review_at is not None]
    planned = [(plan.at, BEFORE_SUSPENSION) for plan in partnership.planned.values()]
    return [(at, BEFORE_REVIEW) for at in reviews] + planned
