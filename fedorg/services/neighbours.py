"""With whom a node federates, how far and why: what members may know of what their administrators agreed."""

from typing import Final

from sqlalchemy import Connection

from fedorg.domain.partnerships import Neighbour, PartnershipState
from fedorg.ids import PartnershipId
from fedorg.node import Node
from fedorg.store import partnerships, peers

NEIGHBOURS_MAX: Final = 1000


async def list_neighbours(node: Node) -> list[Neighbour]:
    """The siblings and partners of the node, by domain."""

    def unit(conn: Connection) -> list[Neighbour]:
        agreed = {
            one.domain: one
            for one in partnerships.list_live(conn, PartnershipId(0), NEIGHBOURS_MAX)
            if one.state is PartnershipState.ACTIVE
        }
        named = peers.list_named(conn, NEIGHBOURS_MAX)
        # A block of a server above one is stronger than what that one is.
        tiers = peers.tiers(conn, [peer.domain for peer in named])
        return [
            Neighbour(
                domain=peer.domain,
                tier=peer.tier,
                ceilings=peer.ceilings,
                since=agreed[peer.domain].active_since if peer.domain in agreed else None,
                note=agreed[peer.domain].note if peer.domain in agreed else "",
            )
            for peer in named
            if tiers[peer.domain] is peer.tier
        ]

    return await node.read(unit)
