"""Filters: words and statuses somebody does not want to meet, and which of them a status matches.

The node only says what matched (``filtered`` in a Status); clients hide, warn or blur. Spec: Mastodon API,
methods/filters and guidelines#filters.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from html import unescape
from itertools import accumulate
from typing import Final

from fedorg.ids import AccountId, StatusId

FILTERS_MAX: Final = 100
KEYWORDS_MAX: Final = 200
KEYWORDS_OF_ACCOUNT_MAX: Final = 1000
"""Each of them is looked for in every status of every page that its owner reads."""
STATUSES_MAX: Final = 1000
TITLE_MAX: Final = 256
KEYWORD_MAX: Final = 512

SEARCHED_MAX: Final = 20_000
"""So many characters of a status are searched: none that is written here has more, and few from elsewhere."""

# No text and no keyword holds a NUL, and no two marks stand together.
_MARK: Final = "\0"
_BETWEEN: Final = "\0\0"
_FINAL_SIGMA: Final = "\N{GREEK SMALL LETTER FINAL SIGMA}"
_SIGMA: Final = "\N{GREEK SMALL LETTER SIGMA}"
_EDGE: Final = re.compile(r"\b")
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


def match(filters: Collection[Filter], texts: Mapping[StatusId, str]) -> dict[StatusId, tuple[FilterMatch, ...]]:
    """What of the filters each status of these words matches; those that match nothing are left out."""
    found: defaultdict[StatusId, list[FilterMatch]] = defaultdict(list)
    page = _Page(texts)
    for one in filters:
        named = {entry.status_id for entry in one.statuses} & texts.keys()
        words: defaultdict[StatusId, list[str]] = defaultdict(list, {status_id: [] for status_id in named})
        for word in one.keywords:
            for status_id in page.holding(word):
                words[status_id].append(word.keyword)
        for status_id, keywords in words.items():
            of_status = (status_id,) if status_id in named else ()
            found[status_id].append(FilterMatch(filter=one, keywords=tuple(keywords), status_ids=of_status))
    return {status_id: tuple(matches) for status_id, matches in found.items()}


class _Page:
    """The texts of a page as one, in which each keyword is looked for once.

    A plain search, since it is written in C, needs no compiling, and takes time in proportion to a long text, whatever
    is looked for; an expression of hostile alternatives takes their product.
    """

    def __init__(self, texts: Mapping[StatusId, str]) -> None:
        self._ids = [*texts]
        self._texts = [_folded(text[:SEARCHED_MAX]) for text in texts.values()]

    def holding(self, word: FilterKeyword) -> Iterator[StatusId]:
        """The statuses that hold a keyword."""
        wanted = _folded(word.keyword)
        text, starts = self._with_edges if word.whole_word else self._plain
        wanted = _marked(wanted) if word.whole_word else wanted
        place = text.find(wanted)
        while place >= 0:
            number = bisect_right(starts, place) - 1
            yield self._ids[number]
            following = number + 1
            place = text.find(wanted, starts[following]) if following < len(starts) else -1

    @cached_property
    def _plain(self) -> tuple[str, list[int]]:
        return _joined(self._texts)

    @cached_property
    def _with_edges(self) -> tuple[str, list[int]]:
        return _joined([_marked(text) for text in self._texts])


def _joined(texts: Sequence[str]) -> tuple[str, list[int]]:
    """Texts as one, and where each begins."""
    lengths = (len(text) + len(_BETWEEN) for text in texts)
    return _BETWEEN.join(texts), [*accumulate(lengths, initial=0)][:-1]


def _folded(text: str) -> str:
    """A text whose letters have one case: of the Greek sigma, whose small form depends on where it stands, one form."""
    return text.lower().replace(_FINAL_SIGMA, _SIGMA)


def _marked(text: str) -> str:
    """A text with a mark where words begin and end, so that a whole word is found only where its letters end.

    Where a keyword begins or ends with another sign there is no mark, and none is looked for.
    """
    return _EDGE.sub(_MARK, text)
