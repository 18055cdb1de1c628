"""Keyset pages, in Mastodon's exact meaning (``PageQuery``): newest first, whatever the direction of the search."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.statuses import PageQuery
from fedorg.store.prepared import Prepared

# Older than this is every id that a column can hold.
_HIGHEST: Final = (1 << 63) - 1


class PreparedPage:
    """Pages of one statement, or of several as one, by a column that is unique in all of it; compiled once."""

    def __init__(self, statement: sa.Select[Any], column: ColumnElement[Any], *more: sa.Select[Any]) -> None:
        limit = sa.bindparam("page_limit", type_=sa.Integer)
        is_older, is_newer = column < sa.bindparam("page_older"), column > sa.bindparam("page_newer")
        older = [one.where(is_older) for one in (statement, *more)]
        between = [one.where(is_newer) for one in older]
        self._newest = Prepared(_in_order(older, column, limit))
        self._since = Prepared(_in_order(between, column, limit))
        self._after = Prepared(_in_order(between, column, limit, is_forwards=True))

    def rows(self, conn: Connection, page: PageQuery, /, **values: Any) -> list[Any]:  # noqa: ANN401 - as ``Prepared``
        """The rows of a page, newest first."""
        values |= {"page_limit": page.limit, "page_older": _HIGHEST if page.max_id is None else page.max_id}
        if page.min_id is not None:
            return self._after.rows(conn, **values, page_newer=page.min_id)[::-1]
        if page.since_id is not None:
            return self._since.rows(conn, **values, page_newer=page.since_id)
        return self._newest.rows(conn, **values)

    def ids(self, conn: Connection, page: PageQuery, /, **values: Any) -> list[int]:  # noqa: ANN401 - likewise
        """What the first column holds in them."""
        return [row[0] for row in self.rows(conn, page, **values)]


def rows_of(
    conn: Connection, statement: sa.Select[Any], column: ColumnElement[Any], page: PageQuery, *more: sa.Select[Any]
) -> list[sa.Row[Any]]:
    """The page of one statement, or of several as one, by a column that is unique in all of it; newest first."""
    bounds = []
    if page.max_id is not None:
        bounds.append(column < page.max_id)
    if page.min_id is not None:
        bounds.append(column > page.min_id)
    elif page.since_id is not None:
        bounds.append(column > page.since_id)
    is_forwards = page.min_id is not None
    bounded = [one.where(*bounds) for one in (statement, *more)]
    found = conn.execute(_in_order(bounded, column, page.limit, is_forwards=is_forwards)).all()
    return [*(reversed(found) if is_forwards else found)]


def count(conn: Connection, limit: int, statement: sa.Select[Any], *more: sa.Select[Any]) -> int:
    """How many rows statements of alike columns give together, counted no further than ``limit``."""
    some = [sa.select(one.limit(limit).subquery()) for one in (statement, *more)]
    found = sa.select(sa.union_all(*some).subquery()).limit(limit).subquery()
    return conn.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()


def _in_order(
    statements: Sequence[sa.Select[Any]],
    column: ColumnElement[Any],
    limit: int | ColumnElement[int],
    *,
    is_forwards: bool = False,
) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    """The first rows of all statements together; of each no more are read than that."""

    def first(statement: sa.Select[Any], by: ColumnElement[Any]) -> sa.Select[Any]:
        return statement.order_by(by.asc() if is_forwards else by.desc()).limit(limit)

    if len(statements) == 1:
        return first(statements[0], column)
    parts = [sa.select(first(one, column).subquery()) for one in statements]
    everything = sa.union_all(*parts).subquery()
    return first(sa.select(everything), everything.c[str(column.key)])
