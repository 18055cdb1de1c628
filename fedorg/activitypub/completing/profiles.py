"""A profile of a peer, completed: who it is now, what it pinned, its hashtags, its numbers and its newest statuses."""

from collections.abc import Iterable
from typing import Final

from federation import origin
from federation.collections import Collection, CollectionPage, Item
from federation.objects import Hashtag
from fedorg.activitypub import actors
from fedorg.activitypub.completing import listing
from fedorg.activitypub.completing.effort import Effort, bounded
from fedorg.activitypub.fetching import Budget
from fedorg.domain.accounts import Account
from fedorg.domain.jobs import CompleteProfile
from fedorg.domain.statuses import Status
from fedorg.node import Node
from fedorg.services import accounts, featured_tags, pins
from fedorg.store import accounts as stored_accounts
from fedorg.store import statuses as stored_statuses

FETCHES_MAX: Final = 60
STATUSES_MAX: Final = 30
NEWEST_MAX: Final = 20


async def complete(node: Node, job: CompleteProfile) -> None:
    """Fetch what a profile shows, as far as the budget goes; what cannot be had stays as it is known."""
    account = await node.read(stored_accounts.find, job.account_id)
    if account is None or account.is_local:
        return
    effort = Effort(node=node, budget=Budget(FETCHES_MAX), statuses_left=STATUSES_MAX)
    async with bounded("profile", effort):
        current = await effort.attempt(account.uri, actors.get(node, account.uri, effort.budget))
        if current is not None:
            await _complete(effort, current)


async def _complete(effort: Effort, account: Account) -> None:
    tags = await _fetch(effort, account.featured_tags_uri)
    if tags is not None:
        await _take_tags(effort, account, tags)
    pinned = await _fetch(effort, account.featured_uri)
    if pinned is not None:
        await _take_pins(effort, account, pinned)
    followers, following = await _fetch(effort, account.followers_uri), await _fetch(effort, account.following_uri)
    outbox = await _fetch(effort, account.outbox)
    if outbox is not None:
        await _take_newest(effort, account, outbox)
    # Last, because each status taken was counted, and is in the number of its own server already.
    await accounts.record_counts(
        effort.node, account, followers=_total(followers), following=_total(following), statuses=_total(outbox)
    )


async def _fetch(effort: Effort, uri: str | None) -> Collection | CollectionPage | None:
    if not uri or not await effort.may_ask(uri):
        return None
    return await effort.attempt(uri, listing.fetch(effort.node, uri, effort.budget))


async def _take_tags(effort: Effort, account: Account, collection: Collection | CollectionPage) -> None:
    items = await _items(effort, account.featured_tags_uri or "", collection)
    await featured_tags.record_tags(effort.node, account, [item.name for item in items if isinstance(item, Hashtag)])


async def _take_pins(effort: Effort, account: Account, collection: Collection | CollectionPage) -> None:
    items = await _items(effort, account.featured_uri or "", collection)
    listed = _own(account, items)[: pins.PINS_OF_PEERS_MAX]
    found = [await _get(effort, account, uri) for uri in listed]
    await pins.record_pins(effort.node, account, [status for status in found if status is not None])


async def _take_newest(effort: Effort, account: Account, collection: Collection | CollectionPage) -> None:
    newest: list[str] = []
    walk = listing.pages(effort.node, collection, account.outbox, effort.budget)
    while len(newest) < NEWEST_MAX and (items := await effort.attempt(account.outbox, anext(walk, None))) is not None:
        newest += _own(account, items)
    for uri in newest[:NEWEST_MAX]:
        await _get(effort, account, uri)


async def _items(effort: Effort, uri: str, collection: Collection | CollectionPage) -> list[Item]:
    """All that a short collection lists: hashtags or pinned statuses."""
    found: list[Item] = []
    walk = listing.pages(effort.node, collection, uri, effort.budget)
    while (items := await effort.attempt(uri, anext(walk, None))) is not None:
        found += items
    return found


def _own(account: Account, items: Iterable[Item]) -> list[str]:
    """Posts on the account's own server, each once; whose they are is seen when they are fetched."""
    listed = (listing.post_of(item) for item in items)
    return list(dict.fromkeys(uri for uri in listed if uri is not None and origin.same_origin(uri, account.uri)))


async def _get(effort: Effort, account: Account, uri: str) -> Status | None:
    """The account's status at an address, known or fetched; None for anybody else's."""
    known = await effort.node.read(stored_statuses.find_by_uri, uri)
    if known is not None:
        return known if known.account_id == account.id else None
    note = await effort.fetch_note(uri)
    if note is None or note.attributed_to != account.uri:
        return None
    return await effort.record(note)


def _total(collection: Collection | CollectionPage | None) -> int | None:
    return None if collection is None else collection.total_items
