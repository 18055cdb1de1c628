"""The end of an account: everything of it goes, and the counts of others stay true.

All at once for one that hardly began (``remove_account``), else in steps: statuses by whoever calls, then ``purge``
until it finds nothing, then the row. ``purge`` walks every table that refers to accounts, so that a new one is never
forgotten.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.ids import AccountId, StatusId
from fedorg.store import names, tables
from fedorg.store.stale import Stale
from fedorg.store.tables import (
    account_keys,
    accounts,
    activities,
    deliveries,
    favourites,
    follows,
    metadata,
    quotes,
    statuses,
    tombstones,
    users,
)
from fedorg.store.upsert import insert_from_ignore

_THIS: Final = sa.bindparam("this", type_=sa.BigInteger)
_ACCEPTED: Final = follows.c.state == "accepted"
# What an account did that others count: the count, what it is counted at, and the rows that are counted.
_COUNTED: Final[tuple[tuple[sa.Column[int], sa.Column[int], sa.ColumnElement[bool]], ...]] = (
    (accounts.c.followers_count, follows.c.target_id, sa.and_(follows.c.account_id == _THIS, _ACCEPTED)),
    (accounts.c.following_count, follows.c.account_id, sa.and_(follows.c.target_id == _THIS, _ACCEPTED)),
    (statuses.c.favourites_count, favourites.c.status_id, favourites.c.account_id == _THIS),
    (
        statuses.c.quotes_count,
        quotes.c.quoted_status_id,
        sa.and_(quotes.c.account_id == _THIS, quotes.c.state == "accepted"),
    ),
)
_STATUS_COUNTED: Final = ((statuses.c.reblogs_count, "reblog_of_id"), (statuses.c.replies_count, "in_reply_to_id"))

# Statuses and files go by themselves before; keys and activities serve the farewell; what was reported stays said.
_KEPT: Final = frozenset({"statuses", "media_attachments", "account_keys", "activities", "reports"})
_BELONGING: Final = tuple(
    column
    for table in metadata.sorted_tables
    if table.name not in _KEPT
    for column in table.columns
    if any(key.column.table is accounts and key.ondelete == "CASCADE" for key in column.foreign_keys)
)


def remove_account(conn: Connection, account_id: AccountId, now: datetime) -> None:
    """Delete an account with all that belongs to it; its statuses leave tombstones, so that none comes back late."""
    for count, where_counted, rows in _COUNTED:
        _decrease(conn, account_id, count, where_counted, rows)
    own = statuses.alias("own")
    for count, name in _STATUS_COUNTED:
        _decrease(conn, account_id, count, own.c[name], own.c.account_id == _THIS)
    buried = sa.select(statuses.c.uri, sa.literal(now, tables.Moment)).where(statuses.c.account_id == account_id)
    insert_from_ignore(conn, tombstones, ("uri", "deleted_at"), buried)
    delete_row(conn, account_id)


def remove_unconfirmed(conn: Connection, before: datetime, limit: int) -> int:
    """Remove up to ``limit`` people who registered before a moment and never confirmed their address."""
    return _remove_users(conn, sa.and_(users.c.confirmed_at.is_(None), users.c.created_at < before), before, limit)


def remove_unanswered(conn: Connection, before: datetime, limit: int) -> int:
    """Remove up to ``limit`` people who registered before a moment and were never let in, or turned away."""
    return _remove_users(conn, sa.and_(users.c.approved_at.is_(None), users.c.created_at < before), before, limit)


def list_status_ids(conn: Connection, account_id: AccountId, limit: int) -> list[StatusId]:
    """Up to ``limit`` statuses and boosts of an account, the newest first."""
    own = sa.select(statuses.c.id).where(statuses.c.account_id == account_id, ~statuses.c.is_gone)
    return [StatusId(number) for number in conn.execute(own.order_by(statuses.c.id.desc()).limit(limit)).scalars()]


def has_statuses(conn: Connection, account_id: AccountId) -> bool:
    """Whether anything is left of statuses of an account; of those that are gone jobs of their own take it away."""
    return bool(conn.execute(sa.select(sa.exists().where(statuses.c.account_id == account_id))).scalar())


def purge(conn: Connection, account_id: AccountId, limit: int) -> int:
    """Delete up to ``limit`` rows that belong to an account without statuses; how many there were."""
    for column in _BELONGING:
        gone = _take(conn, column, account_id, limit)
        if gone:
            _discount(conn, column, gone)
            return len(gone)
    return 0


def delete_row(conn: Connection, account_id: AccountId) -> None:
    """Delete what is left of an account."""
    conn.execute(sa.delete(accounts).where(accounts.c.id == account_id))


def strip(conn: Connection, account_id: AccountId) -> None:
    """Leave nothing of an account but its name and identity, and how it stands."""
    conn.execute(
        sa.update(accounts)
        .where(accounts.c.id == account_id)
        .values(
            display_name="",
            note="",
            note_source="",
            fields=[],
            emojis=[],
            avatar=None,
            avatar_static=None,
            avatar_description="",
            header=None,
            header_description="",
            also_known_as=[],
            attribution_domains=[],
            moved_to_uri=None,
            fetched_at=None,
            last_status_at=None,
            followers_count=0,
            following_count=0,
            statuses_count=0,
        )
    )
    names.keep_handle(conn, account_id)


def withdraw_activities(conn: Connection, account_id: AccountId, but: str, limit: int) -> bool:
    """Forget up to ``limit`` of what an account wanted to tell others, and to whom; whether there may be more.

    Only the activity ``but`` stays. What is under way is not called back.
    """
    own = activities.c.account_id == account_id, activities.c.uri != but
    some = conn.execute(sa.select(activities.c.id).where(*own).limit(limit)).scalars().all()
    waiting = sa.select(deliveries.c.id).where(deliveries.c.activity_id.in_(some)).limit(limit)
    if conn.execute(sa.delete(deliveries).where(deliveries.c.id.in_(waiting))).rowcount == limit:
        return True
    conn.execute(sa.delete(activities).where(activities.c.id.in_(some)))
    return len(some) == limit


KEYS_OF_DEPARTED: Final = Stale(
    account_keys.c.uri,
    lambda before: account_keys.c.account_id.in_(
        # Whoever left is suspended, and of those there is an index.
        sa.select(accounts.c.id).where(
            accounts.c.deleted_at < before, accounts.c.suspended_at.is_not(None), accounts.c.domain.is_(None)
        )
    ),
)
"""Keys of local accounts that left before a moment: nothing is signed with them any more."""


def _remove_users(conn: Connection, which: sa.ColumnElement[bool], now: datetime, limit: int) -> int:
    # Whoever is confirming, or let in, at this moment is not among them.
    waiting = sa.select(users.c.account_id).where(which).limit(limit).with_for_update(skip_locked=True)
    found = conn.execute(waiting).scalars().all()
    for account_id in found:
        remove_account(conn, AccountId(account_id), now)
    return len(found)


def _take(conn: Connection, column: sa.Column[Any], account_id: AccountId, limit: int) -> list[sa.Row[Any]]:
    table = column.table
    key = [table.c[one.name] for one in table.primary_key]
    some = sa.select(*key).where(column == account_id).limit(limit)
    which = key[0].in_(some) if len(key) == 1 else sa.tuple_(*key).in_(some)
    statement = (
        sa.delete(table).where(which).returning(*(table.c[name] for name in _NEEDED.get(table.name, (key[0].name,))))
    )
    return list(conn.execute(statement))


_NEEDED: Final = {"follows": ("account_id", "target_id", "state"), "favourites": ("status_id",)}


def _discount(conn: Connection, column: sa.Column[Any], gone: Collection[sa.Row[Any]]) -> None:
    if column is favourites.c.account_id:
        _decrease_each(conn, statuses.c.favourites_count, [row.status_id for row in gone])
    elif column is follows.c.account_id:
        _decrease_each(conn, accounts.c.followers_count, [row.target_id for row in gone if row.state == "accepted"])
    elif column is follows.c.target_id:
        _decrease_each(conn, accounts.c.following_count, [row.account_id for row in gone if row.state == "accepted"])


def _decrease_each(conn: Connection, count: sa.Column[int], ids: Collection[int]) -> None:
    table = count.table
    assert isinstance(table, sa.Table)
    left = sa.case((count > 1, count - 1), else_=0)
    conn.execute(sa.update(table).where(table.c.id.in_(sorted(ids))).values({count: left}))


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
