from datetime import datetime

from fedorg.domain.accounts import Account
from fedorg.domain.pages import Listed
from fedorg.domain.statuses import PageQuery, Status
from fedorg.domain.visibility import Audience, Visibility
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node


async def favourite(node: Node, account: Account, status_id: StatusId) -> None:
    """Favourite a visible status; once or twice is the same."""
    raise NotImplementedError


async def unfavourite(node: Node, account: Account, status_id: StatusId) -> None:
    """Take a favourite back; not to have it is no fault."""
    raise NotImplementedError


async def bookmark(node: Node, account: Account, status_id: StatusId) -> None:
    """Bookmark a visible status; only the one who does it knows."""
    raise NotImplementedError


async def unbookmark(node: Node, account: Account, status_id: StatusId) -> None:
    """Remove a bookmark."""
    raise NotImplementedError


async def reblog(node: Node, account: Account, status_id: StatusId, *, visibility: Visibility | None = None) -> Status:
    """Boost a status and return the reblog (the one there is, if it was boosted before).

    ``visibility`` is that of the reblog: what the client asks, else the user's default; None: public.
    """
    raise NotImplementedError


async def unreblog(node: Node, account: Account, status_id: StatusId) -> Status:
    """Take a boost back and return the boosted status; ``status_id`` is that of either."""
    raise NotImplementedError


async def list_favourited_by(
    node: Node, viewer: AccountId | None, status_id: StatusId, page: PageQuery
) -> list[Listed[Account]]:
    """Who favourited a visible status, newest first."""
    raise NotImplementedError


async def list_reblogged_by(
    node: Node, viewer: AccountId | None, status_id: StatusId, page: PageQuery
) -> list[Listed[Account]]:
    """Who boosted a visible status, newest first."""
    raise NotImplementedError


async def receive_favourite(node: Node, account: Account, status_uri: str, uri: str) -> bool:
    """Record a Like of a peer's account; False when the status is unknown or that account may not see it."""
    raise NotImplementedError


async def receive_unfavourite(node: Node, account: Account, status_uri: str) -> bool:
    """Take it back; whether there was one."""
    raise NotImplementedError


async def receive_reblog(
    node: Node, account: Account, uri: str, status: Status, audience: Audience, created_at: datetime
) -> Status | None:
    """Record a boost by a peer's account, once; None when it concerns nobody here or may not be."""
    raise NotImplementedError


async def receive_unreblog(node: Node, account: Account, uri: str) -> bool:
    """Take back the boost that ``uri`` (the Announce, or the boosted status) names; whether there was one."""
    raise NotImplementedError
