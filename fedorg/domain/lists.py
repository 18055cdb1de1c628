"""Lists: some of the accounts somebody follows, with a timeline of their own."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fedorg.ids import AccountId, ListId

LISTS_MAX: Final = 50
MEMBERS_MAX: Final = 5000
TITLE_MAX: Final = 255


class RepliesPolicy(StrEnum):
    """Which replies a list shows: to anybody its owner follows, to its members only, or none."""

    FOLLOWED = "followed"
    LIST = "list"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountList:
    """A list; what its members post is kept off the home timeline when it is ``exclusive``."""

    id: ListId
    account_id: AccountId
    title: str
    replies_policy: RepliesPolicy = RepliesPolicy.LIST
    exclusive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """What a client sets of a list; None leaves a part as it is."""

    title: str | None = None
    replies_policy: str | None = None
    exclusive: bool | None = None
