from fedorg.domain.accounts import Account
from fedorg.domain.relationships import Relationship
from fedorg.ids import AccountId
from fedorg.node import Node


async def block(node: Node, account: Account, target_id: AccountId) -> Relationship:
    """Block: both stop following each other and see nothing of each other."""
    raise NotImplementedError


async def unblock(node: Node, account: Account, target_id: AccountId) -> Relationship:
    """Take a block back; the follows stay severed."""
    raise NotImplementedError


async def mute(
    node: Node, account: Account, target_id: AccountId, *, notifications: bool = True, duration_seconds: int = 0
) -> Relationship:
    """Hide what somebody posts, and their notifications unless told otherwise; 0 seconds: for good."""
    raise NotImplementedError


async def unmute(node: Node, account: Account, target_id: AccountId) -> Relationship:
    """Take a mute back."""
    raise NotImplementedError


async def receive_block(node: Node, account: Account, target: Account, uri: str) -> None:
    """A peer's account blocks a local one."""
    raise NotImplementedError


async def receive_unblock(node: Node, account: Account, target: Account) -> None:
    """It takes the block back."""
    raise NotImplementedError
