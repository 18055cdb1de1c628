"""Rows of ``favourites`` and ``bookmarks``, and who did what to a status."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.pages import Listed
from fedorg.domain.statuses import PageQuery
from fedorg.ids import AccountId, StatusId
from fedorg.store import accounts, paging, statuses
from fedorg.store.tables import bookmarks, favourites
from fedorg.store.tables import statuses as statuses_table
from fedorg.store.upsert import insert_ignore


def insert_favourite(
    conn: Connection, *, favourite_id: int, account_id: AccountId, status_id: StatusId, uri: str, now: datetime
) -> bool:
    """Add and count a favourite; False when there is one, or its identity is taken."""
    row = {"id": favourite_id, "account_id": account_id, "status_id": status_id, "uri": uri, "created_at": now}
    is_new = bool(insert_ignore(conn, favourites, [row]))
    if is_new:
        statuses.count_favourite(conn, status_id, 1)
    return is_new


def delete_favourite(conn: Connection, account_id: AccountId, status_id: StatusId) -> str | None:
    """Remove a favourite and return its identity; None when there was none."""
    uri = conn.execute(
        sa.delete(favourites)
        .where(favourites.c.account_id == account_id, favourites.c.status_id == status_id)
        .returning(favourites.c.uri)
    ).scalar_one_or_none()
    if uri is not None:
        statuses.count_favourite(conn, status_id, -1)
    return uri


def find_favourited(conn: Connection, account_id: AccountId, uri: str) -> StatusId | None:
    """The status that an account favourited by the Like of that identity."""
    return conn.execute(
        sa.select(favourites.c.status_id).where(favourites.c.uri == uri, favourites.c.account_id == account_id)
    ).scalar_one_or_none()


def insert_bookmark(
    conn: Connection, *, bookmark_id: int, account_id: AccountId, status_id: StatusId, now: datetime
) -> None:
    """Add a bookmark; there is one afterwards in any case."""
    row = {"id": bookmark_id, "account_id": account_id, "status_id": status_id, "created_at": now}
    insert_ignore(conn, bookmarks, [row])


def delete_bookmark(conn: Connection, account_id: AccountId, status_id: StatusId) -> None:
    """Remove a bookmark, if there is one."""
    conn.execute(sa.delete(bookmarks).where(bookmarks.c.account_id == account_id, bookmarks.c.status_id == status_id))


def list_favourited_by(conn: Connection, status_id: StatusId, page: PageQuery) -> list[Listed[Account]]:
    """Who favourited a status."""
    return accounts.list_page(conn, favourites.c.id, favourites.c.account_id, favourites.c.status_id == status_id, page)


def list_reblogged_by(conn: Connection, status_id: StatusId, page: PageQuery) -> list[Listed[Account]]:
    """Who boosted a status for others to see."""
    is_wanted = sa.and_(
        statuses_table.c.reblog_of_id == status_id, statuses_table.c.visibility.in_(("public", "unlisted"))
    )
    return accounts.list_page(conn, statuses_table.c.id, statuses_table.c.account_id, is_wanted, page)


def list_favourites(conn: Connection, account_id: AccountId, page: PageQuery) -> list[Listed[StatusId]]:
    """What an account favourited."""
    statement = sa.select(favourites.c.id, favourites.c.status_id).where(favourites.c.account_id == account_id)
    rows = paging.rows_of(conn, statement, favourites.c.id, page)
    return [Listed(row_id=row.id, item=StatusId(row.status_id)) for row in rows]


def list_bookmarks(conn: Connection, account_id: AccountId, page: PageQuery) -> list[Listed[StatusId]]:
    """What an account bookmarked."""
    statement = sa.select(bookmarks.c.id, bookmarks.c.status_id).where(bookmarks.c.account_id == account_id)
    rows = paging.rows_of(conn, statement, bookmarks.c.id, page)
    return [Listed(row_id=row.id, item=StatusId(row.status_id)) for row in rows]
