"""What somebody looks for among the texts of statuses, parsed: nothing of what was typed goes on as syntax."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from fedorg.ids import AccountId


class SearchScope(StrEnum):
    """Where to look: among what the viewer wrote or had to do with, among what everybody may find, or in both."""

    ALL = "all"
    LIBRARY = "library"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words that follow each other, as ``text.words_of`` gives them."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HasTag:
    """A hashtag, by its normalised name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """The author's handle in lower case, without the domain for one of this node; None is the viewer."""

    handle: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """Posted at or after ``since``, and before ``until``."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InLanguage:
    """A language by its code; ``en`` takes in ``en-GB``."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HasProperty:
    """A property by name; one that does not exist is a property of nothing."""

    name: str


Condition: TypeAlias = Phrase | HasTag | From | Within | InLanguage | HasProperty


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusQuery:
    """Every one of ``wanted`` holds and none of ``unwanted``."""

    wanted: tuple[Condition, ...] = ()
    unwanted: tuple[Condition, ...] = ()
    scope: SearchScope = SearchScope.ALL

    @property
    def is_empty(self) -> bool:
        """Nothing is asked for: nothing is found."""
        return not (self.wanted or self.unwanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """Which part of what is found, the newest first; ``author`` narrows it further."""

    limit: int
    offset: int = 0
    max_id: int | None = None
    min_id: int | None = None
    author: AccountId | None = None
