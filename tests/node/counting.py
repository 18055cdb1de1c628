"""How many queries a served node makes while it answers."""

from collections.abc import Iterator
from contextlib import contextmanager

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


def about_things(queries: list[str]) -> list[str]:
    """Those that are not about whose a token is, which is asked anew after every change of the database."""
    return [one for one in queries if "FROM tokens" not in one and one != "BEGIN"]
