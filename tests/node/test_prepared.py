"""Statements compiled once say what SQLAlchemy says, on each engine and for lists of any length."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.store.engine import Database
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import polls, statuses

_MOMENT = datetime(2026, 5, 1, 12, 0, 0, 5000, tzinfo=UTC)
_FIXED = ("public", "unlisted")


async def test_values_and_columns_are_converted_by_their_types(database: Database) -> None:
    """Moments, booleans, JSON, None and fixed lists pass as in any statement; columns keep names that tuples use."""
    asked = Prepared(
        sa.select(
            sa.bindparam("moment", type_=statuses.c.created_at.type).label("count"),
            sa.bindparam("flag", type_=sa.Boolean).label("flag"),
            sa.bindparam("tallies", type_=polls.c.tallies.type).label("tallies"),
            sa.bindparam("absent", type_=sa.BigInteger).label("absent"),
        ).where(sa.literal("public").in_(_FIXED))
    )

    (row,) = await database.read(lambda conn: asked.rows(conn, moment=_MOMENT, flag=True, tallies=[1, 2], absent=None))

    assert (row.count, row.flag, row.tallies, row.absent) == (_MOMENT, True, [1, 2], None)


async def test_lists_of_any_length_find_what_they_name_once(database: Database) -> None:
    """A list is filled up to a length that is used often, and used twice; each item still counts once."""
    numbers = sa.union_all(*(sa.select(sa.literal(one).label("number")) for one in range(50))).subquery()
    number = numbers.c.number
    asked = Prepared(sa.select(number).where(number.in_(many("ids")), number.in_(many("others"))).order_by(number))

    def unit(conn: Connection) -> list[list[int]]:
        lengths = (1, 2, 3, 13, 31, 50, 1001)
        return [[row[0] for row in asked.rows(conn, ids=range(one), others=range(one))] for one in lengths]

    assert await database.read(unit) == [list(range(min(one, 50))) for one in (1, 2, 3, 13, 31, 50, 1001)]


async def test_no_item_of_a_list_stands_for_a_fixed_value(database: Database) -> None:
    """A list may bear the name of a column that is compared with fixed values."""
    numbers = sa.union_all(*(sa.select(sa.literal(one).label("number")) for one in range(5))).subquery()
    number = numbers.c.number
    fixed = (number != 1, number != 4)
    asked = Prepared(sa.select(number).where(number.in_(many("number")), *fixed).order_by(number))

    def unit(conn: Connection) -> list[list[int]]:
        return [[row[0] for row in asked.rows(conn, number=given)] for given in ([1, 2], [2, 3], [4, 3, 1])]

    assert await database.read(unit) == [[2], [2, 3], [3]]
