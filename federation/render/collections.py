"""Collections and pages to JSON. Spec: ActivityStreams 2.0 Vocabulary §3.1."""

from federation.collections import Collection, CollectionPage
from federation.render.activities import embedded
from federation.render.objects import JsonObject, compact


def collection(value: Collection) -> JsonObject:
    """A whole collection; without a first page its items are here, unless it only tells how many there are."""
    key = "orderedItems" if value.type == "OrderedCollection" else "items"
    items = [embedded(item) for item in value.items]
    return compact(
        {
            "id": value.id,
            "type": value.type,
            "attributedTo": value.attributed_to,
            "history": value.history,
            "totalItems": value.total_items,
            "first": page(value.first) if isinstance(value.first, CollectionPage) else value.first,
            "last": value.last,
            key: items if items or (value.first is None and not value.total_items) else None,
        }
    )


def page(value: CollectionPage) -> JsonObject:
    """One page."""
    key = "orderedItems" if value.type == "OrderedCollectionPage" else "items"
    return compact(
        {
            "id": value.id,
            "type": value.type,
            "partOf": value.part_of,
            "totalItems": value.total_items,
            "next": value.next,
            "prev": value.prev,
            key: [embedded(item) for item in value.items],
        }
    )
