"""Somebody elsewhere favourites a status."""

from federation.activities import Like
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.activitypub.reactions import reaction_of
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import interactions, reactions


async def handle_like(node: Node, sender: Account, like: Like, _budget: Budget) -> Outcome:
    """A favourite; so counts a reaction with an emoji, as in Mastodon, whose emoji is shown as a reaction beside it."""
    if await interactions.receive_favourite(node, sender, like.object.id, like.id):
        reaction = reaction_of(like, sender)
        if reaction is not None:
            await reactions.receive_reaction(node, sender, like.object.id, reaction, like.id)
        return Done()
    return Ignored("it is about a status that is unknown here or not for its actor")
