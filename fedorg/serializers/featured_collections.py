"""Collections of people. Spec: Mastodon API, entities/Collection, CollectionItem and CollectionWithAccounts."""

from collections.abc import Sequence
from typing import TypedDict

from fedorg.domain.accounts import Account
from fedorg.domain.featured_collections import CollectionItem, FeaturedCollectionView
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.times import moment
from fedorg.uris import Uris


class CollectionItemEntity(TypedDict):
    """Mastodon's CollectionItem."""

    id: str
    account_id: str
    state: str
    created_at: str


class ShallowTagEntity(TypedDict):
    """Mastodon's ShallowTag."""

    name: str
    url: str


class CollectionEntity(TypedDict):
    """Mastodon's Collection."""

    id: str
    account_id: str
    uri: str
    url: None
    name: str
    description: str
    language: str | None
    local: bool
    sensitive: bool
    discoverable: bool
    tag: ShallowTagEntity | None
    item_count: int
    items: list[CollectionItemEntity]
    created_at: str
    updated_at: str


class CollectionWithAccountsEntity(TypedDict):
    """Mastodon's CollectionWithAccounts."""

    accounts: list[AccountEntity]
    collection: CollectionEntity


def collection_entity(view: FeaturedCollectionView, uris: Uris) -> CollectionEntity:
    """A collection with those in it whom the viewer may meet; name and description are plain text."""
    one = view.collection
    return {
        "id": str(one.id),
        "account_id": str(one.account_id),
        "uri": one.uri,
        "url": None,
        "name": one.name,
        "description": one.description,
        "language": one.language,
        "local": True,
        "sensitive": one.sensitive,
        "discoverable": one.discoverable,
        "tag": None if one.tag is None else {"name": one.tag.display_name, "url": uris.tag(one.tag.name)},
        "item_count": len(view.items),
        "items": [collection_item_entity(item) for item in view.items],
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
    }


def collection_with_accounts_entity(
    view: FeaturedCollectionView, people: Sequence[Account], uris: Uris
) -> CollectionWithAccountsEntity:
    """The same with its owner and everybody it shows."""
    return {
        "accounts": [account_entity(one, uris) for one in people],
        "collection": collection_entity(view, uris),
    }


def collection_item_entity(item: CollectionItem) -> CollectionItemEntity:
    """Somebody in a collection."""
    return {
        "id": str(item.id),
        "account_id": str(item.account_id),
        "state": item.state.value,
        "created_at": moment(item.created_at),
    }
