"""Somebody elsewhere posts."""

from federation.activities import Create
from federation.objects import Note, UnknownObject
from fedorg.activitypub import fetching, notes
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import polls, statuses


async def handle_create(node: Node, sender: Account, create: Create, budget: Budget) -> Outcome:
    """A ``Note`` or ``Question`` that concerns somebody here is kept, other documents as text and link; a vote counts.

    An embedded note is its author's own by now; anything else is fetched from where it lives (S6, S12).
    """
    if isinstance(create.object, UnknownObject):
        return Ignored(f"a {create.object.type} is nothing this server shows")
    if await statuses.find_by_uri(node, create.object.id) is not None:
        return Done()
    if isinstance(create.object, Note):
        note = create.object
    else:
        note = await fetching.fetch_note(node, create.object.id, budget)
    if note.attributed_to != sender.uri:
        return Ignored("its actor is not the author")
    if note.is_vote:
        fault = await polls.receive_vote(node, sender, note.in_reply_to or "", note.name or "")
        return Done() if fault is None else Ignored(fault)
    status = await statuses.receive_status(node, await notes.to_remote_status(node, note, budget))
    return Ignored("not addressed to anyone here, or deleted before") if status is None else Done()
