"""Letters that the node writes to people: what they are for, and how long their links hold."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from fedorg.domain.accounts import User


class MailKind(StrEnum):
    """What a letter is for."""

    CONFIRM = "confirm"
    RESET = "reset"


LINKS_HOLD: Final = {MailKind.CONFIRM: timedelta(days=2), MailKind.RESET: timedelta(hours=6)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLink:
    """A link that was sent, by its hash: good once, for the address it went to."""

    token_hash: str
    kind: MailKind
    email: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is written to somebody: the address it goes to, and that of the page it leads to."""

    user: User
    kind: MailKind
    email: str = field(repr=False)
    link: str = field(repr=False)
