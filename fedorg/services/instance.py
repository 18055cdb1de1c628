"""What a node says about itself to clients."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account, UserRole
from fedorg.domain.instance import Counts, Week
from fedorg.node import Node
from fedorg.store import accounts, instance, users

PEERS_MAX: Final = 10_000
_WEEKS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFacts:
    """What is counted or looked up; the rest of a node's description is in its settings."""

    counts: Counts
    contact: Account | None


async def get_facts(node: Node) -> InstanceFacts:
    """Numbers, and the account of the owner."""
    month = node.now() - timedelta(days=28)

    def unit(conn: Connection) -> InstanceFacts:
        owner = users.find_first_with_role(conn, UserRole.OWNER)
        return InstanceFacts(
            counts=instance.counts(conn, month),
            contact=None if owner is None else accounts.get(conn, owner.account_id),
        )

    return await node.read(unit)


async def list_peer_domains(node: Node) -> list[str]:
    """Domains of servers this node has met; told to nobody unless it federates with everybody."""
    if node.settings.federation_mode != "open":
        return []
    return await node.read(accounts.list_domains, PEERS_MAX)


async def list_weeks(node: Node) -> list[Week]:
    """The last weeks, newest first; each begins on a Monday."""
    today = node.now().replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    return await node.read(instance.weeks, tuple(monday - timedelta(weeks=number) for number in range(_WEEKS)))
