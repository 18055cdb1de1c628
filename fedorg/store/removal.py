"""The end of an account: everything of it goes, and the counts of others stay true."""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.ids import AccountId
from fedorg.store import tables
from fedorg.store.tables import accounts, favourites, follows, statuses, tombstones
from fedorg.store.upsert import insert_from_ignore

_THIS: Final = sa.bindparam("this", type_=sa.BigInteger)
_ACCEPTED: Final = follows.c.state == "accepted"
# What an account did that others count: the count, what it is counted at, and the rows that are counted.
_COUNTED: Final[tuple[tuple[sa.Column[int], sa.Column[int], sa.ColumnElement[bool]], ...]] = (
    (accounts.c.followers_count, follows.c.target_id, sa.and_(follows.c.account_id == _THIS, _ACCEPTED)),
    (accounts.c.following_count, follows.c.account_id, sa.and_(follows.c.target_id == _THIS, _ACCEPTED)),
    (statuses.c.favourites_count, favourites.c.status_id, favourites.c.account_id == _THIS),
)
_STATUS_COUNTED: Final = ((statuses.c.reblogs_count, "reblog_of_id"), (statuses.c.replies_count, "in_reply_to_id"))


def remove_account(conn: Connection, account_id: AccountId, now: datetime) -> None:
    """Delete an account with all that belongs to it; its statuses leave tombstones, so that none comes back late."""
    for count, where_counted, rows in _COUNTED:
        _decrease(conn, account_id, count, where_counted, rows)
    own = statuses.alias("own")
    for count, name in _STATUS_COUNTED:
        _decrease(conn, account_id, count, own.c[name], own.c.account_id == _THIS)
    buried = sa.select(statuses.c.uri, sa.literal(now, tables.Moment)).where(statuses.c.account_id == account_id)
    insert_from_ignore(conn, tombstones, ("uri", "deleted_at"), buried)
    conn.execute(sa.delete(accounts).where(accounts.c.id == account_id))


def _decrease(
    conn: Connection,
    account_id: AccountId,
    count: sa.Column[int],
    where_counted: sa.ColumnElement[Any],
    rows: sa.ColumnElement[bool],
) -> None:
    table = count.table
    assert isinstance(table, sa.Table)
    many = sa.select(sa.func.count()).where(rows, where_counted == table.c.id).correlate(table).scalar_subquery()
    left = sa.case((count > many, count - many), else_=0)
    conn.execute(
        sa.update(table)
        .where(table.c.id.in_(sa.select(where_counted).where(rows, where_counted.is_not(None))))
        .values({count: left}),
        {"this": account_id},
    )
