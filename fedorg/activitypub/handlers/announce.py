"""Somebody elsewhere reblogs a status."""

from federation.activities import Announce
from federation.audience import Addressing
from federation.objects import Note, Ref
from fedorg.activitypub import moments, notes, resolve
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.domain.statuses import Status
from fedorg.node import Node
from fedorg.services import interactions, relationships, statuses


async def handle_announce(node: Node, sender: Account, announce: Announce, budget: Budget) -> Outcome:
    """A boost of a public or unlisted ``Note``, which is fetched from its origin; or what a community passes on.

    What is known here is not fetched again; an embedded copy is taken from its own server only. For activities of
    communities see ``activitypub.announced``.
    """
    announced = announce.object
    if not isinstance(announced, Note | Ref):
        return Ignored("what it passes on is not a status")
    known = await statuses.find_by_uri(node, announced.id)
    if known is None and not await relationships.is_followed_here(node, sender):
        # A stranger's boost makes this server fetch and keep nothing.
        return Ignored("it concerns nobody here")
    status = known or await _fetched(node, announced, budget)
    if status is None:
        return Ignored("what it passes on was deleted")
    audience = notes.audience_of(node, Addressing(to=announce.to, cc=announce.cc), sender)
    now = node.now()
    created_at = moments.past(announce.published or now, now)
    if await interactions.receive_reblog(node, sender, announce.id, status, audience, created_at) is None:
        return Ignored("it concerns nobody here, or may not be reblogged")
    return Done()


async def _fetched(node: Node, announced: Note | Ref, budget: Budget) -> Status | None:
    if isinstance(announced, Ref):
        return await resolve.get_status(node, announced.id, budget)
    return await statuses.record_fetched(node, await notes.to_remote_status(node, announced, budget))
