"""Rows of ``featured_collections`` and ``featured_collection_items``: whom somebody recommends, by theme."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.featured_collections import (
    CollectionItem,
    FeaturedCollection,
    FeaturedCollectionView,
    ItemState,
)
from fedorg.domain.pages import Window
from fedorg.domain.statuses import Tag
from fedorg.errors import NotFound
from fedorg.ids import AccountId, CollectionId, CollectionItemId
from fedorg.store.tables import accounts, blocks, featured_collection_items, featured_collections
from fedorg.store.upsert import insert_ignore

_COLLECTIONS = featured_collections.c
_ITEMS = featured_collection_items.c
_ACCEPTED = ItemState.ACCEPTED.value


def get(conn: Connection, collection_id: CollectionId) -> FeaturedCollection:
    """A collection, whoever keeps it."""
    row = conn.execute(sa.select(featured_collections).where(_COLLECTIONS.id == collection_id)).one_or_none()
    if row is None:
        raise NotFound
    return _collection(row)


def get_for_update(conn: Connection, collection_id: CollectionId) -> FeaturedCollection:
    """The same, held against others that change it at the same moment."""
    conn.execute(sa.select(_COLLECTIONS.id).where(_COLLECTIONS.id == collection_id).with_for_update())
    return get(conn, collection_id)


def count_for_update(conn: Connection, account_id: AccountId) -> int:
    """How many an account keeps, held against another that it makes at the same moment."""
    conn.execute(sa.select(accounts.c.id).where(accounts.c.id == account_id).with_for_update())
    return conn.execute(sa.select(sa.func.count()).where(_COLLECTIONS.account_id == account_id)).scalar_one()


def insert(conn: Connection, collection: FeaturedCollection) -> None:
    """Add a collection with nobody in it."""
    conn.execute(sa.insert(featured_collections), _values(collection))


def update(conn: Connection, collection: FeaturedCollection) -> None:
    """Write what a collection is called and how it is shown."""
    conn.execute(sa.update(featured_collections).where(_COLLECTIONS.id == collection.id).values(_values(collection)))


def delete(conn: Connection, collection_id: CollectionId) -> None:
    """Remove a collection with who is in it."""
    conn.execute(sa.delete(featured_collections).where(_COLLECTIONS.id == collection_id))


def list_of_account(conn: Connection, account_id: AccountId, window: Window) -> list[FeaturedCollection]:
    """Every collection an account keeps, the latest first."""
    return _list(conn, window, _COLLECTIONS.account_id == account_id)


def list_discoverable(conn: Connection, account_id: AccountId, window: Window) -> list[FeaturedCollection]:
    """Those it wants others to find."""
    return _list(conn, window, _COLLECTIONS.account_id == account_id, _COLLECTIONS.discoverable)


def list_holding(conn: Connection, account_id: AccountId, window: Window) -> list[FeaturedCollection]:
    """The collections that somebody is in, the latest first."""
    return _list(conn, window, _holds(account_id), _owner_is_there())


def list_discoverable_holding(
    conn: Connection, account_id: AccountId, viewer: AccountId | None, window: Window
) -> list[FeaturedCollection]:
    """Those of them that ``viewer`` may find."""
    may_find = sa.or_(_COLLECTIONS.discoverable, _COLLECTIONS.account_id == viewer)
    owner_is_met = ~_blocked_between(viewer, _COLLECTIONS.account_id)
    return _list(conn, window, _holds(account_id), _owner_is_there(), may_find, owner_is_met)


def list_by_ids_holding(
    conn: Connection, account_id: AccountId, ids: Collection[CollectionId]
) -> list[FeaturedCollection]:
    """Those of ``ids`` in which an account is."""
    statement = sa.select(featured_collections).where(_COLLECTIONS.id.in_(ids), _holds(account_id), _owner_is_there())
    return [_collection(row) for row in conn.execute(statement)]


def with_items(
    conn: Connection, collections: Sequence[FeaturedCollection], viewer: AccountId | None
) -> list[FeaturedCollectionView]:
    """Collections with those in them whom ``viewer`` may meet, in one query."""
    if not collections:
        return []
    statement = (
        sa.select(featured_collection_items)
        .join(accounts, accounts.c.id == _ITEMS.account_id)
        .where(
            _ITEMS.collection_id.in_([one.id for one in collections]),
            _ITEMS.state == _ACCEPTED,
            accounts.c.suspended_at.is_(None),
            ~_blocked_between(viewer, _ITEMS.account_id),
        )
        .order_by(_ITEMS.id)
    )
    items = [_item(row) for row in conn.execute(statement)]
    return [
        FeaturedCollectionView(collection=one, items=tuple(item for item in items if item.collection_id == one.id))
        for one in collections
    ]


# Who is in a collection


def count_items(conn: Connection, collection_id: CollectionId) -> int:
    """How many are in a collection."""
    statement = sa.select(sa.func.count()).where(_ITEMS.collection_id == collection_id, _ITEMS.state == _ACCEPTED)
    return conn.execute(statement).scalar_one()


def insert_items(conn: Connection, items: Collection[CollectionItem]) -> int:
    """Put people into a collection; how many were not there before, nor had left it."""
    return insert_ignore(conn, featured_collection_items, [{**asdict(item), "state": item.state} for item in items])


def get_item(conn: Connection, collection_id: CollectionId, item_id: CollectionItemId) -> CollectionItem:
    """Somebody in a collection."""
    statement = sa.select(featured_collection_items).where(
        _ITEMS.id == item_id, _ITEMS.collection_id == collection_id, _ITEMS.state == _ACCEPTED
    )
    row = conn.execute(statement).one_or_none()
    if row is None:
        raise NotFound
    return _item(row)


def delete_item(conn: Connection, item_id: CollectionItemId) -> None:
    """Recommend somebody no more."""
    conn.execute(sa.delete(featured_collection_items).where(_ITEMS.id == item_id))


def revoke_item(conn: Connection, item_id: CollectionItemId) -> None:
    """Note that somebody left a collection, for good."""
    conn.execute(sa.update(featured_collection_items).where(_ITEMS.id == item_id).values(state=ItemState.REVOKED.value))


def part(conn: Connection, one: AccountId, other: AccountId) -> None:
    """Take either out of the collections of the other."""
    for owner, member in ((one, other), (other, one)):
        kept = sa.select(_COLLECTIONS.id).where(_COLLECTIONS.account_id == owner)
        conn.execute(
            sa.delete(featured_collection_items).where(
                _ITEMS.account_id == member, _ITEMS.collection_id.in_(kept), _ITEMS.state == _ACCEPTED
            )
        )


def touch(conn: Connection, collection_id: CollectionId, now: datetime) -> None:
    """Note that who is in it changed."""
    conn.execute(sa.update(featured_collections).where(_COLLECTIONS.id == collection_id).values(updated_at=now))


def _list(conn: Connection, window: Window, *conditions: ColumnElement[bool]) -> list[FeaturedCollection]:
    statement = (
        sa.select(featured_collections)
        .where(*conditions)
        .order_by(_COLLECTIONS.id.desc())
        .limit(window.limit)
        .offset(window.offset)
    )
    return [_collection(row) for row in conn.execute(statement)]


def _holds(account_id: AccountId) -> ColumnElement[bool]:
    return sa.exists().where(
        _ITEMS.collection_id == _COLLECTIONS.id, _ITEMS.account_id == account_id, _ITEMS.state == _ACCEPTED
    )


def _owner_is_there() -> ColumnElement[bool]:
    return sa.exists().where(accounts.c.id == _COLLECTIONS.account_id, accounts.c.suspended_at.is_(None))


def _blocked_between(viewer: AccountId | None, other: ColumnElement[int]) -> ColumnElement[bool]:
    if viewer is None:
        return sa.false()
    return sa.exists().where(
        sa.or_(
            sa.and_(blocks.c.account_id == viewer, blocks.c.target_id == other),
            sa.and_(blocks.c.account_id == other, blocks.c.target_id == viewer),
        )
    )


def _collection(row: sa.Row[Any]) -> FeaturedCollection:
    return FeaturedCollection(
        id=CollectionId(row.id),
        account_id=AccountId(row.account_id),
        uri=row.uri,
        name=row.name,
        description=row.description,
        language=row.language,
        tag=None if row.tag_name is None else Tag(name=row.tag_name, display_name=row.tag_display_name),
        sensitive=row.sensitive,
        discoverable=row.discoverable,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _values(one: FeaturedCollection) -> dict[str, Any]:
    return {
        "id": one.id,
        "account_id": one.account_id,
        "uri": one.uri,
        "name": one.name,
        "description": one.description,
        "language": one.language,
        "tag_name": None if one.tag is None else one.tag.name,
        "tag_display_name": None if one.tag is None else one.tag.display_name,
        "sensitive": one.sensitive,
        "discoverable": one.discoverable,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    }


def _item(row: sa.Row[Any]) -> CollectionItem:
    return CollectionItem(
        id=CollectionItemId(row.id),
        collection_id=CollectionId(row.collection_id),
        account_id=AccountId(row.account_id),
        state=ItemState(row.state),
        created_at=row.created_at,
    )
