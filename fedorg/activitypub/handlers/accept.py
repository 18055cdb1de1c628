"""Somebody elsewhere accepts a follow of somebody here, or a quote."""

from federation.activities import Accept, Follow
from fedorg.activitypub import agreements, local, quoting
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import relationships


async def handle_accept(node: Node, sender: Account, accept: Accept, budget: Budget) -> Outcome:
    """A follow asked for here counts from now on; so does a quote, once its stamp was fetched; or a partnership.

    Only who was asked can accept, and only what was asked (S51): by the id of the Follow, else by its two ends.
    """
    agreed = await agreements.receive(node, sender, accept)
    if agreed is not None:
        return agreed
    asked = accept.object
    if await relationships.receive_accept(node, sender, follow_uri=asked.id):
        return Done()
    follower = await local.find_account(node, asked.actor) if isinstance(asked, Follow) else None
    if follower is not None and await relationships.receive_accept(node, sender, follower=follower):
        return Done()
    outcome = await quoting.accept(node, sender, accept, budget)
    return outcome or Ignored("it accepts nothing that was asked from here")
