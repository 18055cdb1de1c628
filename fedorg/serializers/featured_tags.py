"""FeaturedTag entities. Spec: Mastodon API, entities/FeaturedTag."""

from typing import TypedDict

from fedorg.domain.accounts import Account
from fedorg.domain.featured import FeaturedTagView
from fedorg.serializers.times import day
from fedorg.uris import Uris


class FeaturedTagEntity(TypedDict):
    """Mastodon's FeaturedTag, whose number is a text."""

    id: str
    name: str
    url: str
    statuses_count: str
    last_status_at: str | None


def featured_tag_entity(view: FeaturedTagView, account: Account, uris: Uris) -> FeaturedTagEntity:
    """A hashtag on the profile of ``account``."""
    return {
        "id": str(view.tag.id),
        "name": view.tag.display_name,
        "url": uris.tagged(account.url, view.tag.name),
        "statuses_count": str(view.statuses_count),
        "last_status_at": None if view.last_status_at is None else day(view.last_status_at),
    }
