"""Search and Tag entities. Spec: Mastodon API, entities/Search, entities/Tag."""

from collections.abc import Iterable
from typing import TypedDict

from fedorg.domain.accounts import Account
from fedorg.domain.statuses import StatusView, TagView
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.statuses import StatusEntity, status_entity
from fedorg.uris import Uris


class TagHistoryEntity(TypedDict):
    """Use of a hashtag on one day, as Mastodon's text numbers."""

    day: str
    uses: str
    accounts: str


class _TagBase(TypedDict):
    id: str
    name: str
    url: str
    history: list[TagHistoryEntity]


class TagEntity(_TagBase, total=False):
    """Mastodon's Tag; what it is to the viewer is there for somebody signed in only, where one tag is asked for."""

    following: bool
    featuring: bool


class SearchEntity(TypedDict):
    """Mastodon's Search."""

    accounts: list[AccountEntity]
    statuses: list[StatusEntity]
    hashtags: list[TagEntity]


def tag_entity(view: TagView, uris: Uris) -> TagEntity:
    """A hashtag with its use in the last days, the newest first."""
    return {
        "id": str(view.id or ""),
        "name": view.name,
        "url": uris.tag(view.name),
        "history": [
            {"day": str(int(use.day.timestamp())), "uses": str(use.uses), "accounts": str(use.accounts)}
            for use in view.history
        ],
    }


def own_tag_entity(view: TagView, uris: Uris, *, is_featured: bool) -> TagEntity:
    """The same for somebody signed in; hashtags are not followed on this node."""
    return {**tag_entity(view, uris), "following": False, "featuring": is_featured}


def search_entity(
    accounts: Iterable[Account], statuses: Iterable[StatusView], tags: Iterable[TagView], uris: Uris
) -> SearchEntity:
    """What was found."""
    return {
        "accounts": [account_entity(account, uris) for account in accounts],
        "statuses": [status_entity(view, uris) for view in statuses],
        "hashtags": [tag_entity(tag, uris) for tag in tags],
    }
