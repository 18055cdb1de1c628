"""Rows of ``filters``, ``filter_keywords`` and ``filter_statuses``: each belongs to an account (S45)."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.filters import Filter, FilterAction, FilterContext, FilterKeyword, FilterStatus
from fedorg.errors import NotFound
from fedorg.ids import AccountId, StatusId
from fedorg.store.prepared import Prepared
from fedorg.store.tables import filter_keywords, filter_statuses, filters

_IN_FORCE: Final = Prepared(
    sa.select(filters)
    .where(
        filters.c.account_id == sa.bindparam("account_id"),
        sa.or_(filters.c.expires_at.is_(None), filters.c.expires_at > sa.bindparam("now")),
    )
    .order_by(filters.c.id)
)


def list_of_account(conn: Connection, account_id: AccountId) -> tuple[Filter, ...]:
    """Every filter of an account with all that is in it, the oldest first."""
    return _load(conn, filters.c.account_id == account_id)


def list_in_force(
    conn: Connection, account_id: AccountId, now: datetime, status_ids: Collection[StatusId]
) -> tuple[Filter, ...]:
    """Those that have not expired; of the statuses they name only those among ``status_ids``."""
    rows = _IN_FORCE.rows(conn, account_id=account_id, now=now)
    return _with_contents(conn, rows, filter_statuses.c.status_id.in_(status_ids))


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


def _load(
    conn: Connection, which: ColumnElement[bool], entries_wanted: ColumnElement[bool] | None = None
) -> tuple[Filter, ...]:
    return _with_contents(
        conn, conn.execute(sa.select(filters).where(which).order_by(filters.c.id)).all(), entries_wanted
    )


def _with_contents(
    conn: Connection, rows: Sequence[Any], entries_wanted: ColumnElement[bool] | None
) -> tuple[Filter, ...]:
    if not rows:
        return ()
    ids = [row.id for row in rows]
    words = _grouped(conn, filter_keywords, ids, sa.true())
    entries = _grouped(conn, filter_statuses, ids, sa.true() if entries_wanted is None else entries_wanted)
    return tuple(
        Filter(
            id=row.id,
            account_id=AccountId(row.account_id),
            title=row.title,
            contexts=tuple(FilterContext(one) for one in row.contexts),
            action=FilterAction(row.action),
            expires_at=row.expires_at,
            keywords=tuple(
                FilterKeyword(id=one.id, filter_id=row.id, keyword=one.keyword, whole_word=one.whole_word)
                for one in words[row.id]
            ),
            statuses=tuple(
                FilterStatus(id=one.id, filter_id=row.id, status_id=StatusId(one.status_id)) for one in entries[row.id]
            ),
        )
        for row in rows
    )


def _grouped(
    conn: Connection, table: sa.Table, ids: Collection[int], which: ColumnElement[bool]
) -> defaultdict[int, Sequence[sa.Row[Any]]]:
    found: defaultdict[int, Any] = defaultdict(list)
    for row in conn.execute(sa.select(table).where(table.c.filter_id.in_(ids), which).order_by(table.c.id)):
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
