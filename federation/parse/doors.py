"""The doors of this package: each takes a document as it was received, gives its terms plain names, and reads it."""

from federation.activities import Activity
from federation.actors import Actor, Multikey, PublicKey
from federation.collections import Collection, CollectionPage
from federation.objects import Note, Tombstone
from federation.parse import activities, actors, collections, objects
from federation.parse.collections import Resource
from federation.parse.shapes import Json
from federation.parse.terms import plain


def resource(document: Json) -> Resource:
    """Whatever a fetch returned, by its type; raises ``MalformedActivity`` when it has none, no id or a wrong shape."""
    return collections.resource(plain(document))


def activity(document: Json) -> Activity:
    """What an inbox received; raises ``MalformedActivity`` when it is no activity, or one with the wrong shape."""
    return activities.activity(plain(document))


def actor(document: Json) -> Actor:
    """A person, group, organisation, service or application; raises ``MalformedActivity`` for anything else."""
    return actors.actor(plain(document))


def key_document(document: Json, key_id: str) -> PublicKey | Multikey:
    """The key named ``key_id``, from a document of its own or from the actor that lists it (S8).

    Raises ``MalformedActivity`` when no key of exactly that id is in the document.
    """
    return actors.key_document(plain(document), key_id)


def key_owner(document: Json, key_id: str) -> str:
    """Whose the key named ``key_id`` is, as the document at that address says.

    Raises ``MalformedActivity`` when it is neither an actor of that id nor holds a key of it.
    """
    return actors.key_owner(plain(document), key_id)


def collection(document: Json) -> Collection | CollectionPage:
    """A collection or one page of it; raises ``MalformedActivity`` for anything else."""
    return collections.collection(plain(document))


def note(document: Json) -> Note:
    """A note, article, page, question, media object or event; raises ``MalformedActivity`` for anything else."""
    return objects.note(plain(document))


def tombstone(document: Json) -> Tombstone:
    """What is left of something deleted."""
    return objects.tombstone(plain(document))
