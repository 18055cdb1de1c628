"""Lists of servers that go from one node to another, blocked or allowed; and what became of each line."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from fedorg.domain.ceilings import Ceilings
from fedorg.domain.domain_blocks import Severity
from fedorg.domain.visibility import Tier


class ListKind(StrEnum):
    """What a list is about."""

    BLOCKS = "blocks"
    ALLOWS = "allows"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBlock:
    """A server to keep away; a comment that is None is not said."""

    place: str
    domain: str
    severity: Severity
    reject_media: bool = False
    reject_reports: bool = False
    obfuscate: bool = False
    public_comment: str | None = None
    private_comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAllow:
    """What a server is, and how much passes; ``ceilings`` None: the list does not say."""

    place: str
    domain: str
    tier: Tier
    ceilings: Ceilings | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether the server is named as one that this node speaks with."""
        return self.tier in (Tier.SIBLING, Tier.PARTNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A line that cannot be read, and why."""

    place: str
    reason: str
    domain: str = ""


ListedServer: TypeAlias = ListedBlock | ListedAllow


class Ending(StrEnum):
    """What became of a line."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    """It says what holds already."""
    SKIPPED = "skipped"
    """It would undo what was decided here."""
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResult:
    """What became of a line, and why nothing did."""

    place: str
    domain: str
    ending: Ending
    reason: str = ""


def kind_of(listed: ListedServer) -> ListKind:
    """What a line is about."""
    return ListKind.BLOCKS if isinstance(listed, ListedBlock) else ListKind.ALLOWS
