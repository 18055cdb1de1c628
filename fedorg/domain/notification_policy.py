"""From whom somebody wants to hear: what is told at once, what waits for a yes, and what is never told.

Spec: Mastodon API, entities/NotificationPolicy. Whoever one follows is always heard, but for the rule about followers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from fedorg.domain.accounts import Account
from fedorg.domain.notifications import NotificationType
from fedorg.domain.statuses import StatusView
from fedorg.ids import AccountId, NotificationRequestId

NEW_ACCOUNT: Final = timedelta(days=30)
NEW_FOLLOWER: Final = timedelta(days=3)
COUNT_MAX: Final = 100
"""More than this many requests, or notifications of one request, are not counted."""

# What a stranger can make happen by themselves; the others tell of something one asked for, or has to know.
FILTERABLE: Final = frozenset(
    {
        NotificationType.MENTION,
        NotificationType.QUOTE,
        NotificationType.REBLOG,
        NotificationType.FAVOURITE,
        NotificationType.FOLLOW,
        NotificationType.FOLLOW_REQUEST,
        NotificationType.ADDED_TO_COLLECTION,
        NotificationType.COLLECTION_UPDATE,
    }
)
REQUESTED: Final = frozenset({NotificationType.MENTION, NotificationType.QUOTE})
"""Kinds by which a stranger asks to be heard: only they make a request."""


class Handling(StrEnum):
    """What becomes of a notification."""

    ACCEPT = "accept"
    FILTER = "filter"
    DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationPolicy:
    """What becomes of notifications by kinds of senders.

    Private mentions are accepted unless one says otherwise, where Mastodon filters them: on a node of an organisation
    most of them come from colleagues.
    """

    for_not_following: Handling = Handling.ACCEPT
    for_not_followers: Handling = Handling.ACCEPT
    for_new_accounts: Handling = Handling.ACCEPT
    for_private_mentions: Handling = Handling.ACCEPT
    for_limited_accounts: Handling = Handling.FILTER
    for_bots: Handling = Handling.ACCEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What the one who causes a notification is to the one who would hear of it.

    ``is_unasked``: it is a mention for addressees only, and not in a thread where the receiver wrote to them so.
    """

    created_at: datetime
    is_followed: bool = False
    follower_since: datetime | None = None
    is_limited: bool = False
    is_automated: bool = False
    is_permitted: bool = False
    is_unasked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySummary:
    """A policy and how much waits for a yes."""

    policy: NotificationPolicy
    requests_count: int
    notifications_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRequest:
    """Somebody whose notifications wait for a yes."""

    id: NotificationRequestId
    account_id: AccountId
    from_account_id: AccountId
    last_status_id: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRequestView:
    """A request with all that an entity of it shows."""

    request: NotificationRequest
    account: Account
    last_status: StatusView | None
    count: int


def handling(policy: NotificationPolicy, sender: Sender, now: datetime) -> Handling:
    """The strictest of what the policy says about a sender like this one."""
    if sender.is_permitted:
        return Handling.ACCEPT
    said = {getattr(policy, name) for name, applies in _RULES.items() if applies(sender, now)}
    return next((one for one in (Handling.DROP, Handling.FILTER) if one in said), Handling.ACCEPT)


def _is_no_settled_follower(sender: Sender, now: datetime) -> bool:
    return sender.follower_since is None or sender.follower_since > now - NEW_FOLLOWER


_RULES: Final[Mapping[str, Callable[[Sender, datetime], bool]]] = {
    "for_not_following": lambda sender, _now: not sender.is_followed,
    "for_not_followers": _is_no_settled_follower,
    "for_new_accounts": lambda sender, now: not sender.is_followed and sender.created_at > now - NEW_ACCOUNT,
    "for_private_mentions": lambda sender, _now: not sender.is_followed and sender.is_unasked,
    "for_limited_accounts": lambda sender, _now: not sender.is_followed and sender.is_limited,
    "for_bots": lambda sender, _now: not sender.is_followed and sender.is_automated,
}
