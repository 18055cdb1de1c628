"""Somebody elsewhere asks to follow somebody here."""

from federation.activities import Follow
from fedorg.activitypub import local
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account, ActorType
from fedorg.node import Node
from fedorg.services import relationships


async def handle_follow(node: Node, sender: Account, follow: Follow, _budget: Budget) -> Outcome:
    """Somebody follows; answered at once, or when a locked account decides."""
    target = await local.find_account(node, follow.object.id)
    if target is None or target.actor_type is ActorType.APPLICATION:
        return Ignored("it follows nobody of this server")
    await relationships.receive_follow(node, sender, target, follow.id)
    return Done()
