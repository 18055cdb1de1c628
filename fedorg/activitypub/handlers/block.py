"""Somebody elsewhere blocks somebody here."""

from federation.activities import Block
from fedorg.activitypub import local
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import relationships


async def handle_block(node: Node, sender: Account, block: Block, _budget: Budget) -> Outcome:
    """Follows in both directions end, and both stop seeing each other; the one who is blocked is not told."""
    if block.target is not None:
        # Lemmy bans so, from a community or a server; the moderator has nothing against anybody.
        return Ignored("it bans from a community or a server, which is kept there")
    target = await local.find_account(node, block.object.id)
    if target is None:
        return Ignored("it blocks nobody of this server")
    await relationships.receive_block(node, sender, target, block.id)
    return Done()
