"""Markers: how far somebody has read, the same on all their devices."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from fedorg.domain.statuses import Marker, TimelineName
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.store import markers


async def list_markers(node: Node, account_id: AccountId, timelines: Collection[TimelineName]) -> list[Marker]:
    """How far the account has read; only timelines with a marker."""
    return await node.read(markers.list_of_account, account_id, timelines)


async def set_markers(node: Node, account_id: AccountId, last_read: Mapping[TimelineName, int]) -> list[Marker]:
    """Store new positions, each with the next version, and return them."""

    def unit(conn: Connection) -> list[Marker]:
        for timeline in sorted(last_read):
            markers.put(conn, node.now(), account_id, timeline, last_read[timeline])
        return markers.list_of_account(conn, account_id, list(last_read))

    return await node.write(unit)
