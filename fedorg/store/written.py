"""Statements that change rows, compiled once: the like of ``store.prepared``, for what every post and activity writes.

A ``Written`` holds one INSERT, UPDATE or DELETE. What it is told comes as rows: mappings from names of columns (of an
INSERT) or of parameters to values, which are converted by their types as anywhere else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Delete, Dialect, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler

from fedorg.store import driver

Row: TypeAlias = Mapping[str, Any]
_Convert: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Text:
    """The statement as a driver takes it; ``fixed`` are values of its own, ``order`` is None where names are bound."""

    sql: str
    order: tuple[str, ...] | None
    fixed: Mapping[str, Any]
    converters: Mapping[str, _Convert]

    def bound(self, row: Row) -> Any:  # noqa: ANN401 - a tuple or a mapping
        values = {**self.fixed, **row}
        for name, convert in self.converters.items():
            values[name] = convert(values[name])
        return values if self.order is None else tuple([values[name] for name in self.order])


class Written:
    """One statement. Made once, used by every thread."""

    def __init__(self, statement: Insert | Update | Delete) -> None:
        # Whoever wants to be told says so: engines would return the numbers that they give.
        self._statement = statement.inline() if isinstance(statement, Insert) else statement
        self._texts: dict[tuple[str, tuple[str, ...]], _Text] = {}

    def run(self, conn: Connection, *rows: Row) -> int:
        """Run it for each of the rows, of which there is one at least and which are alike; how many it wrote."""
        text = self._text_for(conn, rows[0])
        return driver.run(conn, text.sql, *(text.bound(row) for row in rows))

    def told(self, conn: Connection, row: Row) -> list[Any]:
        """Run it for one row; the first column of what it returns."""
        text = self._text_for(conn, row)
        return [one[0] for one in driver.fetch(conn, text.sql, text.bound(row))[0]]

    def _text_for(self, conn: Connection, row: Row) -> _Text:
        names = tuple(row)
        text = self._texts.get((conn.dialect.name, names))
        if text is None:
            text = self._texts[conn.dialect.name, names] = _text(self._statement, conn.dialect, names)
        return text


def _text(statement: Insert | Update | Delete, dialect: Dialect, names: Sequence[str]) -> _Text:
    columns = list(names) if isinstance(statement, Insert) else None
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    assert isinstance(compiled, SQLCompiler)
    converters = {}
    for name, bind in compiled.binds.items():
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            converters[name] = convert
    return _Text(
        sql=compiled.string,
        order=None if compiled.positiontup is None else tuple(compiled.positiontup),
        fixed={name: value for name, value in compiled.params.items() if name not in names},
        converters=converters,
    )
