"""Somebody elsewhere takes back what they did."""

from federation.activities import Announce, Block, Follow, Like, Undo
from federation.objects import Ref
from fedorg.activitypub import local
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import interactions, relationships


async def handle_undo(node: Node, sender: Account, undo: Undo, _budget: Budget) -> Outcome:
    """Takes back a ``Follow``, ``Like``, ``Announce`` or ``Block`` of the same actor.

    What is undone was the sender's own: ``federation.origin`` has compared the two actors.
    """
    undone = undo.object
    match undone:
        case Follow():
            is_done = await _unfollow(node, sender, undone)
        case Like():
            is_done = await interactions.receive_unfavourite(node, sender, undone.object.id)
        case Announce():
            is_done = await interactions.receive_unreblog(node, sender, undone.id)
        case Block():
            is_done = await _unblock(node, sender, undone)
        case Ref():
            is_done = await interactions.receive_unreblog(node, sender, undone.id)
        case _:
            return Ignored(f"{type(undone).__name__} is nothing that was done here")
    return Done() if is_done else Ignored("it undoes nothing that is known here")


async def _unfollow(node: Node, sender: Account, follow: Follow) -> bool:
    target = await local.find_account(node, follow.object.id)
    return target is not None and await relationships.receive_unfollow(node, sender, target)


async def _unblock(node: Node, sender: Account, block: Block) -> bool:
    target = await local.find_account(node, block.object.id)
    if target is None:
        return False
    await relationships.receive_unblock(node, sender, target)
    return True
