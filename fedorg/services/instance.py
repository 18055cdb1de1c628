"""What a node says about itself to clients."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import UserRole
from fedorg.domain.annual_reports import year_offered
from fedorg.domain.domain_blocks import DomainBlock
from fedorg.domain.instance import Counts, InstanceFacts, Week
from fedorg.errors import NotFound
from fedorg.node import Node
from fedorg.services import push
from fedorg.store import accounts, instance, instance_texts, peer_rules, users

PEERS_MAX: Final = 10_000
_WEEKS: Final = 12
# A node with more members or servers, or more of what happened lately, is counted once in a while: the more there is,
# the longer that takes.
SMALL_MAX: Final = 500
COUNTED_EVERY: Final = timedelta(minutes=1)


async def get_facts(node: Node) -> InstanceFacts:
    """Numbers, the account of the owner, and what administrators wrote."""
    keys = await push.get_keys(node)

    def unit(conn: Connection) -> InstanceFacts:
        owner = users.find_first_with_role(conn, UserRole.OWNER)
        return InstanceFacts(
            counts=_count(conn, node),
            contact=None if owner is None else accounts.get(conn, owner.account_id),
            rules=tuple(instance_texts.list_rules(conn)),
            texts=instance_texts.list_kinds(conn),
            vapid_key=keys.public,
            reported_year=year_offered(node.now()),
        )

    return await node.read(unit)


async def list_peer_domains(node: Node) -> list[str]:
    """Domains of servers this node has met; told to nobody unless it federates with everybody."""
    if node.settings.federation_mode != "open":
        return []
    return await node.read(instance.list_domains, PEERS_MAX)


async def list_domain_blocks(node: Node, *, is_member: bool) -> list[DomainBlock]:
    """Servers this node shuts out or limits, for those to whom it tells; ``NotFound`` for others."""
    told = node.settings.show_domain_blocks
    if told == "nobody" or (told == "members" and not is_member):
        raise NotFound
    return await node.read(peer_rules.list_limiting_blocks, PEERS_MAX)


async def list_weeks(node: Node) -> list[Week]:
    """The last weeks, newest first; each begins on a Monday."""
    today = node.now().replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())

    def unit(conn: Connection) -> list[Week]:
        held, now = node.held_weeks, node.now()
        told = held.at(now, COUNTED_EVERY)
        if told is None:
            told = held.value = instance.weeks(conn, monday - timedelta(weeks=_WEEKS - 1), _WEEKS)
            counted = sum(week.statuses + week.sign_ins + week.registrations for week in told)
            held.until = now + COUNTED_EVERY if counted > SMALL_MAX else None
        return told

    return await node.read(unit)


def _count(conn: Connection, node: Node) -> Counts:
    """The numbers; of a large node as they were a moment ago."""
    held, now = node.held_counts, node.now()
    counts = held.at(now, COUNTED_EVERY)
    if counts is None:
        counts = held.value = instance.counts(conn, now)
        held.until = now + COUNTED_EVERY if max(counts.users, counts.domains) > SMALL_MAX else None
    return counts
