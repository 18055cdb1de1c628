"""Rows of ``filters``, ``filter_keywords`` and ``filter_statuses``: each belongs to an account (S45)."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.filters import Filter, FilterAction, FilterContext, FilterKeyword, FilterStatus
from fedorg.errors import NotFound
from fedorg.ids import AccountId, StatusId
from fedorg.store.gathered import Answers, Part
from fedorg.store.prepared import many
from fedorg.store.tables import filter_keywords, filter_statuses, filters, statuses
from fedorg.store.tables.columns import Moment

_viewer: Final = sa.bindparam("viewer", type_=sa.BigInteger)
_now: Final = sa.bindparam("now", type_=Moment)
_IS_IN_FORCE: Final = sa.and_(
    filters.c.account_id == _viewer, sa.or_(filters.c.expires_at.is_(None), filters.c.expires_at > _now)
)
_FILTERS: Final = Part(
    sa.select(filters.c.id.label("which"), *filters.c).where(_IS_IN_FORCE), lambda rows: _filter(rows[0])
)
_KEYWORDS: Final = Part(
    sa.select(filter_keywords.c.filter_id.label("which"), *filter_keywords.c)
    .join(filters, filters.c.id == filter_keywords.c.filter_id)
    .where(_IS_IN_FORCE),
    lambda rows: tuple(_keyword(row) for row in sorted(rows)),
)
_NAMED: Final = Part(
    sa.select(filter_statuses.c.status_id.label("which"), *filter_statuses.c)
    .join(filters, filters.c.id == filter_statuses.c.filter_id)
    .where(_IS_IN_FORCE, filter_statuses.c.status_id.in_(many("ids"))),
    lambda rows: tuple(_entry(row) for row in sorted(rows)),
)
IN_FORCE: Final = (_FILTERS, _KEYWORDS, _NAMED)
"""The filters of a viewer that have not expired at a moment, with what ``of_answers`` needs."""


def list_of_account(conn: Connection, account_id: AccountId) -> tuple[Filter, ...]:
    """Every filter of an account with all that is in it, the oldest first."""
    return _load(conn, filters.c.account_id == account_id)


def of_answers(answers: Answers) -> tuple[Filter, ...]:
    """The filters that were asked for; of the statuses they name only those that were asked about."""
    found = answers.about(_FILTERS)
    words = answers.about(_KEYWORDS)
    entries: defaultdict[int, list[FilterStatus]] = defaultdict(list)
    for named in answers.about(_NAMED).values():
        for entry in named:
            entries[entry.filter_id].append(entry)
    return tuple(
        replace(found[number], keywords=words.get(number, ()), statuses=tuple(entries[number]))
        for number in sorted(found)
    )


def get(conn: Connection, account_id: AccountId, filter_id: int) -> Filter:
    """A filter of the account; ``NotFound`` for anybody else's."""
    found = _load(conn, sa.and_(filters.c.account_id == account_id, filters.c.id == filter_id))
    if not found:
        raise NotFound
    return found[0]


def get_of_keyword(conn: Connection, account_id: AccountId, keyword_id: int) -> Filter:
    """The filter of the account that holds a keyword; ``NotFound`` for anybody else's."""
    return get(conn, account_id, _filter_of(conn, filter_keywords, keyword_id))


def get_of_status(conn: Connection, account_id: AccountId, entry_id: int) -> Filter:
    """The filter of the account that holds an entry for a status; ``NotFound`` for anybody else's."""
    return get(conn, account_id, _filter_of(conn, filter_statuses, entry_id))


def count(conn: Connection, account_id: AccountId) -> int:
    """How many filters an account has."""
    return conn.execute(sa.select(sa.func.count()).where(filters.c.account_id == account_id)).scalar_one()


def count_keywords(conn: Connection, account_id: AccountId) -> int:
    """How many keywords are in the filters of an account."""
    statement = (
        sa.select(sa.func.count())
        .select_from(filter_keywords.join(filters, filters.c.id == filter_keywords.c.filter_id))
        .where(filters.c.account_id == account_id)
    )
    return conn.execute(statement).scalar_one()


def insert(conn: Connection, now: datetime, one: Filter) -> None:
    """Add a filter without what belongs into it."""
    conn.execute(sa.insert(filters), _values(one) | {"created_at": now})


def update(conn: Connection, one: Filter) -> None:
    """Write title, contexts, action and expiry."""
    conn.execute(sa.update(filters).where(filters.c.id == one.id).values(_values(one)))


def delete(conn: Connection, account_id: AccountId, filter_id: int) -> None:
    """Remove a filter of the account with all that is in it; ``NotFound`` for anybody else's."""
    owned = (filters.c.id == filter_id, filters.c.account_id == account_id)
    if conn.execute(sa.delete(filters).where(*owned)).rowcount != 1:
        raise NotFound


def insert_keyword(conn: Connection, word: FilterKeyword) -> None:
    """Add a keyword to a filter."""
    values = {"id": word.id, "filter_id": word.filter_id, "keyword": word.keyword, "whole_word": word.whole_word}
    conn.execute(sa.insert(filter_keywords), values)


def update_keyword(conn: Connection, word: FilterKeyword) -> None:
    """Write what a keyword says."""
    statement = sa.update(filter_keywords).where(filter_keywords.c.id == word.id)
    conn.execute(statement.values(keyword=word.keyword, whole_word=word.whole_word))


def delete_keyword(conn: Connection, keyword_id: int) -> None:
    """Remove a keyword."""
    conn.execute(sa.delete(filter_keywords).where(filter_keywords.c.id == keyword_id))


def insert_status(conn: Connection, entry: FilterStatus) -> None:
    """Add a status to a filter; one that is there already raises ``IntegrityError``."""
    values = {"id": entry.id, "filter_id": entry.filter_id, "status_id": entry.status_id}
    conn.execute(sa.insert(filter_statuses), values)


def delete_status(conn: Connection, entry_id: int) -> None:
    """Remove the entry for a status."""
    conn.execute(sa.delete(filter_statuses).where(filter_statuses.c.id == entry_id))


def _load(conn: Connection, which: ColumnElement[bool]) -> tuple[Filter, ...]:
    rows = conn.execute(sa.select(filters).where(which).order_by(filters.c.id)).all()
    if not rows:
        return ()
    ids = [row.id for row in rows]
    words = _grouped(conn, filter_keywords, ids)
    is_there = sa.exists().where(statuses.c.id == filter_statuses.c.status_id, ~statuses.c.is_gone)
    entries = _grouped(conn, filter_statuses, ids, is_there)
    return tuple(
        replace(
            _filter(row),
            keywords=tuple(_keyword(one) for one in words[row.id]),
            statuses=tuple(_entry(one) for one in entries[row.id]),
        )
        for row in rows
    )


def _filter(row: Any) -> Filter:  # noqa: ANN401 - a row or a record
    """What a row of ``filters`` says."""
    return Filter(
        id=row.id,
        account_id=AccountId(row.account_id),
        title=row.title,
        contexts=tuple(FilterContext(one) for one in row.contexts),
        action=FilterAction(row.action),
        expires_at=row.expires_at,
    )


def _keyword(row: Any) -> FilterKeyword:  # noqa: ANN401 - likewise
    return FilterKeyword(id=row.id, filter_id=row.filter_id, keyword=row.keyword, whole_word=row.whole_word)


def _entry(row: Any) -> FilterStatus:  # noqa: ANN401 - likewise
    return FilterStatus(id=row.id, filter_id=row.filter_id, status_id=StatusId(row.status_id))


def _grouped(
    conn: Connection, table: sa.Table, ids: Collection[int], *conditions: ColumnElement[bool]
) -> defaultdict[int, Sequence[sa.Row[Any]]]:
    found: defaultdict[int, Any] = defaultdict(list)
    for row in conn.execute(sa.select(table).where(table.c.filter_id.in_(ids), *conditions).order_by(table.c.id)):
        found[row.filter_id].append(row)
    return found


def _filter_of(conn: Connection, table: sa.Table, entry_id: int) -> int:
    found = conn.execute(sa.select(table.c.filter_id).where(table.c.id == entry_id)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return int(found)


def _values(one: Filter) -> dict[str, Any]:
    return {
        "id": one.id,
        "account_id": one.account_id,
        "title": one.title,
        "contexts": [context.value for context in one.contexts],
        "action": one.action.value,
        "expires_at": one.expires_at,
    }
