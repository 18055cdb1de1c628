"""Conversation entities. Spec: Mastodon API, entities/Conversation."""

from typing import TypedDict

from fedorg.domain.conversations import ConversationView
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.statuses import StatusEntity, status_entity
from fedorg.uris import Uris


class ConversationEntity(TypedDict):
    """Mastodon's Conversation."""

    id: str
    unread: bool
    accounts: list[AccountEntity]
    last_status: StatusEntity | None


def conversation_entity(view: ConversationView, uris: Uris) -> ConversationEntity:
    """A conversation as the one whose list it is in sees it."""
    return {
        "id": str(view.conversation.id),
        "unread": view.conversation.unread,
        "accounts": [account_entity(one, uris) for one in view.accounts],
        "last_status": None if view.last_status is None else status_entity(view.last_status, uris),
    }
