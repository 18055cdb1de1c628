"""Somebody elsewhere posts."""

from federation import origin
from federation.activities import Create
from federation.audience import Reach
from federation.objects import Note, Notice, Ref, UnknownObject
from fedorg.activitypub import announcing, fetching, notes
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import polls, statuses


async def handle_create(node: Node, sender: Account, create: Create, budget: Budget) -> Outcome:
    """A ``Note`` or ``Question`` that concerns somebody here is kept, other documents as text and link; a vote counts.

    What siblings announce is shown. An embedded note is its author's own by now; anything else is fetched from where it
    lives (S6, S12).
    """
    if isinstance(create.object, UnknownObject):
        return Ignored(f"a {create.object.type} is nothing this server shows")
    if isinstance(create.object, Notice):
        return await announcing.receive(node, sender, create.object)
    if isinstance(create.object, Ref) and await statuses.is_told(node, create.object.id):
        return Done()
    note = await _note(node, sender, create.object, budget)
    if note is None or note.attributed_to != sender.uri:
        return Ignored("its actor is not the author")
    if note.is_vote:
        fault = await polls.receive_vote(node, sender, note.in_reply_to or "", note.name or "")
        return Done() if fault is None else Ignored(fault)
    return await _keep(node, sender, note, budget)


async def _note(node: Node, sender: Account, created: Note | Ref, budget: Budget) -> Note | None:
    """The note; None for one of another server, which cannot be the sender's own."""
    if isinstance(created, Note):
        return created
    return await fetching.fetch_note(node, created.id, budget) if origin.same_origin(created.id, sender.uri) else None


async def _keep(node: Node, sender: Account, note: Note, budget: Budget) -> Outcome:
    interest = await statuses.interest_in(
        node,
        note.id,
        sender,
        names_local=notes.names_local(node, note),
        answers=note.in_reply_to,
        is_for_organisation=note.reach is Reach.ORGANISATION,
    )
    if interest is statuses.Interest.KNOWN:
        return Done()
    if interest is statuses.Interest.NONE:
        # A stranger's status makes this server ask for nobody whom it mentions.
        return Ignored("not addressed to anyone here")
    status = await statuses.receive_status(node, await notes.to_remote_status_of(node, sender, note, budget))
    return Ignored("not addressed to anyone here, or deleted before") if status is None else Done()
