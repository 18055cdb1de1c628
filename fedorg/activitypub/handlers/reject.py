"""Somebody elsewhere refuses, or ends, a follow or a quote of somebody here."""

from federation.activities import Follow, Reject
from fedorg.activitypub import agreements, local
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import quotes, relationships


async def handle_reject(node: Node, sender: Account, reject: Reject, _budget: Budget) -> Outcome:
    """A follow or a quote asked for here, or one that was accepted, ends; an offered partnership is declined.

    It is named by the id it was asked with, else by its two ends.
    """
    agreed = await agreements.receive(node, sender, reject)
    if agreed is not None:
        return agreed
    asked = reject.object
    follower = await local.find_account(node, asked.actor) if isinstance(asked, Follow) else None
    if await relationships.receive_reject(node, sender, follow_uri=asked.id):
        return Done()
    if follower is not None and await relationships.receive_reject(node, sender, follower=follower):
        return Done()
    if await quotes.receive_rejection(node, sender, asked.id):
        return Done()
    return Ignored("it refuses nothing that was asked from here")
