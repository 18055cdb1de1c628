"""Filters: words and statuses somebody does not want to meet, and which of them a status matches.

The node only says what matched (``filtered`` in a Status); clients hide, warn or blur. Spec: Mastodon API,
methods/filters and guidelines#filters.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from html import unescape
from typing import Final

from fedorg.ids import AccountId, StatusId

FILTERS_MAX: Final = 100
KEYWORDS_MAX: Final = 200
KEYWORDS_OF_ACCOUNT_MAX: Final = 1000
"""Each of them is looked for in every status of every page that its owner reads."""
STATUSES_MAX: Final = 1000
TITLE_MAX: Final = 256
KEYWORD_MAX: Final = 512

_BREAK: Final = re.compile(r"<br ?/?>|</(?:p|li|blockquote|pre|h[1-6])>")
_TAG: Final = re.compile(r"<[^>]*>")


class FilterContext(StrEnum):
    """Where a filter applies."""

    HOME = "home"
    NOTIFICATIONS = "notifications"
    PUBLIC = "public"
    THREAD = "thread"
    ACCOUNT = "account"


class FilterAction(StrEnum):
    """What clients do with a match."""

    WARN = "warn"
    HIDE = "hide"
    BLUR = "blur"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterKeyword:
    """A word or phrase; ``whole_word``: not as a part of a longer word."""

    id: int
    filter_id: int
    keyword: str
    whole_word: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterStatus:
    """A status named by a filter."""

    id: int
    filter_id: int
    status_id: StatusId


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A group of keywords and statuses; it counts until ``expires_at``."""

    id: int
    account_id: AccountId
    title: str
    contexts: tuple[FilterContext, ...]
    action: FilterAction
    expires_at: datetime | None
    keywords: tuple[FilterKeyword, ...] = ()
    statuses: tuple[FilterStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterMatch:
    """What of a filter a status matched."""

    filter: Filter
    keywords: tuple[str, ...] = ()
    status_ids: tuple[StatusId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordChange:
    """A keyword to be added (no id), changed or removed; None leaves a part as it is."""

    id: int | None = None
    keyword: str | None = None
    whole_word: bool | None = None
    is_removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterDraft:
    """What a client sets of a filter; None leaves a part as it is. ``expires_in`` is in seconds."""

    title: str | None = None
    contexts: tuple[str, ...] | None = None
    action: str | None = None
    sets_expiry: bool = False
    expires_in: int | None = None
    keywords: tuple[KeywordChange, ...] = ()


def searchable(html: str, *texts: str) -> str:
    """The words people see of a status: its safe HTML without tags, and further plain texts."""
    return "\n\n".join([*texts, unescape(_TAG.sub("", _BREAK.sub("\n", html)))])


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedFilter:
    """A filter ready to be held against the statuses of a page."""

    filter: Filter
    any_keyword: re.Pattern[str]
    """What finds whether one of its keywords is there, in one go."""
    status_ids: frozenset[StatusId]


def prepare(filters: Collection[Filter]) -> tuple[PreparedFilter, ...]:
    """What ``match`` needs of filters: made once for a page, not for each status."""
    return tuple(
        PreparedFilter(
            filter=one,
            any_keyword=_pattern(tuple((word.keyword, word.whole_word) for word in one.keywords)),
            status_ids=frozenset(entry.status_id for entry in one.statuses),
        )
        for one in filters
    )


def match(prepared: Collection[PreparedFilter], status_id: StatusId, text: str) -> tuple[FilterMatch, ...]:
    """What of the filters a status of these words matches."""
    found = (_match(one, status_id, text) for one in prepared)
    return tuple(one for one in found if one.keywords or one.status_ids)


def _match(one: PreparedFilter, status_id: StatusId, text: str) -> FilterMatch:
    words = one.filter.keywords if one.any_keyword.search(text) else ()
    return FilterMatch(
        filter=one.filter,
        keywords=tuple(word.keyword for word in words if _pattern(((word.keyword, word.whole_word),)).search(text)),
        status_ids=(status_id,) if status_id in one.status_ids else (),
    )


@lru_cache(maxsize=4096)
def _pattern(words: tuple[tuple[str, bool], ...]) -> re.Pattern[str]:
    """What finds any of these keywords, each with whether it is a whole word."""
    return re.compile("|".join(_expression(*word) for word in words), re.IGNORECASE)


def _expression(keyword: str, whole_word: bool) -> str:  # noqa: FBT001 - of a pair
    """What finds a keyword; boundaries count only where the keyword begins or ends with a letter or digit."""
    escaped = re.escape(keyword)
    if whole_word:
        before = r"\b" if re.match(r"\w", keyword) else ""
        after = r"\b" if re.search(r"\w\Z", keyword) else ""
        escaped = f"{before}{escaped}{after}"
    return escaped
