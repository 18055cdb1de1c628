"""Follows that ended because a server or an account was shut out: whose, for each member who lost some."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fedorg.ids import AccountId, SeveranceId


class SeveranceType(StrEnum):
    """Mastodon's words for who shut out whom."""

    DOMAIN_BLOCK = "domain_block"
    USER_DOMAIN_BLOCK = "user_domain_block"
    ACCOUNT_SUSPENSION = "account_suspension"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveranceCause:
    """What ended follows: ``number`` is its own, ``target_name`` is a domain or a handle."""

    number: int
    type: SeveranceType
    target_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveredFollow:
    """A follow that ended: of whoever ``handle`` names by a member, or of the member by them (``is_follower``).

    How it followed is known of the member's own follows only.
    """

    handle: str
    is_follower: bool
    show_reblogs: bool = True
    notify: bool = False
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Severance:
    """What one member lost by one cause; ``purged`` when nobody knows any more whom."""

    id: SeveranceId
    cause: SeveranceCause
    account_id: AccountId
    followers_count: int
    following_count: int
    purged: bool
    created_at: datetime
