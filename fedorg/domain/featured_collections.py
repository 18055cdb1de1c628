"""Collections of accounts that somebody recommends to others; who is in one can always leave it.

Only members of this node who want to be found can be put into one (``may_feature``), and nobody who left.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from fedorg.domain.accounts import Account
from fedorg.domain.statuses import Tag
from fedorg.ids import AccountId, CollectionId, CollectionItemId

COLLECTIONS_MAX: Final = 10
ITEMS_MAX: Final = 25
NAME_MAX: Final = 40
DESCRIPTION_MAX: Final = 100


class ItemState(StrEnum):
    """What became of a recommendation: Mastodon's words. A revoked one stays, so that it is not made again."""

    ACCEPTED = "accepted"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturedCollection:
    """A collection without who is in it; one that is not ``discoverable`` is shown to whoever knows its id."""

    id: CollectionId
    account_id: AccountId
    uri: str
    name: str
    description: str = ""
    language: str | None = None
    tag: Tag | None = None
    sensitive: bool = False
    discoverable: bool = True
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionItem:
    """Somebody in a collection."""

    id: CollectionItemId
    collection_id: CollectionId
    account_id: AccountId
    state: ItemState
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturedCollectionView:
    """A collection with those in it whom the viewer may meet."""

    collection: FeaturedCollection
    items: tuple[CollectionItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionChange:
    """What a client sets of a collection; None leaves a part as it is, the empty text removes it."""

    name: str | None = None
    description: str | None = None
    language: str | None = None
    tag: str | None = None
    sensitive: bool | None = None
    discoverable: bool | None = None


def may_feature(account: Account) -> bool:
    """Whether an account lets others put it into collections: it lives here, is alive, and wants to be found.

    Other servers are not asked for the consent of theirs.
    """
    is_alive = account.suspended_at is None and account.moved_to_uri is None and not account.memorial
    return account.is_local and is_alive and account.discoverable
