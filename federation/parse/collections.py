"""Collections and pages from JSON, and the door for documents of any kind.

Spec: ActivityStreams 2.0 Vocabulary §3.1. An item that cannot be read is left out; items are not nested collections.
"""

from federation.activities import Activity
from federation.actors import Actor
from federation.collections import Collection, CollectionPage, Item
from federation.errors import MalformedActivity
from federation.objects import Note, QuoteAuthorization, Ref, Relationship, Tombstone, UnknownObject
from federation.parse import limits, shapes
from federation.parse.activities import activity, is_activity
from federation.parse.actors import actor
from federation.parse.objects import note, quote_authorization, relationship, tombstone, unknown_object
from federation.parse.shapes import Json
from federation.parse.tags import hashtag
from federation.vocabulary import ACTOR_TYPES, COLLECTION_TYPES, NOTE_TYPES, PAGE_TYPES

Resource = (
    Activity
    | Actor
    | Note
    | QuoteAuthorization
    | Tombstone
    | Relationship
    | Collection
    | CollectionPage
    | UnknownObject
)


def resource(document: Json) -> Resource:
    """Whatever a fetch returned, by its type; raises ``MalformedActivity`` when it has none, no id or a wrong shape."""
    if not shapes.types_of(document):
        raise MalformedActivity("The document has no `type`.")
    if shapes.type_among(document, (*COLLECTION_TYPES, *PAGE_TYPES)) is not None:
        return collection(document)
    return _embedded(document)


def collection(document: Json) -> Collection | CollectionPage:
    """A collection or one page of it; raises ``MalformedActivity`` for anything else."""
    page_type = shapes.type_among(document, PAGE_TYPES)
    if page_type is not None:
        return _page(document)
    kind = shapes.type_among(document, COLLECTION_TYPES)
    if kind is None:
        raise MalformedActivity(f"A {shapes.kind(document)} is not a collection.")
    pages = (entry for entry in shapes.embedded(document, "first") if shapes.type_among(entry, PAGE_TYPES))
    embedded_first = next(iter(pages), None)
    return Collection(
        type=kind,
        id=shapes.optional_id(document, "id"),
        attributed_to=shapes.usable_id(document, "attributedTo"),
        history=shapes.usable_id(document, "history"),
        items=_items(document),
        total_items=shapes.count(document, "totalItems"),
        first=shapes.optional_id(document, "first") if embedded_first is None else _page(embedded_first),
        last=shapes.optional_id(document, "last"),
    )


def _page(document: Json) -> CollectionPage:
    return CollectionPage(
        type=shapes.type_among(document, PAGE_TYPES) or "CollectionPage",
        id=shapes.optional_id(document, "id"),
        part_of=shapes.optional_id(document, "partOf"),
        items=_items(document),
        total_items=shapes.count(document, "totalItems"),
        next=shapes.optional_id(document, "next"),
        prev=shapes.optional_id(document, "prev"),
    )


def _items(document: Json) -> tuple[Item, ...]:
    entries = [*shapes.many(document, "orderedItems"), *shapes.many(document, "items")][: limits.ITEMS_MAX]
    documents = (entry if isinstance(entry, dict) else {"id": entry} for entry in entries)
    return shapes.readable(_item, documents, limits.ITEMS_MAX)


def _item(document: Json) -> Item:
    if not shapes.types_of(document):
        return Ref(id=shapes.required_id(document, "id"))
    return hashtag(document) or _embedded(document)


def _embedded(  # noqa: PLR0911 -- one line per type
    document: Json,
) -> Activity | Actor | Note | QuoteAuthorization | Tombstone | Relationship | UnknownObject:
    if is_activity(document):
        return activity(document)
    if shapes.type_among(document, ACTOR_TYPES) is not None:
        return actor(document)
    if shapes.type_among(document, NOTE_TYPES) is not None:
        return note(document)
    if shapes.type_among(document, ("Tombstone",)) is not None:
        return tombstone(document)
    if shapes.type_among(document, ("QuoteAuthorization",)) is not None:
        return quote_authorization(document)
    if shapes.type_among(document, ("Relationship",)) is not None:
        return relationship(document)
    return unknown_object(document)
