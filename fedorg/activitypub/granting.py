"""What of a document a peer may have: the ceilings of what this node and the peer agreed, applied to what leaves.

A narrowed document is another document: it carries no proof, and what others wrote is withheld rather than changed.
"""

from dataclasses import replace

from federation import audience, parse, render
from federation.activities import Activity, Announce, Create, QuoteRequest, Update
from federation.actors import Actor
from federation.audience import Addressing, Visibility
from federation.objects import Note
from fedorg.domain.ceilings import UNLIMITED, Ceilings
from fedorg.domain.visibility import Reach


def granted(body: str, ceilings: Ceilings, reach: Reach, *, by: str) -> bytes | None:
    """An activity as it may leave; None when it may not. ``reach`` is its ring, ``by`` the account that sends it."""
    if ceilings == UNLIMITED:
        return body.encode()
    activity = parse.activity(parse.load_json(body.encode()))
    narrowed = _granted(activity, ceilings, reach)
    if narrowed is None or narrowed == activity:
        return None if narrowed is None else body.encode()
    return render.to_bytes(narrowed) if activity.actor == by else None


def note_granted(note: Note, ceilings: Ceilings) -> Note:
    """A note without the files that are not granted."""
    return note if ceilings.media else replace(note, attachments=(), image=None)


def actor_granted(actor: Actor, ceilings: Ceilings) -> Actor:
    """An actor that asks to be left out of directory and search where that is not granted."""
    return actor if ceilings.directory else replace(actor, discoverable=False, indexable=False)


def _granted(activity: Activity, ceilings: Ceilings, reach: Reach) -> Activity | None:
    match activity:
        case Update(object=Actor() as actor):
            return replace(activity, object=actor_granted(actor, ceilings))
        case Create(object=Note() as note) | Update(object=Note() as note):
            passing = note_granted(note, ceilings) if _passes(note, ceilings, reach) else None
            return None if passing is None else replace(activity, object=passing)
        case QuoteRequest(instrument=Note() as note):
            passing = note_granted(note, ceilings) if _passes(note, ceilings, reach) else None
            return None if passing is None else replace(activity, instrument=passing)
        case Announce():
            return activity if reach.width <= ceilings.largest_reach.width else None
        case _:
            return activity


def _passes(note: Note, ceilings: Ceilings, reach: Reach) -> bool:
    """Whether the reach, or for a direct status that it is one, lies below the ceilings."""
    told = Addressing(to=note.to, cc=note.cc, reach=note.reach, listed=note.listed)
    visibility = audience.read(told, followers=f"{note.attributed_to}/followers").visibility
    if note.is_vote:
        return True
    if visibility is Visibility.DIRECT:
        return ceilings.direct_messages
    return reach.width <= ceilings.largest_reach.width
