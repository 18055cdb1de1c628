"""Naming partners: reach ``partners`` may stand for some of them, so that competitors see nothing of each other's.

A partner that is named is told nothing of the others: on the wire such a status is one for partners.
"""

from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.statuses import Status, StatusDraft
from fedorg.domain.visibility import FederationMode, Reach, Tier, admits
from fedorg.errors import Invalid
from fedorg.node import Node
from fedorg.store import peers
from fedorg.text.hosts import canonical_domain

NAMED_MAX: Final = 100


async def list_partners(node: Node) -> list[str]:
    """The partners that can be named, by their domains."""
    if not admits(FederationMode(node.settings.federation_mode), Tier.PARTNER):
        return []
    return await node.read(peers.list_partners)


def choose(
    conn: Connection,
    node: Node,
    draft: StatusDraft,
    reach: Reach,
    inherited: Iterable[Status],
    *,
    default: frozenset[str],
) -> frozenset[str]:
    """Which partners a status of ``reach`` is for: those that its draft names, else the author's default; none: all.

    Raises ``Invalid`` for one that is no partner, beside another reach, and in another node's ring, which alone knows
    who is in it.
    """
    is_elsewhere = any(one.reach_domain is not None and one.audience.reach is not Reach.PUBLIC for one in inherited)
    if not draft.partners:
        is_by_default = draft.partners is None and reach is Reach.PARTNERS and not is_elsewhere
        return default if is_by_default else frozenset()
    if reach is not Reach.PARTNERS:
        raise Invalid(f"Validation failed: a post of reach {reach.value} cannot name partners")
    if is_elsewhere:
        raise Invalid("Validation failed: who takes part in a limited thread is for the server to say where it began")
    return check(conn, node, draft.partners)


def check(conn: Connection, node: Node, names: Collection[str]) -> frozenset[str]:
    """The domains that ``names`` mean; ``Invalid`` when one of them is no partner this node speaks with."""
    if len(names) > NAMED_MAX:
        raise Invalid(f"Validation failed: a post can name no more than {NAMED_MAX} partners")
    spelled = {name: canonical_domain(name) for name in names}
    tiers = peers.tiers(conn, [domain for domain in spelled.values() if domain is not None])
    mode = FederationMode(node.settings.federation_mode)
    for name, domain in spelled.items():
        if domain is None or tiers[domain] is not Tier.PARTNER or not admits(mode, Tier.PARTNER):
            raise Invalid(f"Validation failed: {name[:255]} is no partner of this server")
    return frozenset(domain for domain in spelled.values() if domain is not None)
