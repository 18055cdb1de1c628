"""Quotes: a status that shows another, as far as the author of the other consents (FEP-044f)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fedorg.ids import AccountId, QuoteId, StatusId


class QuoteState(StrEnum):
    """How a quote stands, Mastodon's words. The first four are kept, the others are what a viewer is told instead."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REVOKED = "revoked"
    DELETED = "deleted"
    UNAUTHORIZED = "unauthorized"
    BLOCKED_ACCOUNT = "blocked_account"
    BLOCKED_DOMAIN = "blocked_domain"
    MUTED_ACCOUNT = "muted_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A row: the status ``status_id`` of ``account_id`` quotes the one with the identity ``quoted_uri``.

    ``quoted_status_id`` is None while the quoted status is not here, and again when it is gone. ``request_uri`` is the
    QuoteRequest that asked for consent, ``approval_uri`` the stamp that gives it: minted here when the quoted status is
    ours, verified at its own server when it is not. A quote of oneself needs none. ``is_legacy``: named only by a term
    that knows no consent. ``checked_at`` is when the stamp was last seen where it lives.
    """

    id: QuoteId
    status_id: StatusId
    account_id: AccountId
    quoted_uri: str
    quoted_status_id: StatusId | None = None
    quoted_account_id: AccountId | None = None
    state: QuoteState = QuoteState.PENDING
    request_uri: str | None = None
    approval_uri: str | None = None
    is_legacy: bool = False
    created_at: datetime
    checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteQuote:
    """What a peer's note says of the status it quotes; nothing of it is verified."""

    uri: str
    approval_uri: str | None = None
    is_legacy: bool = False
