"""Servers that a node federates with because somebody said so: in mode ``partners`` whoever is allowed is a partner.

Siblings are listed as well, and are not taken out here: who belongs to the organisation is no matter of a list.
"""

from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import User
from fedorg.domain.domain_blocks import DomainAllow
from fedorg.domain.moderation import user_id_of
from fedorg.domain.statuses import PageQuery
from fedorg.domain.visibility import FederationMode, Tier
from fedorg.errors import Invalid
from fedorg.node import Node
from fedorg.services.partnerships.settling import require_no_contradiction
from fedorg.store import audit, peer_rules, peers
from fedorg.text.hosts import canonical_domain

_REFUSALS: Final = {
    FederationMode.CLOSED: "This server federates with nobody, so that no server can be allowed",
    FederationMode.ORGANISATION: "This server federates with its own organisation only; name another server of it with "
    "`fedorg peer tier DOMAIN sibling`",
    FederationMode.OPEN: "This server federates with every server that is not blocked, so that none has to be allowed",
}


async def list_allows(node: Node, page: PageQuery) -> list[DomainAllow]:
    """A page of them, newest first."""
    return await node.read(peer_rules.list_allows, page)


async def get(node: Node, allow_id: int) -> DomainAllow:
    """One of them."""
    return await node.read(peer_rules.get_allow, allow_id)


async def allow(node: Node, by: User | None, domain: str) -> DomainAllow:
    """Make a server a partner; one that is allowed already stays what it is.

    ``Invalid`` where the node's mode leaves nothing to allow, and for a server that is blocked.
    """
    refusal = _REFUSALS.get(FederationMode(node.settings.federation_mode))
    if refusal is not None:
        raise Invalid(f"Validation failed: {refusal}")
    name = canonical_domain(domain)
    if name is None or name in (node.settings.domain, node.settings.web_domain):
        raise Invalid("Validation failed: Domain is not a valid domain name")

    def unit(conn: Connection) -> DomainAllow:
        peers.lock_rules(conn)
        known = peer_rules.find_allow(conn, name)
        if known is not None:
            return known
        if peers.tiers(conn, [name])[name] is Tier.BLOCKED:
            raise Invalid(f"Validation failed: {name} is blocked; lift the block first")
        _set(conn, node, name, Tier.PARTNER)
        _record(conn, node, by, "added", name)
        return _existing(conn, name)

    return await node.write(unit)


async def disallow(node: Node, by: User | None, allow_id: int) -> DomainAllow:
    """Let a partner be a server like any other; ``Invalid`` for a sibling. The allow as it was."""

    def unit(conn: Connection) -> DomainAllow:
        peers.lock_rules(conn)
        known = peer_rules.get_allow(conn, allow_id)
        if known.is_sibling:
            raise Invalid(
                f"Validation failed: {known.domain} belongs to this organisation; "
                f"`fedorg peer tier {known.domain} open` says that it no longer does"
            )
        _set(conn, node, known.domain, Tier.OPEN)
        _record(conn, node, by, "removed", known.domain)
        return known

    return await node.write(unit)


def _set(conn: Connection, node: Node, domain: str, tier: Tier) -> None:
    require_no_contradiction(conn, node, domain, tier)
    peers.set_tier(conn, node.now(), domain, tier)
    peer_rules.set_allow(conn, node.ids, node.now(), domain, tier)


def _existing(conn: Connection, domain: str) -> DomainAllow:
    made = peer_rules.find_allow(conn, domain)
    assert made is not None
    return made


def _record(conn: Connection, node: Node, by: User | None, what: str, domain: str) -> None:
    audit.record(conn, node.ids, node.now(), action=f"domain_allow.{what}", target=domain, user_id=user_id_of(by))
