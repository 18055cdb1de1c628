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


def about_things(queries: list[str]) -> list[str]:
    """Those that are not about whose a token is, which is asked anew after every change of the database."""
    return [one for one in queries if "FROM tokens" not in one and one != "BEGIN"]
