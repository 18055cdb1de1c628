"""With which servers this node speaks: the mode of the node and the tier of the peer, asked on every host (S15).

A peer is named by the host of what it serves (ids, inboxes), not by the domain in its handles. A block beats
everything; a server nobody set a tier for is ``open``.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from federation.activities import Activity, Delete, Reject, Undo
from federation.addresses import domain_of
from federation.agreements import partnership_of
from federation.client import Client
from fedorg.domain.peers import Standing
from fedorg.domain.visibility import FederationMode, Tier, admits
from fedorg.errors import Forbidden
from fedorg.node import Node
from fedorg.store import partnerships, peers

FORMER_FOR: Final = timedelta(days=30)
"""How long a former partner may say what ends."""


class Matter(StrEnum):
    """What one of two servers wants to say to the other."""

    CONTENT = "content"
    ENDING = "ending"
    """Something that was said before no longer holds: a former partner may still say so for a while."""
    AGREEMENT = "agreement"
    """What the two are to each other: everybody may say so who is not blocked."""


class NotAdmitted(Forbidden):
    """This node does not federate with a server."""

    def __init__(self, domain: str) -> None:
        super().__init__(f"This server does not federate with {domain}")
        self.domain = domain


def mode_of(node: Node) -> FederationMode:
    """With whom the node federates at all."""
    return FederationMode(node.settings.federation_mode)


def domain(node: Node, uri: str) -> str:
    """The name of the peer an address belongs to; raises ``AddressRefused`` for one that may not be contacted."""
    return domain_of(uri, node.client.policy)


async def tier_of(node: Node, uri: str) -> Tier:
    """What the server of an address is to this node."""
    return (await standing_of(node, uri)).tier


async def standing_of(node: Node, uri: str) -> Standing:
    """The same, with how much may pass."""
    name = domain(node, uri)
    return (await node.glance(peers.standings, (name,)))[name]


async def require_admitted(node: Node, uris: Iterable[str], matter: Matter = Matter.CONTENT) -> None:
    """Raise ``NotAdmitted`` unless the node speaks with every server these belong to; ours are not asked about."""
    names = {domain(node, uri) for uri in uris if not node.uris.is_ours(uri)}
    if names:
        await node.glance(_require_admitted, mode_of(node), names, matter, node.now() - FORMER_FOR)


def admission(node: Node, uris: Iterable[str], matter: Matter) -> Callable[[Connection], dict[str, Standing]]:
    """The same as a part of a unit of work, which tells what every server these belong to is, by its domain."""
    names = {domain(node, uri) for uri in uris if not node.uris.is_ours(uri)}
    mode, since = mode_of(node), node.now() - FORMER_FOR
    return lambda conn: _require_admitted(conn, mode, names, matter, since)


def matter_of(activity: Activity) -> Matter:
    """What an activity is about."""
    if partnership_of(activity) is not None:
        return Matter.AGREEMENT
    return Matter.ENDING if isinstance(activity, Delete | Reject | Undo) else Matter.CONTENT


async def is_admitted(node: Node, name: str) -> bool:
    """Whether the node speaks with a server about everything."""
    return (await node.glance(peers.standings, (name,)))[name].is_admitted(mode_of(node))


async def require_not_blocked(node: Node, names: Iterable[str]) -> None:
    """Raise ``NotAdmitted`` if one of these domains (of handles, say) is blocked."""
    for name, tier in (await node.glance(peers.tiers, names)).items():
        if tier is Tier.BLOCKED:
            raise NotAdmitted(name)


async def require_may_ask(node: Node, name: str) -> None:
    """Raise ``NotAdmitted`` unless the domain of a handle may be asked who lives there.

    Outside mode ``open`` a question tells a stranger what somebody types: only a peer is asked, and the domain above
    a peer (``org.example`` of ``social.org.example``), on which its handles may stand.
    """
    mode, tier = mode_of(node), (await node.glance(peers.tiers, (name,)))[name]
    if tier is Tier.BLOCKED:
        raise NotAdmitted(name)
    if not admits(mode, tier) and not any(admits(mode, one) for one in await node.read(peers.tiers_below, name)):
        raise NotAdmitted(name)


def asking_client(node: Node) -> Client:
    """The way out for questions about who lives where; each server on the way must be one that may be asked."""

    async def admit(url: str) -> None:
        await require_may_ask(node, domain(node, url))

    return node.client.admitting(admit)


def _require_admitted(
    conn: Connection, mode: FederationMode, names: set[str], matter: Matter, since: datetime
) -> dict[str, Standing]:
    standings = peers.standings(conn, names)
    for name, standing in sorted(standings.items()):
        is_admitted = standing.is_admitted(mode)
        if not is_admitted and not _is_heard(conn, mode, name, standing.tier, matter, since):
            raise NotAdmitted(name)
    return standings


def _is_heard(conn: Connection, mode: FederationMode, name: str, tier: Tier, matter: Matter, since: datetime) -> bool:
    if mode is FederationMode.CLOSED or tier is Tier.BLOCKED:
        return False
    match matter:
        case Matter.CONTENT:
            return False
        case Matter.ENDING:
            return partnerships.was_in_force(conn, name, since)
        case Matter.AGREEMENT:
            return True
