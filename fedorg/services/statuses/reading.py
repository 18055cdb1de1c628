from collections.abc import Sequence

from fedorg.domain.statuses import ContextView, Status, StatusEdit, StatusView
from fedorg.domain.visibility import Tier
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node


async def get_view(node: Node, viewer: AccountId | None, status_id: StatusId) -> StatusView:
    """The status for ``viewer``; ``NotFound`` when it is absent or invisible."""
    raise NotImplementedError


async def list_views(node: Node, viewer: AccountId | None, ids: Sequence[StatusId]) -> list[StatusView]:
    """Those of ``ids`` that ``viewer`` may see, in the order given, in a fixed number of queries."""
    raise NotImplementedError


async def get_context(node: Node, viewer: AccountId | None, status_id: StatusId) -> ContextView:
    """The thread around a status, as far as ``viewer`` may see it."""
    raise NotImplementedError


async def list_edits(node: Node, viewer: AccountId | None, status_id: StatusId) -> list[StatusEdit]:
    """Every version of a status, the first one first, the present one last."""
    raise NotImplementedError


async def get_source(node: Node, author: AccountId, status_id: StatusId) -> Status:
    """A status with the text its author typed; ``NotFound`` for anybody else's."""
    raise NotImplementedError


async def find_by_uri(node: Node, uri: str) -> Status | None:
    """The status with this identity, whoever may see it: for the machinery, not for people."""
    raise NotImplementedError


async def may_peer_see(node: Node, status: Status, peer_domain: str, tier: Tier, actor_uri: str) -> bool:
    """Whether the actor of a peer, whose signature was verified, may fetch ``status``."""
    raise NotImplementedError
