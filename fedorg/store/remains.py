"""What refers to statuses that go: tens of thousands of rows may, so that they are counted and taken up to a bound.

Every table that refers to statuses is walked, so that a new one is never forgotten; and what refers to rows of those,
as votes do to a poll. What there is but one of for each status is left to go with it. Boosts are statuses themselves,
and left to whoever asks.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Connection, Table

from fedorg.ids import StatusId
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import metadata, statuses

TOGETHER: Final = 500
"""So many rows that refer to statuses go in one transaction."""
_IDS: Final = "ids"


@dataclass(frozen=True, slots=True)
class _Tie:
    """Rows of ``table`` that refer to statuses; of those that stay, ``forgets`` is the column that does."""

    table: Table
    which: ColumnElement[bool]
    forgets: Column[Any] | None = None


def count(conn: Connection, ids: Collection[StatusId], limit: int) -> int:
    """How many rows refer to statuses, those of each table counted no further than ``limit``."""
    return sum(_counts(conn, ids, limit).values())


def take(conn: Connection, ids: Collection[StatusId], limit: int) -> int:
    """Delete, or part from the statuses, up to ``limit`` rows that refer to them; how many that were."""
    left = limit
    for number, found in _counts(conn, ids, limit).items():
        if left == 0:
            break
        some = min(found, left)
        _take(conn, _ties()[number], ids, some)
        left -= some
    return limit - left


def _counts(conn: Connection, ids: Collection[StatusId], limit: int) -> dict[int, int]:
    """By the number of a tie, where there are any."""
    rows = _counting().rows(conn, ids=ids, limit=limit)
    return {row.number: row.rows for row in rows if row.rows}


@cache
def _counting() -> Prepared:
    limit = sa.bindparam("limit", type_=sa.Integer)
    some = (
        sa.select(sa.literal(1).label("one")).select_from(tie.table).where(tie.which).limit(limit) for tie in _ties()
    )
    return Prepared(
        sa.union_all(
            *(
                sa.select(sa.literal_column(str(number)).label("number"), sa.func.count().label("rows")).select_from(
                    found.subquery()
                )
                for number, found in enumerate(some)
            )
        )
    )


def _take(conn: Connection, tie: _Tie, ids: Collection[StatusId], limit: int) -> None:
    key = [tie.table.c[one.name] for one in tie.table.primary_key]
    some = sa.select(*key).where(tie.which).limit(limit)
    which = key[0].in_(some) if len(key) == 1 else sa.tuple_(*key).in_(some)
    parting = sa.delete(tie.table) if tie.forgets is None else sa.update(tie.table).values({tie.forgets: None})
    conn.execute(parting.where(which), {_IDS: list(ids)})


@cache
def _ties() -> tuple[_Tie, ...]:
    # What refers to a table comes before it.
    return tuple(tie for table in reversed(metadata.sorted_tables) for tie in _ties_of(table))


def _ties_of(table: Table) -> Iterator[_Tie]:
    for column in table.columns:
        if column is statuses.c.reblog_of_id or _is_one_of_a_kind(column):
            continue
        for key in column.foreign_keys:
            owner = key.column.table
            if owner is statuses:
                forgets = column if key.ondelete == "SET NULL" else None
                yield _Tie(table, column.in_(many(_IDS)), forgets)
            elif key.ondelete == "CASCADE" and (link := _link(owner)) is not None:
                owned = sa.select(key.column).where(link.in_(many(_IDS)))
                yield _Tie(table, column.in_(owned))
    if table is statuses:
        # It is no foreign key: what is answered may not be here.
        yield _Tie(table, statuses.c.in_reply_to_id.in_(many(_IDS)), statuses.c.in_reply_to_id)


def _is_one_of_a_kind(column: Column[Any]) -> bool:
    return bool(column.unique) or [*column.table.primary_key] == [column]


def _link(table: sa.FromClause) -> ColumnElement[Any] | None:
    """The column by which the rows of a table go with a status."""
    return next(
        (
            column
            for column in table.columns
            if any(key.column.table is statuses and key.ondelete == "CASCADE" for key in column.foreign_keys)
            and column is not statuses.c.reblog_of_id
        ),
        None,
    )
