"""Collections and their pages, as values.

Items are ``Ref`` or the embedded value; one that cannot be read is left out, so that one broken post does not hide an
outbox. Spec: ActivityStreams 2.0 Vocabulary §3.1 (Collection) and Core §5 (paging).
"""

from dataclasses import dataclass

from federation.activities import Activity
from federation.actors import Actor
from federation.objects import Hashtag, Note, QuoteAuthorization, Ref, Relationship, Tombstone, UnknownObject
from federation.vocabulary import CollectionType, PageType

Item = Activity | Actor | Note | Hashtag | QuoteAuthorization | Tombstone | Relationship | UnknownObject | Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionPage:
    """One page; embedded pages often have no id of their own."""

    type: PageType = "OrderedCollectionPage"
    id: str | None = None
    part_of: str | None = None
    items: tuple[Item, ...] = ()
    total_items: int | None = None
    next: str | None = None
    prev: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A whole collection: its items, or where they begin.

    ``history`` of a thread's posts is the collection of the activities that made it (FEP-f228).
    """

    type: CollectionType = "OrderedCollection"
    id: str | None = None
    attributed_to: str | None = None
    history: str | None = None
    items: tuple[Item, ...] = ()
    total_items: int | None = None
    first: CollectionPage | str | None = None
    last: str | None = None
