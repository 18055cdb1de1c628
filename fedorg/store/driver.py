"""Statements that are ready for a driver, handed to it: what ``store.prepared`` and ``store.written`` end in.

SQLAlchemy makes a context, a result and a description of its columns of each statement, which costs ten times what
SQLite takes to run it. On that engine it is left out here; who listens to ``before_cursor_execute`` of an engine is
told, and errors are SQLAlchemy's, as anywhere else. On PostgreSQL, where a statement is a way to another process, all
is SQLAlchemy's.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

Description: TypeAlias = Sequence[Sequence[Any]] | None


def fetch(conn: Connection, sql: str, parameters: Any = ()) -> tuple[list[Any], Description]:  # noqa: ANN401 - the driver's
    """The rows that a statement gives, and how the driver describes their columns."""
    if conn.dialect.name == "sqlite":
        cursor: Any = _execute(conn, sql, parameters)
        return cursor.fetchall(), cursor.description
    result = conn.exec_driver_sql(sql, parameters)
    description = result.cursor.description
    found = [*result.cursor.fetchall()]
    result.close()
    return found, description


def run(conn: Connection, sql: str, *rows: Any) -> int:  # noqa: ANN401 - likewise
    """Run a statement for each of some rows of parameters, or once without any; how many rows it wrote."""
    if conn.dialect.name == "sqlite":
        return int(_execute_many(conn, sql, rows).rowcount if len(rows) > 1 else _execute(conn, sql, *rows).rowcount)
    return conn.exec_driver_sql(sql, [*rows] if len(rows) > 1 else rows[0] if rows else None).rowcount


def require_transaction(conn: Connection) -> None:
    """Raise unless a transaction is open on SQLite, as after a unit that ended it."""
    raw: Any = conn.connection.driver_connection
    if not raw.in_transaction:
        raise _error("", sqlite3.OperationalError("no transaction is active"))


def _execute(conn: Connection, sql: str, parameters: Any = ()) -> Any:  # noqa: ANN401 - likewise
    cursor = conn.connection.cursor()
    for told in conn.engine.dispatch.before_cursor_execute:
        told(conn, cursor, sql, parameters, None, False)  # noqa: FBT003 - as SQLAlchemy tells them
    try:
        cursor.execute(sql, parameters)
    except sqlite3.Error as problem:
        raise _error(sql, problem) from problem
    return cursor


def _execute_many(conn: Connection, sql: str, rows: Sequence[Any]) -> Any:  # noqa: ANN401 - likewise
    cursor = conn.connection.cursor()
    for told in conn.engine.dispatch.before_cursor_execute:
        told(conn, cursor, sql, rows, None, True)  # noqa: FBT003 - likewise
    try:
        cursor.executemany(sql, rows)
    except sqlite3.Error as problem:
        raise _error(sql, problem) from problem
    return cursor


def _error(sql: str, problem: sqlite3.Error) -> BaseException:
    """Without the parameters, which are nobody's business in a log."""
    return DBAPIError.instance(sql, None, problem, sqlite3.Error, hide_parameters=True)
