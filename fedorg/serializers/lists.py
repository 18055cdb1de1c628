"""List entities. Spec: Mastodon API, entities/List."""

from typing import TypedDict

from fedorg.domain.lists import AccountList


class ListEntity(TypedDict):
    """Mastodon's List."""

    id: str
    title: str
    replies_policy: str
    exclusive: bool


def list_entity(one: AccountList) -> ListEntity:
    """A list without its members."""
    return {
        "id": str(one.id),
        "title": one.title,
        "replies_policy": one.replies_policy.value,
        "exclusive": one.exclusive,
    }
