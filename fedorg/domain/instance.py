"""What a node counts about itself, and what its administrators wrote about it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from fedorg.domain.accounts import Account

RULES_MAX: Final = 50
RULE_MAX: Final = 300
HINT_MAX: Final = 1000
TEXT_MAX: Final = 100_000


class TextKind(StrEnum):
    """The longer texts of a node."""

    EXTENDED_DESCRIPTION = "extended-description"
    PRIVACY_POLICY = "privacy-policy"
    TERMS_OF_SERVICE = "terms-of-service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the node; ``hint`` explains it."""

    id: int
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceText:
    """A text in Markdown; terms hold from ``effective_on`` until ``succeeded_on``, the others have no dates."""

    kind: TextKind
    source: str
    updated_at: datetime
    effective_on: date | None = None
    succeeded_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Numbers of the whole node; ``statuses`` are those written here. Active: in four weeks, and in half a year."""

    users: int
    active_users: int
    active_half_year: int
    statuses: int
    domains: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFacts:
    """What is counted, looked up or written; the rest of a node's description is in its settings."""

    counts: Counts
    contact: Account | None
    rules: tuple[Rule, ...] = ()
    texts: frozenset[TextKind] = frozenset()
    vapid_key: str = ""
    reported_year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What happened in the seven days from ``began_at``."""

    began_at: datetime
    statuses: int
    sign_ins: int
    registrations: int
