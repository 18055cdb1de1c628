from collections.abc import Collection, Mapping

from fedorg.domain.statuses import Marker, TimelineName
from fedorg.ids import AccountId
from fedorg.node import Node


async def list_markers(node: Node, account_id: AccountId, timelines: Collection[TimelineName]) -> list[Marker]:
    """How far the account has read; only timelines with a marker."""
    raise NotImplementedError


async def set_markers(node: Node, account_id: AccountId, last_read: Mapping[TimelineName, int]) -> list[Marker]:
    """Store new positions, each with the next version."""
    raise NotImplementedError
