from collections.abc import Sequence

from fedorg.domain.accounts import Account
from fedorg.domain.pages import Listed
from fedorg.domain.relationships import MutedAccount, Relationship
from fedorg.domain.statuses import PageQuery
from fedorg.ids import AccountId
from fedorg.node import Node


async def list_relationships(node: Node, viewer: AccountId, ids: Sequence[AccountId]) -> list[Relationship]:
    """What each of ``ids`` (those that exist, in their order) is to ``viewer``."""
    raise NotImplementedError


async def get_relationship(node: Node, viewer: AccountId, target_id: AccountId) -> Relationship:
    """The same for one; ``NotFound`` when there is no such account."""
    raise NotImplementedError


async def list_followers(
    node: Node, viewer: AccountId | None, account_id: AccountId, page: PageQuery
) -> list[Listed[Account]]:
    """Who follows an account; empty for others when it hides its collections."""
    raise NotImplementedError


async def list_following(
    node: Node, viewer: AccountId | None, account_id: AccountId, page: PageQuery
) -> list[Listed[Account]]:
    """Whom an account follows; empty for others when it hides its collections."""
    raise NotImplementedError


async def list_follow_requests(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[Account]]:
    """Who waits to be accepted."""
    raise NotImplementedError


async def list_blocks(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[Account]]:
    """Whom the account blocks."""
    raise NotImplementedError


async def list_mutes(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[MutedAccount]]:
    """Whom the account mutes at present."""
    raise NotImplementedError


async def set_note(node: Node, viewer: AccountId, target_id: AccountId, comment: str) -> Relationship:
    """Keep a private note about an account; the empty text removes it."""
    raise NotImplementedError
