"""What accounts are to each other."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fedorg.domain.accounts import Account
from fedorg.ids import AccountId


class FollowState(StrEnum):
    """A follow counts only after the target accepted it (S51)."""

    PENDING = "pending"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """One account following, or asking to follow, another; ``uri`` is the id of the Follow activity."""

    id: int
    account_id: AccountId
    target_id: AccountId
    uri: str
    state: FollowState
    show_reblogs: bool = True
    notify: bool = False
    languages: tuple[str, ...] = ()
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship:
    """What ``target_id`` is to the viewer, and the viewer to it; Mastodon's Relationship."""

    target_id: AccountId
    following: bool = False
    showing_reblogs: bool = False
    notifying: bool = False
    languages: tuple[str, ...] = ()
    followed_by: bool = False
    requested: bool = False
    requested_by: bool = False
    blocking: bool = False
    blocked_by: bool = False
    muting: bool = False
    muting_notifications: bool = False
    muting_expires_at: datetime | None = None
    domain_blocking: bool = False
    endorsed: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MutedAccount:
    """An account somebody muted, and until when; None: for good."""

    account: Account
    expires_at: datetime | None
