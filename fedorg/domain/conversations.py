"""Conversations: what is said among a few in statuses for addressees only, as one of them sees it."""

from dataclasses import dataclass

from fedorg.domain.accounts import Account
from fedorg.domain.statuses import StatusView
from fedorg.ids import AccountId, ConversationId, StatusId


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A status for addressees only, as far as conversations care: ``named`` are the addressees."""

    status_id: StatusId
    thread_id: StatusId
    author_id: AccountId
    named: frozenset[AccountId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A thread among the same people; ``participants`` are the others, nobody for what one writes to oneself."""

    id: ConversationId
    account_id: AccountId
    participants: tuple[AccountId, ...]
    last_status_id: StatusId
    unread: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """A conversation with all that an entity of it shows; ``last_status`` None when it is not to be seen (any more)."""

    conversation: Conversation
    accounts: tuple[Account, ...]
    last_status: StatusView | None
