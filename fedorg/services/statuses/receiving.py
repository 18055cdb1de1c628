from fedorg.domain.accounts import Account
from fedorg.domain.statuses import RemoteStatus, Status
from fedorg.node import Node


async def receive_status(node: Node, remote: RemoteStatus) -> Status | None:
    """Record what a peer delivered, once per uri; None when it was deleted before or concerns nobody here."""
    raise NotImplementedError


async def record_fetched(node: Node, remote: RemoteStatus) -> Status | None:
    """Record what this node fetched by itself (search, threads, boosts); None when it was deleted before."""
    raise NotImplementedError


async def receive_edit(node: Node, remote: RemoteStatus) -> Status | None:
    """Bring a known status up to date; None when it is unknown, another author's, or not newer (S5, S6)."""
    raise NotImplementedError


async def receive_delete(node: Node, author: Account, uri: str) -> bool:
    """Delete ``author``'s status and remember that it is gone; whether it was known here."""
    raise NotImplementedError
