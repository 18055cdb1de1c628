"""Inserts that meet a unique key: both engines spell them alike, through two functions of SQLAlchemy's dialects.

Doing a thing twice is doing it once because of the unique keys in ``tables``; these statements lean on them instead
of asking first, so that two writers cannot both see "not there yet".
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, Table
from sqlalchemy.dialects import sqlite

from fedorg.store.written import Row, Written

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def insert_into(dialect: str, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An insert that may say what happens where it meets a unique key."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - large, and the embedded database needs none of it

    return postgresql.insert(table)


def insert_ignore(conn: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Insert the rows that no unique key forbids; how many that were. All rows have the same columns."""
    if not rows:
        return 0
    return _ignoring(conn.dialect.name, table).run(conn, *rows)


def insert_new(conn: Connection, table: Table, rows: Sequence[Row], *, returning: str) -> list[int]:
    """As ``insert_ignore``, but tells which rows are new: their column ``returning``, in no order."""
    if not rows:
        return []
    if len(rows) == 1:
        return _telling(conn.dialect.name, table, returning).told(conn, rows[0])
    statement = insert_into(conn.dialect.name, table).on_conflict_do_nothing().returning(table.c[returning])
    return list(conn.execute(statement, list(rows)).scalars())


def upsert(
    conn: Connection, table: Table, row: Row, *, key: Sequence[str], update: Sequence[str] | None = None
) -> None:
    """Insert a row, or set the columns ``update`` (default: all others) of the row that has the same ``key``."""
    names = [name for name in row if name not in key] if update is None else update
    _replacing(conn.dialect.name, table, tuple(key), tuple(names)).run(conn, row)


# SQLAlchemy keeps no compiled statement with a clause for conflicts.


@cache
def _ignoring(dialect: str, table: Table) -> Written:
    return Written(insert_into(dialect, table).on_conflict_do_nothing())


@cache
def _telling(dialect: str, table: Table, returning: str) -> Written:
    return Written(insert_into(dialect, table).on_conflict_do_nothing().returning(table.c[returning]))


@cache
def _replacing(dialect: str, table: Table, key: tuple[str, ...], names: tuple[str, ...]) -> Written:
    statement = insert_into(dialect, table)
    return Written(
        statement.on_conflict_do_update(
            index_elements=list(key), set_={name: statement.excluded[name] for name in names}
        )
    )


def insert_from_ignore(conn: Connection, table: Table, columns: Sequence[str], source: Select[Any]) -> None:
    """Insert what ``source`` selects, but for the rows that a unique key forbids."""
    conn.execute(insert_into(conn.dialect.name, table).from_select(list(columns), source).on_conflict_do_nothing())
