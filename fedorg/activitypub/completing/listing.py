"""A collection of a peer, walked page by page for as long as that is fair.

Every page must lie on the server of the collection and is asked for once, so that no list leads in circles or to
somebody else (S23); only so many pages and so many items are looked at.
"""

from collections.abc import AsyncIterator
from typing import Final

from federation import origin, parse
from federation.activities import Add, Create
from federation.collections import Collection, CollectionPage, Item
from federation.errors import OriginMismatch
from federation.objects import Note, Ref
from fedorg.activitypub import fetching
from fedorg.activitypub.fetching import Budget
from fedorg.node import Node

PAGES_MAX: Final = 5
ITEMS_MAX: Final = 500


async def fetch(node: Node, uri: str, budget: Budget) -> Collection | CollectionPage:
    """The collection or page at an address; raises ``MalformedDocument`` when it is something else."""
    final_url, document = await fetching.fetch_json(node, uri, budget)
    found = parse.collection(document)
    for address in (final_url, found.id):
        if address is not None and not origin.same_origin(address, uri):
            raise OriginMismatch(f"{uri} leads to {address}, which belongs to another server.")
    return found


async def pages(
    node: Node, collection: Collection | CollectionPage, uri: str, budget: Budget
) -> AsyncIterator[tuple[Item, ...]]:
    """The items of a collection that was fetched from ``uri``, page by page, from the first one on."""
    visited = {uri}
    looked_at = 0
    current: Collection | CollectionPage | None = collection
    for _ in range(PAGES_MAX):
        if current is None or looked_at >= ITEMS_MAX:
            return
        items = current.items[: ITEMS_MAX - looked_at]
        looked_at += len(items)
        if items:
            yield items
        current = await _following(node, current, uri, visited, budget)


async def _following(
    node: Node, current: Collection | CollectionPage, uri: str, visited: set[str], budget: Budget
) -> CollectionPage | None:
    following = current.first if isinstance(current, Collection) else current.next
    if isinstance(following, CollectionPage) or following is None:
        return following
    if following in visited or not origin.same_origin(following, uri):
        return None
    visited.add(following)
    found = await fetch(node, following, budget)
    return found if isinstance(found, CollectionPage) else None


def post_of(item: Item) -> str | None:
    """The id of the post that an item is, or that the activity it is brought; None for everything else."""
    match item:
        case Ref() | Note():
            return item.id
        case Create():
            return item.object.id
        case Add(object=Ref() as added):
            return added.id
        case _:
            return None
