"""Filters of an account: made, changed and removed by their owner only.

What matches is found where statuses are loaded (``store.views``). A filter of the first API version is one keyword;
it shows here as that keyword and the filter around it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import Connection

from fedorg.domain.events import EventKind
from fedorg.domain.filters import (
    FILTERS_MAX,
    KEYWORD_MAX,
    KEYWORDS_MAX,
    KEYWORDS_OF_ACCOUNT_MAX,
    STATUSES_MAX,
    TITLE_MAX,
    Filter,
    FilterAction,
    FilterContext,
    FilterDraft,
    FilterKeyword,
    FilterStatus,
    KeywordChange,
)
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node
from fedorg.store import accounts, events, filters, views

T = TypeVar("T")

_EXPIRY_SECONDS_MAX: Final = 36_500 * 24 * 3600
# Clients of Mastodon's first version with blurring send this spelling.
_SPELLINGS: Final = {"blur_media": "blur"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordInFilter:
    """A keyword and the filter around it."""

    filter: Filter
    keyword: FilterKeyword


async def list_filters(node: Node, account_id: AccountId) -> tuple[Filter, ...]:
    """Every filter of the account, the oldest first."""
    return await node.read(filters.list_of_account, account_id)


async def get_filter(node: Node, account_id: AccountId, filter_id: int) -> Filter:
    """A filter of the account."""
    return await node.read(filters.get, account_id, filter_id)


async def create_filter(node: Node, account_id: AccountId, draft: FilterDraft) -> Filter:
    """Make a filter with its keywords; ``Invalid`` says everything that is wrong with the draft."""

    def unit(conn: Connection) -> Filter:
        if filters.count(conn, account_id) >= FILTERS_MAX:
            raise Invalid(f"Validation failed: Filters are limited to {FILTERS_MAX}")
        fresh = Filter(
            id=node.ids.next(), account_id=account_id, title="", contexts=(), action=FilterAction.WARN, expires_at=None
        )
        made = _changed(fresh, draft, node.now())
        filters.insert(conn, node.now(), made)
        _change_keywords(conn, node, made, draft.keywords)
        return filters.get(conn, account_id, made.id)

    return await _change(node, account_id, unit)


async def update_filter(node: Node, account_id: AccountId, filter_id: int, draft: FilterDraft) -> Filter:
    """Change a filter of the account; a keyword named that is not in it is ``NotFound``."""

    def unit(conn: Connection) -> Filter:
        before = filters.get(conn, account_id, filter_id)
        filters.update(conn, _changed(before, draft, node.now()))
        _change_keywords(conn, node, before, draft.keywords)
        return filters.get(conn, account_id, filter_id)

    return await _change(node, account_id, unit)


async def delete_filter(node: Node, account_id: AccountId, filter_id: int) -> None:
    """Remove a filter of the account."""

    def unit(conn: Connection) -> None:
        filters.delete(conn, account_id, filter_id)

    await _change(node, account_id, unit)


# Keywords


async def add_keyword(node: Node, account_id: AccountId, filter_id: int, change: KeywordChange) -> FilterKeyword:
    """Add a keyword to a filter of the account."""

    def unit(conn: Connection) -> FilterKeyword:
        one = filters.get(conn, account_id, filter_id)
        word = _insert_keyword(conn, node, one, change)
        _check_room(conn, one, len(one.keywords) + 1)
        return word

    return await _change(node, account_id, unit)


async def get_keyword(node: Node, account_id: AccountId, keyword_id: int) -> KeywordInFilter:
    """A keyword in a filter of the account."""
    return await node.read(_get_keyword, account_id, keyword_id)


async def update_keyword(node: Node, account_id: AccountId, change: KeywordChange) -> FilterKeyword:
    """Change the keyword ``change`` names."""

    def unit(conn: Connection) -> FilterKeyword:
        found = _get_keyword(conn, account_id, change.id or 0)
        changed = _changed_keyword(found.keyword, change)
        filters.update_keyword(conn, changed)
        return changed

    return await _change(node, account_id, unit)


async def delete_keyword(node: Node, account_id: AccountId, keyword_id: int) -> None:
    """Remove a keyword from a filter of the account."""

    def unit(conn: Connection) -> None:
        filters.delete_keyword(conn, _get_keyword(conn, account_id, keyword_id).keyword.id)

    await _change(node, account_id, unit)


# Statuses


async def add_status(node: Node, account_id: AccountId, filter_id: int, status_id: StatusId) -> FilterStatus:
    """Name a status in a filter of the account; once or twice is the same. ``NotFound`` when it is not visible."""

    def unit(conn: Connection) -> FilterStatus:
        one = filters.get(conn, account_id, filter_id)
        view = views.get_view(conn, node.now(), account_id, status_id)
        for entry in one.statuses:
            if entry.status_id == view.status.id:
                return entry
        if len(one.statuses) >= STATUSES_MAX:
            raise Invalid(f"Validation failed: Statuses are limited to {STATUSES_MAX}")
        entry = FilterStatus(id=node.ids.next(), filter_id=one.id, status_id=view.status.id)
        filters.insert_status(conn, entry)
        return entry

    return await _change(node, account_id, unit)


async def get_status(node: Node, account_id: AccountId, entry_id: int) -> FilterStatus:
    """The entry for a status in a filter of the account."""

    def unit(conn: Connection) -> FilterStatus:
        return _entry(filters.get_of_status(conn, account_id, entry_id).statuses, lambda entry: entry.id == entry_id)

    return await node.read(unit)


async def delete_status(node: Node, account_id: AccountId, entry_id: int) -> None:
    """Remove the entry for a status from a filter of the account."""

    def unit(conn: Connection) -> None:
        filters.get_of_status(conn, account_id, entry_id)
        filters.delete_status(conn, entry_id)

    await _change(node, account_id, unit)


# Filters of the first API version


async def list_keywords(node: Node, account_id: AccountId) -> list[KeywordInFilter]:
    """Every keyword of the account, the oldest first."""
    found = await node.read(filters.list_of_account, account_id)
    return [KeywordInFilter(filter=one, keyword=word) for one in found for word in one.keywords]


async def create_phrase(node: Node, account_id: AccountId, draft: FilterDraft) -> KeywordInFilter:
    """Make a filter of one keyword; its title is the keyword."""
    made = await create_filter(node, account_id, draft)
    return KeywordInFilter(filter=made, keyword=made.keywords[0])


async def update_phrase(node: Node, account_id: AccountId, keyword_id: int, draft: FilterDraft) -> KeywordInFilter:
    """Change a keyword and the filter around it.

    ``Invalid`` when the filter holds other keywords too and more than the keyword would change, as those would change
    with it.
    """

    def unit(conn: Connection) -> KeywordInFilter:
        found = _get_keyword(conn, account_id, keyword_id)
        after = _changed(found.filter, draft, node.now())
        if len(found.filter.keywords) > 1 and replace(after, title=found.filter.title) != found.filter:
            raise Invalid("Validation failed: This filter holds several keywords; change it with a newer client")
        changes = draft.keywords or (KeywordChange(),)
        word = _changed_keyword(found.keyword, changes[0])
        filters.update(conn, after)
        filters.update_keyword(conn, word)
        return KeywordInFilter(filter=filters.get(conn, account_id, after.id), keyword=word)

    return await _change(node, account_id, unit)


async def delete_phrase(node: Node, account_id: AccountId, keyword_id: int) -> None:
    """Remove a keyword, and the filter around it when nothing else is in it."""

    def unit(conn: Connection) -> None:
        found = _get_keyword(conn, account_id, keyword_id)
        if len(found.filter.keywords) == 1 and not found.filter.statuses:
            filters.delete(conn, account_id, found.filter.id)
        else:
            filters.delete_keyword(conn, keyword_id)

    await _change(node, account_id, unit)


async def _change(node: Node, account_id: AccountId, unit: Callable[[Connection], T]) -> T:
    """Run a unit that changes filters of the account, which reads them as they stay until its end.

    The account's open streams hear that something changed.
    """

    def telling(conn: Connection) -> T:
        accounts.hold(conn, account_id)
        result = unit(conn)
        events.insert(conn, node.now(), EventKind.FILTERS_CHANGED, account_id, 0)
        return result

    return await node.write(telling)


def _get_keyword(conn: Connection, account_id: AccountId, keyword_id: int) -> KeywordInFilter:
    one = filters.get_of_keyword(conn, account_id, keyword_id)
    return KeywordInFilter(filter=one, keyword=_entry(one.keywords, lambda word: word.id == keyword_id))


def _entry(entries: Collection[T], is_it: Callable[[T], bool]) -> T:
    for entry in entries:
        if is_it(entry):
            return entry
    raise NotFound


def _changed(before: Filter, draft: FilterDraft, now: datetime) -> Filter:
    title = before.title if draft.title is None else draft.title.strip()
    names = [context.value for context in before.contexts] if draft.contexts is None else list(draft.contexts)
    known = [context for context in FilterContext if context.value in names]
    problems: list[str] = []
    if not title:
        problems.append("Title can't be blank")
    elif len(title) > TITLE_MAX:
        problems.append(f"Title is too long (maximum is {TITLE_MAX} characters)")
    if not names:
        problems.append("Context can't be blank")
    if not names or len(known) != len({*names}):
        problems.append("Context None or invalid context supplied")
    action = before.action.value if not draft.action else _SPELLINGS.get(draft.action, draft.action)
    if action not in {one.value for one in FilterAction}:
        problems.append("Action is not included in the list")
    if problems:
        raise Invalid(f"Validation failed: {', '.join(problems)}")
    return replace(
        before,
        title=title,
        contexts=tuple(known),
        action=FilterAction(action),
        expires_at=_expiry(draft, now) if draft.sets_expiry else before.expires_at,
    )


def _expiry(draft: FilterDraft, now: datetime) -> datetime | None:
    if draft.expires_in is None:
        return None
    return now + timedelta(seconds=max(0, min(draft.expires_in, _EXPIRY_SECONDS_MAX)))


def _change_keywords(conn: Connection, node: Node, one: Filter, changes: Collection[KeywordChange]) -> None:
    """In any order: what is removed makes room for what is added."""
    held = {word.id: word for word in one.keywords}
    added = 0
    for change in changes:
        if change.id is None:
            if not change.is_removed:
                _insert_keyword(conn, node, one, change)
                added += 1
            continue
        if change.id not in held:
            raise NotFound
        if change.is_removed:
            filters.delete_keyword(conn, change.id)
            held.pop(change.id)
        else:
            filters.update_keyword(conn, _changed_keyword(held[change.id], change))
    if added:
        _check_room(conn, one, len(held) + added)


def _insert_keyword(conn: Connection, node: Node, one: Filter, change: KeywordChange) -> FilterKeyword:
    fresh = FilterKeyword(id=node.ids.next(), filter_id=one.id, keyword="", whole_word=False)
    word = _changed_keyword(fresh, change)
    filters.insert_keyword(conn, word)
    return word


def _check_room(conn: Connection, one: Filter, size: int) -> None:
    """Refuse a filter of so many keywords, or too many in all filters, once they are added."""
    if size > KEYWORDS_MAX:
        raise Invalid(f"Validation failed: Keywords of a filter are limited to {KEYWORDS_MAX}")
    if filters.count_keywords(conn, one.account_id) > KEYWORDS_OF_ACCOUNT_MAX:
        raise Invalid(f"Validation failed: Keywords are limited to {KEYWORDS_OF_ACCOUNT_MAX}")


def _changed_keyword(before: FilterKeyword, change: KeywordChange) -> FilterKeyword:
    keyword = before.keyword if change.keyword is None else change.keyword.strip()
    if not keyword:
        raise Invalid("Validation failed: Keyword can't be blank")
    if len(keyword) > KEYWORD_MAX:
        raise Invalid(f"Validation failed: Keyword is too long (maximum is {KEYWORD_MAX} characters)")
    whole_word = before.whole_word if change.whole_word is None else change.whole_word
    return replace(before, keyword=keyword, whole_word=whole_word)
