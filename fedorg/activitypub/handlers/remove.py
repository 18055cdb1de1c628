"""Somebody elsewhere takes a pin back, or shows a hashtag no more."""

from federation.activities import Remove
from federation.objects import Hashtag
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import featured_tags, pins


async def handle_remove(node: Node, sender: Account, remove: Remove, _budget: Budget) -> Outcome:
    """What was added to the actor's own ``featured`` or ``featuredTags`` collection leaves the profile."""
    if remove.target not in (sender.featured_uri, sender.featured_tags_uri):
        return Ignored("it removes from no collection of its actor that is shown here")
    if isinstance(remove.object, Hashtag):
        is_done = await featured_tags.receive_unfeature(node, sender, remove.object.name)
    else:
        is_done = await pins.receive_unpin(node, sender, remove.object.id)
    return Done() if is_done else Ignored("it removes nothing that is known here")
