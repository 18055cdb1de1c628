"""Other servers: who they are to this node. A block beats everything (blueprint §5)."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Final

import msgspec
from sqlalchemy import Connection

from fedorg.domain.accounts import User
from fedorg.domain.domain_blocks import DomainBlock, Severity
from fedorg.domain.jobs import ApplyStanding, TellOrganisation
from fedorg.domain.moderation import user_id_of
from fedorg.domain.partnerships import Grant, GrantChange
from fedorg.domain.peers import PeerSummary
from fedorg.domain.visibility import Tier
from fedorg.errors import Conflict, Invalid, NotFound
from fedorg.node import Node
from fedorg.services import shutting_out
from fedorg.services.partnerships.settling import meet_sibling, require_no_contradiction
from fedorg.store import audit, deliveries, jobs, partnerships, peer_rules, peers
from fedorg.text.hosts import canonical_domain

_PAGE: Final = 1000
_NO_CHANGE: Final = GrantChange()


async def list_peers(node: Node, *, limit: int = _PAGE, offset: int = 0) -> tuple[PeerSummary, ...]:
    """A part of the known servers, by domain, each with how deliveries to it go."""
    return await node.read(peers.list_summaries, limit=limit, offset=offset)


async def all_peers(node: Node) -> AsyncIterator[PeerSummary]:
    """All of them, a page at a time."""
    offset = 0
    while found := await list_peers(node, offset=offset):
        for one in found:
            yield one
        offset += len(found)


async def list_sibling_inboxes(node: Node) -> tuple[str, ...]:
    """Where the other nodes of the organisation take what is for all of their members.

    Siblings that are known to run something else are not among them: they would not know what to do with it.
    """

    def unit(conn: Connection) -> tuple[str, ...]:
        siblings = peers.list_siblings(conn)
        runs = {domain: peer.software for domain in siblings if (peer := peers.find(conn, domain)) is not None}
        return tuple(node.uris.inbox_of(domain) for domain in siblings if runs.get(domain) in (None, "fedorg"))

    return await node.read(unit)


async def get_peer(node: Node, domain: str) -> PeerSummary:
    """One server; ``NotFound`` if this node has never met it."""

    def unit(conn: Connection) -> PeerSummary:
        return _get(conn, canonical_domain(domain) or domain)

    return await node.read(unit)


async def set_tier(node: Node, domain: str, tier: Tier, by: User | None = None) -> PeerSummary:
    """Say what a server is to this node; see ``decide``."""
    return await decide(node, domain, tier=tier, by=by)


async def change_ceilings(node: Node, domain: str, wanted: GrantChange, by: User | None = None) -> PeerSummary:
    """Say how much may pass between this node and a server; see ``decide``."""
    return await decide(node, domain, wanted=wanted, by=by)


async def decide(
    node: Node,
    domain: str,
    *,
    tier: Tier | None = None,
    wanted: GrantChange = _NO_CHANGE,
    by: User | None = None,
) -> PeerSummary:
    """Say what a server is to this node, how much may pass, or both at once; written to the audit log.

    With a tier the server need not be known before. From now on nothing is delivered to it that lies outside its tier:
    what was queued is checked again when it is due. A server that is blocked is hidden with all below it, every follow
    with them ends, and members are told which they lost. Any other tier lifts the block.

    Raises ``Invalid`` for what is no other server, ``NotFound`` for one this node has never met, ``Conflict`` for a
    tier that contradicts a partnership, and for limits where there is one, which has its own.
    """
    name = canonical_domain(domain)
    if tier is not None:
        name = _other_server(node, domain)
        if tier is Tier.BLOCKED:
            shutting_out.require_not_own(node, name)
    named = name or domain

    def unit(conn: Connection) -> PeerSummary:
        peers.lock_rules(conn)
        if tier is not None:
            _set_tier(conn, node, named, tier, by)
        if wanted != _NO_CHANGE:
            _set_ceilings(conn, node, named, wanted, by)
        return _get(conn, named)

    return await node.write(unit)


async def retry_deliveries(node: Node, domain: str, by: User | None = None) -> tuple[PeerSummary, int]:
    """Give everything meant for a server another try now, what was given up too: how it stands, and how many were.

    It has another week from now on. ``NotFound`` if this node has never met the server.
    """

    def unit(conn: Connection) -> tuple[PeerSummary, int]:
        name = _get(conn, canonical_domain(domain) or domain).peer.domain
        peers.end_pause(conn, name)
        revived = deliveries.revive(conn, name, node.now())
        _record(conn, node, by, "retry", name, {"deliveries": str(revived)})
        return _get(conn, name), revived

    return await node.write(unit)


def _other_server(node: Node, domain: str) -> str:
    """A domain in its one form; raises ``Invalid`` for what is none, or is this node."""
    name = canonical_domain(domain)
    if name is None:
        raise Invalid(f"{domain!r} is not a domain; give a host name such as sales.org.example")
    if name in (node.settings.domain, node.settings.web_domain):
        raise Invalid("A node is no peer of itself")
    return name


def _set_tier(conn: Connection, node: Node, name: str, tier: Tier, by: User | None) -> None:
    before = peer_rules.find_block(conn, name)
    was_sibling = peers.tiers(conn, [name])[name] is Tier.SIBLING
    if tier is Tier.BLOCKED:
        new = DomainBlock(id=node.ids.next(), domain=name, severity=Severity.SUSPEND, created_at=node.now())
        shutting_out.impose(conn, node, replace(before or new, severity=Severity.SUSPEND), before)
    else:
        if before is not None and before.severity is Severity.SUSPEND:
            shutting_out.lift(conn, node, before)
        require_no_contradiction(conn, node, name, tier)
        peers.set_tier(conn, node.now(), name, tier)
        peer_rules.set_allow(conn, node.ids, node.now(), name, tier)
    if tier is not Tier.BLOCKED and was_sibling is not (tier is Tier.SIBLING):
        jobs.enqueue(conn, node.ids, node.now(), TellOrganisation(domain=name))
        if not was_sibling:
            meet_sibling(conn, node, name)
    _record(conn, node, by, "tier", name, {"tier": tier.value})


def _set_ceilings(conn: Connection, node: Node, name: str, wanted: GrantChange, by: User | None) -> None:
    known = _get(conn, name).peer
    if partnerships.find_live(conn, known.domain) is not None:
        raise Conflict(f"There is a partnership with {known.domain}; change what that grants")
    ceilings = wanted.of(Grant(ceilings=known.ceilings)).ceilings
    peers.set_own_ceilings(conn, known.domain, ceilings)
    jobs.enqueue(conn, node.ids, node.now(), ApplyStanding(domain=known.domain))
    told = {field: str(value) for field, value in msgspec.to_builtins(ceilings).items()}
    _record(conn, node, by, "ceilings", known.domain, told)


def _record(conn: Connection, node: Node, by: User | None, what: str, domain: str, details: Mapping[str, str]) -> None:
    audit.record(
        conn,
        node.ids,
        node.now(),
        action=f"peer.{what}",
        target=domain,
        user_id=user_id_of(by),
        account_id=None if by is None else by.account_id,
        details=details,
    )


def _get(conn: Connection, domain: str) -> PeerSummary:
    summary = peers.find_summary(conn, domain)
    if summary is None:
        raise NotFound(f"This node knows no server {domain}")
    return summary
