"""Somebody elsewhere favourites a status."""

from federation.activities import Like
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import interactions


async def handle_like(node: Node, sender: Account, like: Like, _budget: Budget) -> Outcome:
    """A favourite; so counts a reaction with an emoji, as in Mastodon."""
    if await interactions.receive_favourite(node, sender, like.object.id, like.id):
        return Done()
    return Ignored("it is about a status that is unknown here or not for its actor")
