"""Keyset pages, in Mastodon's exact meaning (``PageQuery``): newest first, whatever the direction of the search."""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.statuses import PageQuery
from fedorg.store.prepared import Prepared

# Older than this is every id that a column can hold.
_HIGHEST: Final = (1 << 63) - 1


class PreparedPage:
    """Pages of one statement by a column that is unique in it, compiled once."""

    def __init__(self, statement: sa.Select[Any], column: ColumnElement[Any]) -> None:
        limited = statement.limit(sa.bindparam("page_limit", type_=sa.Integer))
        is_older, is_newer = column < sa.bindparam("page_older"), column > sa.bindparam("page_newer")
        self._newest = Prepared(limited.where(is_older).order_by(column.desc()))
        self._since = Prepared(limited.where(is_older, is_newer).order_by(column.desc()))
        self._after = Prepared(limited.where(is_older, is_newer).order_by(column.asc()))

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
    conn: Connection, statement: sa.Select[Any], column: ColumnElement[Any], page: PageQuery
) -> list[sa.Row[Any]]:
    """The page of ``statement`` by ``column``, which must be unique in it; newest first."""
    if page.max_id is not None:
        statement = statement.where(column < page.max_id)
    if page.min_id is not None:
        statement = statement.where(column > page.min_id).order_by(column.asc())
        return list(reversed(conn.execute(statement.limit(page.limit)).all()))
    if page.since_id is not None:
        statement = statement.where(column > page.since_id)
    return list(conn.execute(statement.order_by(column.desc()).limit(page.limit)).all())
