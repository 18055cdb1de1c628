"""Somebody elsewhere takes back what they did."""

from federation.activities import Accept, Announce, Block, EmojiReact, Follow, Like, Undo
from federation.objects import Ref
from fedorg.activitypub import agreements, local
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.activitypub.reactions import reaction_of
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import interactions, reactions, relationships


async def handle_undo(node: Node, sender: Account, undo: Undo, budget: Budget) -> Outcome:
    """Takes back a ``Follow``, its ``Accept``, ``Like``, ``EmojiReact``, ``Announce``, ``Block``, or a partnership.

    What is undone was the sender's own: ``federation.origin`` has compared the two actors.
    """
    agreed = await agreements.receive(node, sender, undo)
    if agreed is not None:
        return agreed
    undone = undo.object
    match undone:
        case Follow():
            is_done = await _unfollow(node, sender, undone, budget)
        case Like():
            is_done = await _unlike(node, sender, undone)
        case EmojiReact():
            is_done = await _unreact(node, sender, undone)
        case Announce():
            is_done = await interactions.receive_unreblog(node, sender, undone.id)
        case Block(target=None):
            is_done = await _unblock(node, sender, undone)
        case Accept():
            is_done = await _unaccept(node, sender, undone)
        case Ref():
            is_done = await _undo_by_name(node, sender, undone.id)
        case _:
            return Ignored(f"{type(undone).__name__} is nothing that was done here")
    return Done() if is_done else Ignored("it undoes nothing that is known here")


async def _unfollow(node: Node, sender: Account, follow: Follow, budget: Budget) -> bool:
    target = await local.find_account(node, follow.object.id)
    if target is None:
        return False
    return await relationships.receive_unfollow(node, sender, target, follow.id, budget.told_at)


async def _unlike(node: Node, sender: Account, like: Like) -> bool:
    """The favourite goes, and the reaction that came with it."""
    had_reaction = await reactions.receive_unreaction(
        node, sender, like.id, status_uri=like.object.id, reaction=reaction_of(like, sender)
    )
    return await interactions.receive_unfavourite(node, sender, like.object.id, like.id) or had_reaction


async def _unreact(node: Node, sender: Account, react: EmojiReact) -> bool:
    return await reactions.receive_unreaction(
        node, sender, react.id, status_uri=react.object.id, reaction=reaction_of(react, sender)
    )


async def _unaccept(node: Node, sender: Account, accept: Accept) -> bool:
    """A member's follow that was let in is not any more: what others say by a ``Reject``."""
    asked = accept.object
    if await relationships.receive_reject(node, sender, follow_uri=asked.id):
        return True
    follower = await local.find_account(node, asked.actor) if isinstance(asked, Follow) else None
    return follower is not None and await relationships.receive_reject(node, sender, follower=follower)


async def _undo_by_name(node: Node, sender: Account, uri: str) -> bool:
    """What an activity did of which only the id is told."""
    if await relationships.receive_unfollow_of(node, sender, uri):
        return True
    if await relationships.receive_unblock_of(node, sender, uri):
        return True
    had_reaction = await reactions.receive_unreaction(node, sender, uri)
    had_favourite = await interactions.receive_unfavourite_of(node, sender, uri)
    return had_reaction or had_favourite or await interactions.receive_unreblog(node, sender, uri)


async def _unblock(node: Node, sender: Account, block: Block) -> bool:
    target = await local.find_account(node, block.object.id)
    return target is not None and await relationships.receive_unblock(node, sender, target, block.id)
