"""Statements that are compiled once: to build, key and compile one anew costs many times what it takes to run it.

A ``Prepared`` holds one statement with named parameters (``sa.bindparam``), of which those made by ``many`` take lists.
It keeps the statement's text for each engine and each length of its lists, and hands it to the driver; parameters and
columns are converted by their types as anywhere else. What every page, post and activity asks is asked this way.
"""

from collections import namedtuple
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy import BindParameter, Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from fedorg.store import driver

_Convert: TypeAlias = Callable[[Any], Any]

# Lists are filled up to one of these lengths, so that there are few texts of one statement; longer ones to thousands.
_LENGTHS: Final = (1, 2, 4, 8, 12, 20, 30, 40, 60, 80, 120, 160, 250, 500, 1000)


def many(name: str) -> BindParameter[Any]:
    """A parameter that takes a list, for the right side of ``in_``."""
    return sa.bindparam(name, expanding=True)


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement as a driver takes it, and what its parameters are.

    By position: each part of ``places`` is the name of a parameter, or a tuple with a fixed value. By name:
    ``places`` is None, ``fixed`` holds the fixed values and ``names`` those of the items of each list.
    """

    sql: str
    places: tuple[str | tuple[Any], ...] | None
    fixed: Mapping[str, Any]
    names: Mapping[str, Sequence[str]]


class Prepared:
    """One statement; ``rows`` runs it. Made once, used by every thread."""

    def __init__(self, statement: sa.Select[Any] | sa.CompoundSelect[Any]) -> None:
        self._statement = statement
        self._texts: dict[tuple[str, int], _Text] = {}
        self._converters: dict[str, dict[str, _Convert]] = {}
        self._columns: dict[str, list[tuple[int, _Convert]]] = {}

    # Found out when it is first run: a start makes hundreds of statements and runs few.

    @cached_property
    def _record(self) -> _Convert:
        names = [column.name for column in self._statement.selected_columns]
        record: Any = namedtuple("Record", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - known only here
        make: _Convert = record._make
        return make

    @cached_property
    def _lists(self) -> frozenset[str]:
        """Those that are given; lists that are fixed have names that nobody could give."""
        return frozenset(
            bind.key
            for bind in sa.sql.visitors.iterate(self._statement)
            if isinstance(bind, BindParameter) and bind.expanding and bind.key.isidentifier()
        )

    def rows(self, conn: Connection, /, **values: Any) -> list[Any]:  # noqa: ANN401 - as SQLAlchemy takes them
        """The rows for these values of the parameters, as named tuples; of its lists one at least is not empty."""
        found = self.raw(conn, **values)
        columns = self._columns[conn.dialect.name]
        if columns:
            found = [_converted(row, columns) for row in found]
        return list(map(self._record, found))

    def raw(self, conn: Connection, /, **values: Any) -> list[Any]:  # noqa: ANN401 - likewise
        """The same rows, as the driver gives them."""
        length = 0
        if self._lists:
            length = _filled_length(max(len(values[name]) for name in self._lists))
            for name in self._lists:
                values[name] = _filled(values[name], length)
        text = self._texts.get((conn.dialect.name, length)) or self._text(conn.dialect, values, length)
        for name, convert in self._converters[conn.dialect.name].items():
            values[name] = convert(values[name])
        found, description = driver.fetch(conn, text.sql, self._bound(text, values))
        if conn.dialect.name not in self._columns:
            kinds = [column.type for column in self._statement.selected_columns]
            self._columns[conn.dialect.name] = _columns(kinds, description or (), conn.dialect)
        return found

    def _bound(self, text: _Text, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a tuple or a mapping
        if text.places is None:
            bound = dict(text.fixed)
            for name, value in values.items():
                if name in self._lists:
                    bound.update(zip(text.names[name], value, strict=True))
                else:
                    bound[name] = value
            return bound
        placed: list[Any] = []
        for place in text.places:
            if isinstance(place, tuple):
                placed += place
            elif place in self._lists:
                placed += values[place]
            else:
                placed.append(values[place])
        return tuple(placed)

    def _text(self, dialect: Dialect, values: Mapping[str, Any], length: int) -> _Text:
        compiled = self._statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        state = compiled.construct_expanded_state(dict(values))
        names = {name: items for name, items in state.parameter_expansion.items() if name in self._lists}
        # The items of a list follow the first of them.
        items = {
            item: name if place == 0 else None
            for name, expanded in names.items()
            for place, item in enumerate(expanded)
        }
        fixed = {
            name: _bind(compiled.binds[name].type, dialect)(value) if name in compiled.binds else value
            for name, value in state.parameters.items()
            if name not in values and name not in items
        }
        self._converters[dialect.name] = {
            name: convert
            for name in values.keys() - self._lists
            if (convert := compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        text = _Text(
            sql=state.statement,
            places=None if state.positiontup is None else tuple(_places(state.positiontup, items, fixed)),
            fixed=fixed,
            names=names,
        )
        self._texts[dialect.name, length] = text
        return text


def _places(
    positions: Sequence[str], items: Mapping[str, str | None], fixed: Mapping[str, Any]
) -> list[str | tuple[Any]]:
    places: list[str | tuple[Any]] = []
    for name in positions:
        if name in fixed:
            places.append((fixed[name],))
        elif (place := items.get(name, name)) is not None:
            places.append(place)
    return places


def _filled_length(length: int) -> int:
    return next((one for one in _LENGTHS if one >= length), -(-length // 1000) * 1000)


def _filled(items: Collection[Any], length: int) -> list[Any]:
    """The list, with its last item repeated up to a length: to be in it twice is to be in it."""
    found = list(items)
    return found + (found[-1:] or [None]) * (length - len(found))


def _bind(kind: TypeEngine[Any], dialect: Dialect) -> _Convert:
    return kind.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value)


def _columns(
    kinds: Sequence[TypeEngine[Any]], description: Sequence[Sequence[Any]], dialect: Dialect
) -> list[tuple[int, _Convert]]:
    """How values of these kinds are converted, by position; the driver says how they come."""
    converters = (
        kind.dialect_impl(dialect).result_processor(dialect, described[1])
        for kind, described in zip(kinds, description, strict=True)
    )
    return [(position, convert) for position, convert in enumerate(converters) if convert is not None]


def _converted(row: Sequence[Any], columns: Sequence[tuple[int, _Convert]]) -> list[Any]:
    values = list(row)
    for position, convert in columns:
        values[position] = convert(values[position])
    return values
