from fedorg.domain.accounts import Account
from fedorg.domain.relationships import Relationship
from fedorg.ids import AccountId
from fedorg.node import Node


async def follow(
    node: Node,
    account: Account,
    target_id: AccountId,
    *,
    reblogs: bool | None = None,
    notify: bool | None = None,
    languages: tuple[str, ...] | None = None,
) -> Relationship:
    """Follow, or change how one follows (None leaves a part as it is; new follows show reblogs and do not notify)."""
    raise NotImplementedError


async def unfollow(node: Node, account: Account, target_id: AccountId) -> Relationship:
    """Stop following, or take a request back."""
    raise NotImplementedError


async def remove_from_followers(node: Node, account: Account, follower_id: AccountId) -> Relationship:
    """Make somebody stop following ``account``."""
    raise NotImplementedError


async def authorize_request(node: Node, account: Account, follower_id: AccountId) -> Relationship:
    """Accept a follow request; ``NotFound`` when there is none."""
    raise NotImplementedError


async def reject_request(node: Node, account: Account, follower_id: AccountId) -> Relationship:
    """Refuse a follow request; ``NotFound`` when there is none."""
    raise NotImplementedError
