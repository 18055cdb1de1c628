"""Follows that ended because a server or an account was shut out: how many, for each member who lost some."""

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
class Severance:
    """What one member lost by one cause."""

    id: SeveranceId
    cause: SeveranceCause
    account_id: AccountId
    followers_count: int
    following_count: int
    created_at: datetime
