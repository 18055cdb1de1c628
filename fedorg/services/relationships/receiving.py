from fedorg.domain.accounts import Account
from fedorg.node import Node


async def receive_follow(node: Node, follower: Account, target: Account, uri: str) -> None:
    """A peer's account asks to follow a local one: accepted and answered at once, kept for a locked one, refused when blocked."""
    raise NotImplementedError


async def receive_unfollow(node: Node, follower: Account, target: Account) -> bool:
    """It stops following, or takes its request back; whether it did follow."""
    raise NotImplementedError


async def receive_accept(
    node: Node, target: Account, *, follow_uri: str | None = None, follower: Account | None = None
) -> bool:
    """``target`` (remote) accepts the follow named by its uri, else by its local follower; whether there is one."""
    raise NotImplementedError


async def receive_reject(
    node: Node, target: Account, *, follow_uri: str | None = None, follower: Account | None = None
) -> bool:
    """``target`` (remote) refuses or ends a follow, named as above; whether there was one."""
    raise NotImplementedError
