"""Somebody elsewhere deletes a status, takes a stamp back, or is gone altogether."""

from federation.activities import Delete
from fedorg.activitypub import announcing
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import interactions, quotes, statuses
from fedorg.services.departures import remove_remote_account


async def handle_delete(node: Node, sender: Account, delete: Delete, _budget: Budget) -> Outcome:
    """The status, the stamp of a quote, an announcement, or the actor with all that is theirs, goes.

    The service deletes only what the sender made (S5), and remembers it, so that nothing late brings it back.
    """
    if delete.object.id == sender.uri:
        await remove_remote_account(node, sender)
        return Done()
    if await quotes.receive_revocation(node, sender, delete.object.id):
        return Done()
    if await statuses.receive_delete(node, sender, delete.object.id):
        return Done()
    if await announcing.receive_end(node, sender, delete.object.id):
        return Done()
    # Some servers delete a reblog instead of undoing it.
    if await interactions.receive_unreblog(node, sender, delete.object.id):
        return Done()
    return Ignored("nothing of that name by its actor is known here")
