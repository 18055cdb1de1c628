"""Many small questions about the same things, asked as one statement: each costs more to ask than to answer.

A ``Part`` is a question whose first column says which thing a row is about; the others come packed as one text of JSON.
``Gathered`` asks several of them at once, as one UNION ALL. What a part makes of the rows about one thing is kept until
they are other rows (``fedorg.kept``).
"""

from collections import defaultdict, namedtuple
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import zip_longest
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeEngine

from fedorg.kept import Kept
from fedorg.store.prepared import Prepared
from fedorg.store.tables.columns import EPOCH, Moment

T = TypeVar("T")

_Texts: TypeAlias = tuple[str, ...]

_BYTES_MAX: Final = 1024 * 1024
_EACH_BYTES: Final = 1024
# Engines bound the number of parameters of a statement.
_PIECE: Final = 500
_NOTHING: Final = (0,)
_NO_LISTS: Final[Mapping[str, Collection[int]]] = {}


class _Packed(GenericFunction[str]):
    """Columns as one text: a JSON array."""

    name = "fedorg_packed"
    type: TypeEngine[str] = sa.Text()
    inherit_cache = True


@compiles(_Packed, "sqlite")
def _packed_in_sqlite(element: _Packed, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as SQLAlchemy's
    columns = (sa.func.json(one) if isinstance(one.type, sa.JSON) else one for one in element.clauses)
    return f"json_array({', '.join(compiler.process(one, **options) for one in columns)})"


@compiles(_Packed, "postgresql")
def _packed_in_postgresql(element: _Packed, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - likewise
    columns = ", ".join(compiler.process(one, **options) for one in element.clauses)
    return f"CAST(json_build_array({columns}) AS TEXT)"


class Part(Generic[T]):
    """One of the questions. ``make`` gets the records about one thing, in any order, and looks at nothing else."""

    def __init__(self, statement: sa.Select[Any], make: Callable[[list[Any]], T]) -> None:
        self._asked = statement
        self._make = make
        self._kept: Kept[_Texts, T] = Kept(self._made, bytes_max=_BYTES_MAX, each_bytes=_EACH_BYTES)

    @cached_property
    def statement(self) -> sa.Select[Any]:
        """The question: which things, and what of them."""
        which, *columns = self._asked.selected_columns
        packed = _Packed(*columns) if columns else sa.literal("")
        return self._asked.with_only_columns(which.label("which"), packed.label("packed"))

    @cached_property
    def _record(self) -> Callable[[Sequence[Any]], Any]:
        names = [column.name for column in self._columns]
        record: Any = namedtuple("Record", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - known only here
        make: Callable[[Sequence[Any]], Any] = record._make
        return make

    @cached_property
    def _converters(self) -> list[tuple[int, Callable[[Any], Any]]]:
        return [(place, one) for place, column in enumerate(self._columns) if (one := _converter(column.type))]

    @property
    def _columns(self) -> list[ColumnElement[Any]]:
        return [*self._asked.selected_columns][1:]

    def value(self, which: int, texts: _Texts) -> T:
        """What the rows with these texts say about a thing."""
        return self._kept.of(which, texts)

    def _made(self, texts: _Texts) -> T:
        return self._make([self._unpacked(text) for text in texts])

    def _unpacked(self, text: str) -> Any:  # noqa: ANN401 - a named tuple
        values = msgspec.json.decode(text, type=list[Any])
        for place, convert in self._converters:
            if values[place] is not None:
                values[place] = convert(values[place])
        return self._record(values)


class Answers:
    """What was said about each thing; several answers to the same questions may be added up."""

    def __init__(self) -> None:
        self._texts: defaultdict[Part[Any], dict[int, _Texts]] = defaultdict(dict)

    def add(self, part: Part[Any], which: int, texts: _Texts) -> None:
        """Take up what a part said about one thing."""
        self._texts[part][which] = texts

    def about(self, part: Part[T]) -> dict[int, T]:
        """What a part says about each thing that it says something about."""
        return {which: part.value(which, texts) for which, texts in self._texts[part].items()}

    def of(self, part: Part[Any]) -> frozenset[int]:
        """The things that a part says something about."""
        return frozenset(self._texts[part])


class Gathered:
    """Parts that are asked together. Made once, used by every thread."""

    def __init__(self, *parts: Part[Any]) -> None:
        self._parts = parts

    @cached_property
    def _statement(self) -> Prepared:
        numbered = (
            one.statement.add_columns(sa.literal_column(str(number), sa.Integer).label("part"))
            for number, one in enumerate(self._parts)
        )
        return Prepared(sa.union_all(*numbered))

    def ask(
        self,
        conn: Connection,
        answers: Answers,
        /,
        *,
        lists: Mapping[str, Collection[int]] = _NO_LISTS,
        **values: Any,  # noqa: ANN401 - as SQLAlchemy takes them
    ) -> None:
        """Add to ``answers``. ``lists`` are asked about in pieces, each of which brings rows of its own."""
        for pieces in (
            [()] if not lists else zip_longest(*(_pieces([*items]) for items in lists.values()), fillvalue=_NOTHING)
        ):
            found: dict[tuple[int, int], _Texts] = {}
            asked = dict(zip(lists, pieces, strict=True))
            for which, packed, number in self._statement.raw(conn, **asked, **values):
                about = (number, which)
                found[about] = (*found[about], packed) if about in found else (packed,)
            for (number, which), texts in found.items():
                answers.add(self._parts[number], which, texts)


def _pieces(items: Sequence[int]) -> Iterator[Sequence[int]]:
    return (items[start : start + _PIECE] for start in range(0, len(items), _PIECE))


def _converter(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What makes a value of a column of what JSON makes of it; None when that is the value."""
    if isinstance(kind, Moment):
        return _moment
    return bool if isinstance(kind, sa.Boolean) else None


def _moment(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)
