"""What is due: offers that were not answered end, and those who look after the node are told before, and of reviews.

Both nodes know when an offer ends and when either side wants to look at a partnership anew, so that each tells its own
administrators.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg import log
from fedorg.domain.jobs import SendMail
from fedorg.domain.mail import MailKind
from fedorg.domain.partnerships import Event, Partnership, PartnershipState, Side
from fedorg.node import Node
from fedorg.services.partnerships.settling import take_step
from fedorg.store import jobs, partnerships, peers, users

CHUNK: Final = 100
BEFORE_EXPIRY: Final = timedelta(days=3)
BEFORE_REVIEW: Final = timedelta(days=14)

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

    def unit(conn: Connection) -> int:
        peers.lock_rules(conn)
        due = [one for one in partnerships.list_live(conn, CHUNK) if _is_due(one, node.now())]
        for partnership in due:
            partnerships.update(conn, replace(partnership, noticed_at=node.now()))
            logger.info("partnership.due", peer=partnership.domain, state=partnership.state.value)
        if due:
            write_to_administrators(conn, node)
        return len(due)

    return await node.write(unit)


def write_to_administrators(conn: Connection, node: Node) -> None:
    """Tell those who look after the node that something waits for them, if it writes letters at all."""
    if node.settings.sends_mail:
        for user in users.list_of_accounts(conn, users.list_administrator_accounts(conn)):
            jobs.enqueue(conn, node.ids, node.now(), SendMail(user_id=user.id, kind=MailKind.PARTNERSHIP))


def _is_due(partnership: Partnership, now: datetime) -> bool:
    """Whether something happens soon of which nobody was told yet."""
    begins = [at - before for at, before in _dates(partnership) if at - before <= now]
    return bool(begins) and (partnership.noticed_at is None or partnership.noticed_at < max(begins))


def _dates(partnership: Partnership) -> list[tuple[datetime, timedelta]]:
    if partnership.state.is_pending:
        return [(partnership.expires_at, BEFORE_EXPIRY)]
    if partnership.state is not PartnershipState.ACTIVE:
        return []
    grants = (partnership.ours, partnership.theirs)
    reviews = [grant.review_at for grant in grants if grant is not None and grant.review_at is not None]
    return [(at, BEFORE_REVIEW) for at in reviews]
