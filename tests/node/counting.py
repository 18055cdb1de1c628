"""How many queries a served node makes while it answers, and how many rows it writes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """Every statement that this process sends to any database; let no job run meanwhile.

    Which networks are kept out is asked twice a second at most, whatever else is asked, and not counted.
    """
    made: list[str] = []

    def on_execute(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM ip_blocks" not in statement:
            made.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", on_execute)
    try:
        yield made
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", on_execute)


@contextmanager
def counted_writes(beginning: str) -> Iterator[Counter[str]]:
    """How many rows each statement wrote that begins so, whichever database of this process it went to."""
    written: Counter[str] = Counter()

    def on_executed(_conn: object, cursor: Any, statement: str, *_rest: object) -> None:  # noqa: ANN401 - a driver's
        if statement.startswith(beginning):
            written[statement] += cursor.rowcount

    sa.event.listen(sa.Engine, "after_cursor_execute", on_executed)
    try:
        yield written
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", on_executed)


@contextmanager
def counted_changes() -> Iterator[list[int]]:
    """How many rows each transaction of this process changed, whatever changed them; those that changed none, too."""
    changed: list[int] = []
    before: dict[int, int] = {}

    def on_begin(conn: sa.Connection) -> None:
        before[id(conn.connection.driver_connection)] = _changed_by(conn)

    def on_commit(conn: sa.Connection) -> None:
        changed.append(_changed_by(conn) - before[id(conn.connection.driver_connection)])

    sa.event.listen(sa.Engine, "begin", on_begin)
    sa.event.listen(sa.Engine, "commit", on_commit)
    try:
        yield changed
    finally:
        sa.event.remove(sa.Engine, "begin", on_begin)
        sa.event.remove(sa.Engine, "commit", on_commit)


def _changed_by(conn: sa.Connection) -> int:
    """How many rows a session changed until now; on PostgreSQL since it last told its numbers, which is between two."""
    if conn.dialect.name == "sqlite":
        raw: Any = conn.connection.driver_connection
        return int(raw.total_changes)
    cursor = conn.connection.cursor()
    cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables")
    ((number,),) = cursor.fetchall()
    return int(number or 0)


def about_things(queries: list[str]) -> list[str]:
    """Those that are not about whose a token is, which is asked anew after every change of the database."""
    return [one for one in queries if "FROM tokens" not in one and one != "BEGIN"]
