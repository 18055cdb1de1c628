"""Search and Tag entities. Spec: Mastodon API, entities/Search, entities/Tag."""

from collections.abc import Iterable
from typing import NotRequired, TypedDict

from fedorg.domain.accounts import Account
from fedorg.domain.statuses import StatusView, TagUse, TagView
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.statuses import StatusEntity, status_entity
from fedorg.uris import Uris


class TagHistoryEntity(TypedDict):
    """Use of a hashtag on one day, as Mastodon's text numbers."""

    day: str
    uses: str
    accounts: str


class TagEntity(TypedDict):
    """Mastodon's Tag; what it is to the viewer is told to somebody signed in."""

    id: str
    name: str
    url: str
    history: list[TagHistoryEntity]
    following: NotRequired[bool]
    featuring: NotRequired[bool]


class SearchEntity(TypedDict):
    """Mastodon's Search."""

    accounts: list[AccountEntity]
    statuses: list[StatusEntity]
    hashtags: list[TagEntity]


def tag_entity(view: TagView, uris: Uris) -> TagEntity:
    """A hashtag with its use in the last days, the newest first."""
    entity: TagEntity = {
        "id": str(view.id or ""),
        "name": view.name,
        "url": uris.tag(view.name),
        "history": history_entity(view.history),
    }
    if view.following is not None:
        entity["following"] = view.following
    if view.featuring is not None:
        entity["featuring"] = view.featuring
    return entity


def history_entity(history: Iterable[TagUse]) -> list[TagHistoryEntity]:
    """Use by day."""
    return [
        {"day": str(int(use.day.timestamp())), "uses": str(use.uses), "accounts": str(use.accounts)} for use in history
    ]


def search_entity(
    accounts: Iterable[Account], statuses: Iterable[StatusView], tags: Iterable[TagView], uris: Uris
) -> SearchEntity:
    """What was found."""
    return {
        "accounts": [account_entity(account, uris) for account in accounts],
        "statuses": [status_entity(view, uris) for view in statuses],
        "hashtags": [tag_entity(tag, uris) for tag in tags],
    }
