"""Somebody elsewhere reacts to a status with an emoji."""

from federation.activities import EmojiReact
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.activitypub.reactions import reaction_of
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import reactions


async def handle_emoji_react(node: Node, sender: Account, react: EmojiReact, _budget: Budget) -> Outcome:
    """A reaction, counted apart from favourites: one emoji, or a custom one with its picture."""
    reaction = reaction_of(react, sender)
    if reaction is None:
        return Ignored("it holds no emoji, or a custom one without a picture")
    if await reactions.receive_reaction(node, sender, react.object.id, reaction, react.id):
        return Done()
    return Ignored("the status is unknown here, not for its actor, or has this reaction or too many already")
