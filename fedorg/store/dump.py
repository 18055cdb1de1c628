"""All rows of a database as lines, and back: in one form for both engines, so that a node can change its engine too.

What is written is one snapshot, taken while the node goes on; what is loaded becomes visible all at once. A dump is
loaded into the schema of its own revision, by the names and kinds of columns that it carries itself; later revisions
are applied afterwards. Indexes of words are made anew by the triggers that keep them.
"""

import base64
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from fedorg import errors, log
from fedorg.store import migrate
from fedorg.store.engine import parse_url
from fedorg.store.tables import Moment, metadata

logger = log.get_logger()

P = ParamSpec("P")
T = TypeVar("T")

Kind: TypeAlias = str
"""``integer``, ``text``, ``boolean``, ``json``, ``number`` or ``bytes``: what a column holds, on either engine."""
Row: TypeAlias = list[Any]

ROWS_AT_A_TIME: Final = 500
_KINDS: Final[tuple[tuple[Kind, type[sa.types.TypeEngine[Any]]], ...]] = (
    # In this order: a boolean is an integer for SQLAlchemy too.
    ("boolean", sa.Boolean),
    ("integer", sa.Integer),
    ("json", sa.JSON),
    ("bytes", sa.LargeBinary),
    ("number", sa.Float),
    ("text", sa.String),
)
_TYPES: Final[dict[Kind, sa.types.TypeEngine[Any]]] = {
    "boolean": sa.Boolean(),
    "integer": sa.BigInteger(),
    "json": sa.JSON(),
    "bytes": sa.LargeBinary(),
    "number": sa.Float(),
    "text": sa.Text(),
}


class DumpRefused(errors.Invalid):
    """The dump cannot be loaded; the message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """A table as a dump has it: its name, and the names and kinds of its columns in the order of a row."""

    name: str
    columns: tuple[tuple[str, Kind], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A database at one moment."""

    _conn: Connection
    revision: str

    def count(self) -> dict[str, int]:
        """How many rows each table has."""
        return {
            str(table.name): self._conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }

    def read(self, unit: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``unit`` finds at that moment."""
        return unit(self._conn, *args, **kwargs)

    def shapes(self) -> list[TableShape]:
        """All tables, those that others refer to before them."""
        return [
            TableShape(
                name=str(table.name), columns=tuple((str(column.name), _kind_of(column)) for column in table.columns)
            )
            for table in metadata.sorted_tables
        ]

    def rows(self, shape: TableShape) -> Iterator[Row]:
        """The rows of a table, values in the form that goes into a line of JSON."""
        binary = [index for index, (_, kind) in enumerate(shape.columns) if kind == "bytes"]
        options = {"stream_results": True, "yield_per": ROWS_AT_A_TIME}
        for row in self._conn.execution_options(**options).execute(sa.select(*_plain(shape).columns)):
            values = list(row)
            for index in binary:
                values[index] = None if values[index] is None else base64.b64encode(values[index]).decode()
            yield values


@contextlib.contextmanager
def snapshot(url: str) -> Iterator[Snapshot]:
    """The database at ``url`` as it is now; ``DumpRefused`` unless its schema is that of this version."""
    with migrate.connect(parse_url(url), "BEGIN") as conn, conn.begin():
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        state = migrate.state_of(conn)
        if not state.is_current:
            raise DumpRefused(state.explain())
        yield Snapshot(conn, state.head)


@dataclass(frozen=True, slots=True)
class Loading:
    """An empty database that is being filled; nobody sees anything of it before the end."""

    _conn: Connection

    def load(self, shape: TableShape, rows: Iterable[Row]) -> None:
        """Write rows of a table, some of them or all."""
        with _unfit(f"There is no table {shape.name} at this revision."):
            known = {column["name"] for column in sa.inspect(self._conn).get_columns(shape.name)}
        if missing := [name for name, _ in shape.columns if name not in known]:
            raise DumpRefused(f"The table {shape.name} has no column {missing[0]} at this revision.")
        statement = sa.insert(_plain(shape))
        names = [name for name, _ in shape.columns]
        binary = {name for name, kind in shape.columns if kind == "bytes"}
        for chunk in _chunks(rows):
            with _unfit(f"The backup holds a row of {shape.name} that does not fit."):
                values = [dict(zip(names, row, strict=True)) for row in chunk]
                for name in binary:
                    for value in values:
                        value[name] = None if value[name] is None else base64.b64decode(value[name])
                self._conn.execute(statement, values)


@contextlib.contextmanager
def loading(url: str, revision: str) -> Iterator[Loading]:
    """Fill the empty database at ``url``, which is at ``revision``; all of it is there when this ends, or nothing.

    Rows that refer to what is not there, as an administrator leaves who deletes some with SQLite's own tool, go the way
    they would have gone with it. Raises ``DumpRefused`` for a database that is used already.
    """
    with migrate.connect(parse_url(url), "BEGIN EXCLUSIVE") as conn, conn.begin():
        state = migrate.state_of(conn)
        if state.current != revision:
            raise DumpRefused(f"The database is at revision {state.current}, and the backup at {revision}.")
        if used := _first_used(conn):
            raise DumpRefused(f"The database is not empty: there are rows in {used}. Give an empty one.")
        endings = _endings_of_the_lost(conn)
        references = _let_go_of_references(conn)
        yield Loading(conn)
        _end_the_lost(conn, endings)
        with _unfit("A row of the backup refers to one that is not in it."):
            _take_references_back(conn, references)
        _count_on(conn)
        _look_over(conn)


@contextlib.contextmanager
def _unfit(sentence: str) -> Iterator[None]:
    """Refuse with ``sentence`` what rows cannot hold; that the database itself fails is no fault of the dump."""
    try:
        yield
    except OperationalError:
        raise
    except (ValueError, TypeError, OverflowError, SQLAlchemyError) as problem:
        raise DumpRefused(sentence) from problem


def _first_used(conn: Connection) -> str | None:
    for name in sorted(set(sa.inspect(conn).get_table_names()) & set(metadata.tables)):
        if conn.execute(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)).first() is not None:
            return name
    return None


def _endings_of_the_lost(conn: Connection) -> dict[str, sa.Delete | sa.Update]:
    """For each reference what becomes of rows that refer to nothing: what its ``ON DELETE`` says."""
    endings: dict[str, sa.Delete | sa.Update] = {}
    for (_, name), references in sa.inspect(conn).get_multi_foreign_keys().items():
        for reference in references:
            ours, theirs = reference["constrained_columns"], reference["referred_columns"]
            table = sa.table(name, *map(sa.column, ours))
            other = sa.table(reference["referred_table"], *map(sa.column, theirs)).alias("other")
            pairs = [(table.c[own], other.c[key]) for own, key in zip(ours, theirs, strict=True)]
            is_there = sa.exists().where(*(own == key for own, key in pairs))
            is_lost = sa.and_(*(own.is_not(None) for own, _ in pairs), ~is_there)
            keeps = reference.get("options", {}).get("ondelete") == "SET NULL"
            ending = sa.update(table).values(dict.fromkeys(ours)) if keeps else sa.delete(table)
            endings[f"{name}.{','.join(ours)}"] = ending.where(is_lost)
    return endings


def _end_the_lost(conn: Connection, endings: Mapping[str, sa.Delete | sa.Update]) -> None:
    """Until none is left: with one that goes, others may lose what they refer to."""
    if conn.dialect.name == "sqlite" and conn.exec_driver_sql("PRAGMA foreign_key_check").first() is None:
        return
    ended = True
    while ended:
        ended = False
        for reference, ending in endings.items():
            if rows := conn.execute(ending).rowcount:
                logger.warning("restore.rows_without_what_they_refer_to", reference=reference, rows=rows)
                ended = True


def _let_go_of_references(conn: Connection) -> list[tuple[str, str, str]]:
    """Rows come table by table, and some refer to later ones: PostgreSQL checks references at the end alone."""
    if conn.dialect.name != "postgresql":
        return []
    found = conn.exec_driver_sql(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
    ).all()
    references = [(str(table), str(name), str(definition)) for table, name, definition in found]
    for table, name, _ in references:
        conn.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    return references


def _take_references_back(conn: Connection, references: Sequence[tuple[str, str, str]]) -> None:
    for table, name, definition in references:
        conn.exec_driver_sql(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    if conn.dialect.name == "sqlite" and (broken := conn.exec_driver_sql("PRAGMA foreign_key_check").first()):
        raise DumpRefused(f"A row of {broken[0]} refers to a row of {broken[2]} that is not in the backup.")


def _count_on(conn: Connection) -> None:
    """Let numbers that PostgreSQL gives begin after those that came with the rows; SQLite looks at the rows itself."""
    if conn.dialect.name != "postgresql":
        return
    numbered = conn.exec_driver_sql(
        "SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name) AS numbers "
        "FROM information_schema.columns WHERE table_schema = current_schema()"
    ).all()
    for table, column, numbers in numbered:
        if numbers is not None:
            newest = sa.select(sa.func.max(sa.column(column))).select_from(sa.table(table)).scalar_subquery()
            conn.execute(sa.select(sa.func.setval(numbers, newest)))


def _look_over(conn: Connection) -> None:
    """PostgreSQL plans by what it knows of the rows, and would find out by itself only after a minute or more."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("ANALYZE")


def _kind_of(column: sa.Column[Any]) -> Kind:
    if isinstance(column.type, Moment):
        return "integer"
    return next(kind for kind, type_ in _KINDS if isinstance(column.type, type_))


def _plain(shape: TableShape) -> sa.TableClause:
    """The table with plain types, and no defaults or rules of this version."""
    try:
        columns = [sa.column(name, _TYPES[kind]) for name, kind in shape.columns]
    except KeyError as problem:
        raise DumpRefused(f"The backup has a column of the unknown kind {problem}.") from problem
    return sa.table(shape.name, *columns)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == ROWS_AT_A_TIME:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
