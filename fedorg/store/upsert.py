"""Inserts that meet a unique key: both engines spell them alike, through two functions of SQLAlchemy's dialects.

Doing a thing twice is doing it once because of the unique keys in ``tables``; these statements lean on them instead
of asking first, so that two writers cannot both see "not there yet".
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Executable, Select, Table
from sqlalchemy.dialects import postgresql, sqlite

Row: TypeAlias = Mapping[str, Any]


def insert_ignore(conn: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Insert the rows that no unique key forbids; how many that were. All rows have the same columns."""
    if not rows:
        return 0
    statement = _ignoring(conn.dialect.name, table)
    return conn.execute(statement, list(rows), execution_options={"preserve_rowcount": True}).rowcount


def insert_new(conn: Connection, table: Table, rows: Sequence[Row], *, returning: str) -> list[int]:
    """As ``insert_ignore``, but tells which rows are new: their column ``returning``, in no order."""
    if not rows:
        return []
    return list(conn.execute(_telling(conn.dialect.name, table, returning), list(rows)).scalars())


def upsert(
    conn: Connection, table: Table, row: Row, *, key: Sequence[str], update: Sequence[str] | None = None
) -> None:
    """Insert a row, or set the columns ``update`` (default: all others) of the row that has the same ``key``."""
    names = [name for name in row if name not in key] if update is None else update
    conn.execute(_replacing(conn.dialect.name, table, tuple(key), tuple(names)), dict(row))


# A statement that is made anew is keyed and looked up anew as well.


@cache
def _ignoring(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def _telling(dialect: str, table: Table, returning: str) -> Executable:
    return _ignoring(dialect, table).returning(table.c[returning])


@cache
def _replacing(dialect: str, table: Table, key: tuple[str, ...], names: tuple[str, ...]) -> Executable:
    statement = _insert(dialect, table)
    return statement.on_conflict_do_update(
        index_elements=list(key), set_={name: statement.excluded[name] for name in names}
    )


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def insert_from_ignore(conn: Connection, table: Table, columns: Sequence[str], source: Select[Any]) -> None:
    """Insert what ``source`` selects, but for the rows that a unique key forbids."""
    conn.execute(_insert(conn.dialect.name, table).from_select(list(columns), source).on_conflict_do_nothing())
