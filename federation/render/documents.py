"""Whole documents: the JSON of a value under the context that defines its terms, and nothing more than that."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from federation.activities import (
    Accept,
    Activity,
    Add,
    Announce,
    Create,
    EmojiReact,
    Like,
    Offer,
    QuoteRequest,
    Reject,
    Remove,
    Undo,
    Update,
)
from federation.actors import Actor, Multikey, PublicKey
from federation.collections import Collection, CollectionPage, Item
from federation.objects import (
    Acknowledgement,
    Announcement,
    Emoji,
    Hashtag,
    Note,
    Notice,
    QuoteAuthorization,
    Ref,
    Relationship,
    Tombstone,
    UnknownObject,
)
from federation.render import objects
from federation.render.activities import activity
from federation.render.actors import actor, multikey, public_key
from federation.render.collections import collection, page
from federation.render.objects import JsonObject
from federation.vocabulary import (
    ACTOR_ACTIVITY_CONTEXT,
    ACTOR_CONTEXT,
    AS2_CONTEXT,
    NOTE_CONTEXT,
    PARTNERSHIP_CONTEXT,
    SECURITY_CONTEXT,
)

Document = (
    Activity
    | Actor
    | Note
    | QuoteAuthorization
    | Tombstone
    | Relationship
    | UnknownObject
    | Collection
    | CollectionPage
    | PublicKey
    | Multikey
)

# What brings terms beside those of ActivityStreams itself.
_WITH_TERMS: Final = frozenset(
    {Note, Hashtag, EmojiReact, Emoji, QuoteAuthorization, QuoteRequest, Announcement, Acknowledgement}
)


def document(value: Document) -> JsonObject:
    """The value as a document of its own, ``@context`` first; raises ``ValueError`` for a note of reach ``node``."""
    return {"@context": _context(value), **_body(value)}


def to_bytes(value: Document) -> bytes:
    """The document as it goes over the wire."""
    return encode(document(value))


def encode(value: JsonObject) -> bytes:
    """A document that was rendered before, and given a proof perhaps, as it goes over the wire."""
    return msgspec.json.encode(value)


def _body(value: Document) -> JsonObject:  # noqa: PLR0911 -- one line per type
    match value:
        case Actor():
            return actor(value)
        case Note():
            return objects.note(value)
        case Collection():
            return collection(value)
        case CollectionPage():
            return page(value)
        case Tombstone():
            return objects.tombstone(value)
        case QuoteAuthorization():
            return objects.quote_authorization(value)
        case Relationship():
            return objects.relationship(value)
        case UnknownObject():
            return objects.unknown_object(value)
        case PublicKey():
            return public_key(value)
        case Multikey():
            return multikey(value)
        case _:
            return activity(value)


def _context(value: Document) -> object:
    match value:
        case Actor() | Multikey():
            return _plain(ACTOR_CONTEXT)
        case PublicKey():
            return SECURITY_CONTEXT
        case _:
            parts = set(_parts(value))
            has_terms = not parts.isdisjoint(_WITH_TERMS)
            if Actor in parts:
                return _plain(ACTOR_ACTIVITY_CONTEXT)
            if Relationship in parts:
                return _plain(PARTNERSHIP_CONTEXT)
            return _plain(NOTE_CONTEXT) if has_terms else AS2_CONTEXT


def _parts(value: Document | Item | Notice | Ref) -> Iterable[type]:
    """The classes of the value and of everything embedded in it that brings terms of its own."""
    yield type(value)
    match value:
        case Accept(result=Relationship()):
            yield Relationship
        case Create() | Update() | Announce() | Undo() | Accept() | Reject() | Add() | Remove() | Offer():
            yield from _parts(value.object)
        case Like(emoji=Emoji()):
            yield Emoji
        case Collection() | CollectionPage():
            pages = [value.first] if isinstance(value, Collection) and isinstance(value.first, CollectionPage) else []
            for part in (*value.items, *pages):
                yield from _parts(part)
        case _:
            return


def _plain(context: Iterable[str | Mapping[str, object]]) -> list[object]:
    return [entry if isinstance(entry, str) else dict(entry) for entry in context]
