"""Filter entities. Spec: Mastodon API, entities/Filter, FilterKeyword, FilterStatus, FilterResult, V1_Filter."""

from typing import NotRequired, TypedDict

from fedorg.domain.filters import Filter, FilterAction, FilterKeyword, FilterMatch, FilterStatus
from fedorg.serializers.times import optional_moment


class FilterKeywordEntity(TypedDict):
    """Mastodon's FilterKeyword."""

    id: str
    keyword: str
    whole_word: bool


class FilterStatusEntity(TypedDict):
    """Mastodon's FilterStatus."""

    id: str
    status_id: str


class FilterEntity(TypedDict):
    """Mastodon's Filter; what is in it is left out where it stands for a match."""

    id: str
    title: str
    context: list[str]
    expires_at: str | None
    filter_action: str
    keywords: NotRequired[list[FilterKeywordEntity]]
    statuses: NotRequired[list[FilterStatusEntity]]


class FilterResultEntity(TypedDict):
    """Mastodon's FilterResult."""

    filter: FilterEntity
    keyword_matches: list[str] | None
    status_matches: list[str] | None


class V1FilterEntity(TypedDict):
    """Mastodon's V1::Filter: one keyword."""

    id: str
    phrase: str
    context: list[str]
    whole_word: bool
    expires_at: str | None
    irreversible: bool


def filter_entity(one: Filter) -> FilterEntity:
    """A filter with all that is in it."""
    return {
        **_head(one),
        "keywords": [keyword_entity(word) for word in one.keywords],
        "statuses": [filter_status_entity(entry) for entry in one.statuses],
    }


def keyword_entity(word: FilterKeyword) -> FilterKeywordEntity:
    """A keyword."""
    return {"id": str(word.id), "keyword": word.keyword, "whole_word": word.whole_word}


def filter_status_entity(entry: FilterStatus) -> FilterStatusEntity:
    """The entry for a status."""
    return {"id": str(entry.id), "status_id": str(entry.status_id)}


def filter_result_entity(found: FilterMatch) -> FilterResultEntity:
    """What of a filter a status matched."""
    return {
        "filter": _head(found.filter),
        "keyword_matches": list(found.keywords) or None,
        "status_matches": [str(number) for number in found.status_ids] or None,
    }


def v1_filter_entity(one: Filter, word: FilterKeyword) -> V1FilterEntity:
    """A keyword as a filter of its own."""
    return {
        "id": str(word.id),
        "phrase": word.keyword,
        "context": [context.value for context in one.contexts],
        "whole_word": word.whole_word,
        "expires_at": optional_moment(one.expires_at),
        "irreversible": one.action is FilterAction.HIDE,
    }


def _head(one: Filter) -> FilterEntity:
    return {
        "id": str(one.id),
        "title": one.title,
        "context": [context.value for context in one.contexts],
        "expires_at": optional_moment(one.expires_at),
        "filter_action": one.action.value,
    }
