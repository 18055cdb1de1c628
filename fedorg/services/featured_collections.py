"""Collections of people that members recommend: made and changed by who keeps them, left by who is in them.

A collection is for everybody who may meet its owner; who blocks the viewer, or is blocked, shows in none (S45, S47).
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.featured_collections import (
    COLLECTIONS_MAX,
    DESCRIPTION_MAX,
    ITEMS_MAX,
    NAME_MAX,
    CollectionChange,
    CollectionItem,
    FeaturedCollection,
    FeaturedCollectionView,
    ItemState,
    may_feature,
)
from fedorg.domain.notifications import OF_COLLECTIONS, NotificationType
from fedorg.domain.pages import Window
from fedorg.errors import Forbidden, Invalid, NotFound
from fedorg.ids import AccountId, CollectionId, CollectionItemId
from fedorg.node import Node
from fedorg.services.featured_tags import read_tag
from fedorg.store import accounts, featured_collections, notifications, relationships

_LANGUAGE_MAX: Final = 16


async def create(
    node: Node, owner: Account, change: CollectionChange, members: Collection[AccountId | None]
) -> FeaturedCollectionView:
    """Make a collection with people in it, all or none; ``Invalid`` for anybody who may not be featured."""
    number, now = CollectionId(node.ids.next()), node.now()
    uri = node.uris.featured_collection(owner.uri, number)
    empty = FeaturedCollection(id=number, account_id=owner.id, uri=uri, name="", created_at=now, updated_at=now)
    made = _changed(empty, change)

    def unit(conn: Connection) -> FeaturedCollectionView:
        if featured_collections.count_for_update(conn, owner.id) >= COLLECTIONS_MAX:
            raise Invalid(f"Validation failed: You have reached the maximum number of collections ({COLLECTIONS_MAX})")
        featured_collections.insert(conn, made)
        _add(conn, node, owner, made, dict.fromkeys(members))
        return featured_collections.with_items(conn, [made], owner.id)[0]

    return await node.write(unit)


async def get(
    node: Node, viewer: AccountId | None, collection_id: CollectionId
) -> tuple[FeaturedCollectionView, list[Account]]:
    """A collection, with its owner and everybody it shows."""

    def unit(conn: Connection) -> tuple[FeaturedCollectionView, list[Account]]:
        collection = _get_visible(conn, viewer, collection_id)
        view = featured_collections.with_items(conn, [collection], viewer)[0]
        wanted = dict.fromkeys([collection.account_id, *(item.account_id for item in view.items)])
        found = accounts.list_by_ids(conn, wanted)
        return view, [found[number] for number in wanted if number in found]

    return await node.read(unit)


async def list_of_account(
    node: Node, viewer: AccountId | None, account_id: AccountId, window: Window
) -> list[FeaturedCollectionView]:
    """What an account recommends; to others what it wants them to find, and nothing to whom it blocks."""

    def unit(conn: Connection) -> list[FeaturedCollectionView]:
        account = accounts.get(conn, account_id)
        if not _may_meet(conn, viewer, account):
            return []
        listed = featured_collections.list_discoverable
        if viewer == account.id:
            listed = featured_collections.list_of_account
        return featured_collections.with_items(conn, listed(conn, account.id, window), viewer)

    return await node.read(unit)


async def list_holding(
    node: Node, viewer: AccountId | None, account_id: AccountId, window: Window
) -> list[FeaturedCollectionView]:
    """The collections that an account is in: all for itself, for others those they may find."""

    def unit(conn: Connection) -> list[FeaturedCollectionView]:
        account = accounts.get(conn, account_id)
        if not _may_meet(conn, viewer, account):
            return []
        if viewer == account.id:
            found = featured_collections.list_holding(conn, account.id, window)
        else:
            found = featured_collections.list_discoverable_holding(conn, account.id, viewer, window)
        return featured_collections.with_items(conn, found, viewer)

    return await node.read(unit)


async def change_collection(
    node: Node, account: Account, collection_id: CollectionId, change: CollectionChange
) -> FeaturedCollectionView:
    """Change a collection of one's own; ``Forbidden`` for anybody else's."""

    def unit(conn: Connection) -> FeaturedCollectionView:
        before = _get_own(conn, account, collection_id)
        changed = _changed(before, change)
        if changed != before:
            changed = replace(changed, updated_at=node.now())
            featured_collections.update(conn, changed)
            _tell_of_change(conn, node, changed)
        return featured_collections.with_items(conn, [changed], account.id)[0]

    return await node.write(unit)


async def delete(node: Node, account: Account, collection_id: CollectionId) -> None:
    """Remove a collection of one's own."""

    def unit(conn: Connection) -> None:
        collection = _get_own(conn, account, collection_id)
        featured_collections.delete(conn, collection.id)
        for kind in OF_COLLECTIONS:
            notifications.withdraw(conn, type_=kind, by=account.id, origin=collection.id)

    await node.write(unit)


async def require_own(node: Node, account: Account, collection_id: CollectionId) -> None:
    """Return for a collection of one's own; ``Forbidden`` for anybody else's."""

    def unit(conn: Connection) -> None:
        if featured_collections.get(conn, collection_id).account_id != account.id:
            _get_visible(conn, account.id, collection_id)
            raise Forbidden("This action is not allowed")

    await node.read(unit)


async def add(node: Node, account: Account, collection_id: CollectionId, member: AccountId | None) -> CollectionItem:
    """Put somebody into a collection of one's own; ``Invalid`` for who is in it, left it, or may not be featured."""

    def unit(conn: Connection) -> CollectionItem:
        # Beside a block of one of the two, nobody is put into it.
        accounts.hold(conn, account.id)
        collection = _get_own(conn, account, collection_id)
        (item,) = _add(conn, node, account, collection, (member,))
        featured_collections.touch(conn, collection.id, node.now())
        return item

    return await node.write(unit)


async def remove(node: Node, account: Account, collection_id: CollectionId, item_id: CollectionItemId) -> None:
    """Take somebody out of a collection of one's own."""

    def unit(conn: Connection) -> None:
        collection = _get_own(conn, account, collection_id)
        item = featured_collections.get_item(conn, collection.id, item_id)
        featured_collections.delete_item(conn, item.id)
        notifications.withdraw_of(conn, item.account_id, OF_COLLECTIONS, account.id, collection.id)
        featured_collections.touch(conn, collection.id, node.now())

    await node.write(unit)


async def revoke(node: Node, account: Account, collection_id: CollectionId, item_id: CollectionItemId) -> None:
    """Leave a collection, for good; ``Forbidden`` for the place of anybody else."""

    def unit(conn: Connection) -> None:
        item = featured_collections.get_item(conn, collection_id, item_id)
        if item.account_id != account.id:
            _get_visible(conn, account.id, collection_id)
            raise Forbidden("This action is not allowed")
        featured_collections.revoke_item(conn, item.id)
        owner_id = featured_collections.get(conn, collection_id).account_id
        notifications.withdraw_of(conn, account.id, OF_COLLECTIONS, owner_id, collection_id)
        featured_collections.touch(conn, collection_id, node.now())

    await node.write(unit)


def _add(
    conn: Connection,
    node: Node,
    owner: Account,
    collection: FeaturedCollection,
    members: Collection[AccountId | None],
) -> list[CollectionItem]:
    if featured_collections.count_items(conn, collection.id) + len(members) > ITEMS_MAX:
        raise Invalid(f"Validation failed: A collection holds at most {ITEMS_MAX} accounts")
    known = accounts.list_by_ids(conn, [member for member in members if member is not None])
    blocked = relationships.blocks_between(conn, owner.id, list(known))
    apart = {number for pair in blocked for number in pair} - {owner.id}
    people = [None if member is None else known.get(member) for member in members]
    if any(one is None or one.id in apart or not may_feature(one) for one in people):
        raise Invalid("Validation failed: Account cannot be added to this collection")
    items = [
        CollectionItem(
            id=CollectionItemId(node.ids.next()),
            collection_id=collection.id,
            account_id=one.id,
            state=ItemState.ACCEPTED,
            created_at=node.now(),
        )
        for one in people
        if one is not None
    ]
    if featured_collections.insert_items(conn, items) != len(items):
        raise Invalid("Validation failed: Account has already been taken")
    _tell(conn, node, collection, [item.account_id for item in items], NotificationType.ADDED_TO_COLLECTION)
    return items


def _tell_of_change(conn: Connection, node: Node, collection: FeaturedCollection) -> None:
    """Tell those in a collection of its latest change; older ones are told no more."""
    kind = NotificationType.COLLECTION_UPDATE
    notifications.withdraw(conn, type_=kind, by=collection.account_id, origin=collection.id)
    (view,) = featured_collections.with_items(conn, [collection], None)
    _tell(conn, node, collection, [item.account_id for item in view.items], kind)


def _tell(
    conn: Connection, node: Node, collection: FeaturedCollection, members: Collection[AccountId], kind: NotificationType
) -> None:
    others = [member for member in members if member != collection.account_id]
    notifications.notify(conn, node.ids, node.now(), others, type_=kind, by=collection.account_id, origin=collection.id)


def _get_visible(conn: Connection, viewer: AccountId | None, collection_id: CollectionId) -> FeaturedCollection:
    collection = featured_collections.get(conn, collection_id)
    if not _may_meet(conn, viewer, accounts.get(conn, collection.account_id)):
        raise NotFound
    return collection


def _get_own(conn: Connection, account: Account, collection_id: CollectionId) -> FeaturedCollection:
    collection = featured_collections.get_for_update(conn, collection_id)
    if collection.account_id != account.id:
        _get_visible(conn, account.id, collection_id)
        raise Forbidden("This action is not allowed")
    return collection


def _may_meet(conn: Connection, viewer: AccountId | None, account: Account) -> bool:
    if account.suspended_at is not None:
        return False
    return viewer is None or not relationships.is_blocked_between(conn, viewer, account.id)


def _changed(before: FeaturedCollection, change: CollectionChange) -> FeaturedCollection:
    name = before.name if change.name is None else change.name.strip()
    description = before.description if change.description is None else change.description.strip()
    language = before.language if change.language is None else change.language.strip() or None
    tag = before.tag
    if change.tag is not None:
        tag = read_tag(change.tag) if change.tag.strip() else None
    _check(name, description, language)
    return replace(
        before,
        name=name,
        description=description,
        language=language,
        tag=tag,
        sensitive=before.sensitive if change.sensitive is None else change.sensitive,
        discoverable=before.discoverable if change.discoverable is None else change.discoverable,
    )


def _check(name: str, description: str, language: str | None) -> None:
    faults: dict[str, list[tuple[str, str]]] = {}
    if not name:
        faults["name"] = [("ERR_BLANK", "can't be blank")]
    for field, value, most in (("name", name, NAME_MAX), ("description", description, DESCRIPTION_MAX)):
        if len(value) > most:
            faults[field] = [("ERR_TOO_LONG", f"is too long (maximum is {most} characters)")]
    if language is not None and (len(language) > _LANGUAGE_MAX or not language.replace("-", "").isalnum()):
        faults["language"] = [("ERR_INVALID", "is invalid")]
    if faults:
        words = ", ".join(f"{field.capitalize()} {fault[0][1]}" for field, fault in faults.items())
        raise Invalid(f"Validation failed: {words}", faults)
