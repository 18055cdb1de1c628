"""Somebody elsewhere edits a status or a profile."""

from federation.activities import Update
from federation.actors import Actor
from federation.objects import Acknowledgement, Announcement, Note, Ref, Relationship, UnknownObject
from fedorg.activitypub import actors, agreements, announcing, fetching, notes, organisation
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import statuses


async def handle_update(node: Node, sender: Account, update: Update, budget: Budget) -> Outcome:
    """A new version of a ``Note`` or ``Question``, its poll, quote or policy, of the actor itself, or of a partnership.

    An embedded actor or note is its sender's own by now; one named by its id is fetched.
    """
    told = await agreements.receive(node, sender, update) or await organisation.receive(node, sender, update)
    if told is not None:
        return told
    changed = update.object
    match changed:
        case Relationship() | UnknownObject():
            return Ignored("it is of a kind that this server does not show")
        case Announcement() | Acknowledgement():
            return await announcing.receive(node, sender, changed)
        case Ref():
            value = await fetching.fetch_resource(node, changed.id, budget)
        case _:
            value = changed
    if isinstance(value, Actor):
        if value.id != sender.uri:
            return Ignored("its actor is not the one who changes")
        await actors.record(node, value, budget)
        return Done()
    return await _edit(node, sender, value, budget)


async def _edit(node: Node, sender: Account, note: Note, budget: Budget) -> Outcome:
    if note.attributed_to != sender.uri:
        return Ignored("its actor is not the author")
    if await statuses.find_by_uri(node, note.id) is None:
        return Ignored("the status is unknown here")
    remote = await notes.to_remote_status(node, note, budget)
    if await statuses.receive_edit(node, remote) is None:
        return Ignored("what is known is newer, or of somebody else")
    return Done()
