"""Letters that the node writes to people: what they are for, and how long their links hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final


class MailKind(StrEnum):
    """What a letter is for."""

    CONFIRM = "confirm"
    RESET = "reset"
    CHANGE = "change"
    """To a new address: it becomes the user's."""
    UNDO = "undo"
    """To the address before: it becomes the user's again, and whoever wanted another is signed out."""
    APPROVED = "approved"
    """To somebody who waited for approval: they may sign in."""
    PARTNERSHIP = "partnership"
    """To those who look after the node: something that was agreed with another one wants a decision."""
    SUSPENSION = "suspension"
    """To them and to the contact for incidents: a partner says when it will suspend something, or that it will not."""


LINKS_HOLD: Final = {
    MailKind.CONFIRM: timedelta(days=2),
    MailKind.RESET: timedelta(hours=6),
    MailKind.CHANGE: timedelta(days=2),
    MailKind.UNDO: timedelta(days=7),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLink:
    """A link that was sent, by its hash: good once, for the address it went to."""

    token_hash: str
    kind: MailKind
    email: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is written to somebody: the address it goes to, and that of the page it leads to.

    ``username`` is empty for somebody without a login, ``told`` what the letter of this kind says beside.
    """

    username: str
    kind: MailKind
    email: str = field(repr=False)
    link: str = field(repr=False)
    told: Mapping[str, str] = field(default_factory=dict)
