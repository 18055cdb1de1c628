"""Another node proposes a partnership."""

from federation.activities import Offer
from fedorg.activitypub import agreements
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node


async def handle_offer(node: Node, sender: Account, offer: Offer, _budget: Budget) -> Outcome:
    """A partnership, proposed by the actor of another node: its administrators and ours decide."""
    return await agreements.receive(node, sender, offer) or Ignored("it offers nothing that this server takes")
