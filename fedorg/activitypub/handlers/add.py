"""Somebody elsewhere pins a status, or shows a hashtag on a profile."""

from federation.activities import Add
from federation.objects import Hashtag
from fedorg.activitypub import resolve
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import featured_tags, pins, relationships, statuses


async def handle_add(node: Node, sender: Account, add: Add, budget: Budget) -> Outcome:
    """A status, or a ``Hashtag``, of the actor's ``featured`` collection (or ``featuredTags``) stands on the profile.

    Only the actor's own collections count, and only its own statuses (S5).
    """
    if add.target not in (sender.featured_uri, sender.featured_tags_uri):
        return Ignored("it adds to no collection of its actor that is shown here")
    if isinstance(add.object, Hashtag):
        is_done = await featured_tags.receive_feature(node, sender, add.object.name)
        return Done() if is_done else Ignored("what it adds is no hashtag, or one too many")
    status = await statuses.find_by_uri(node, add.object.id)
    if status is None:
        if not await relationships.is_followed_here(node, sender):
            # A stranger's pin makes this server fetch and keep nothing.
            return Ignored("it concerns nobody here")
        status = await resolve.get_status(node, add.object.id, budget)
    if await pins.receive_pin(node, sender, status):
        return Done()
    return Ignored("what it adds is not its actor's own status, or one too many")
