"""Subscriptions to Web Push: where the notifications of an account are sent to, and which."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from fedorg.domain.notifications import NotificationType
from fedorg.ids import AccountId, PushSubscriptionId, TokenId

ENDPOINT_MAX = 2048
PUBLIC_KEY_BYTES = 65
SECRET_BYTES = 16


class PushPolicy(StrEnum):
    """Of whose doings somebody wants to be told."""

    ALL = "all"
    FOLLOWED = "followed"
    FOLLOWER = "follower"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAddress:
    """Where to send, and for whom to encrypt: keys as unpadded base64url.

    ``is_standard``: as RFC 8291 and 8292 say; otherwise as the drafts before them, which many apps still read.
    """

    endpoint: str
    public_key: str
    secret: str = field(repr=False)
    is_standard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PushChoice:
    """What to tell: a kind that was not named is not told."""

    alerts: dict[NotificationType, bool]
    policy: PushPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSubscription:
    """One for each token, which it ends with. ``sealed_token`` is the token, for the one who opens the message."""

    id: PushSubscriptionId
    token_id: TokenId
    account_id: AccountId
    address: PushAddress
    choice: PushChoice
    sealed_token: str = field(repr=False)
    created_at: datetime
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VapidKeys:
    """By what this node is known to push services (RFC 8292): a PEM file, and the point as padded base64url."""

    private: str = field(repr=False)
    public: str
