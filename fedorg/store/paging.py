"""Keyset pages, in Mastodon's exact meaning (``PageQuery``): newest first, whatever the direction of the search."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.statuses import PageQuery


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
