"""Rows of ``tag_follows``: hashtags that come to somebody's home timeline."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.pages import Listed
from fedorg.domain.statuses import PageQuery
from fedorg.ids import AccountId, IdSource, StatusId
from fedorg.store import paging
from fedorg.store.prepared import Prepared
from fedorg.store.tables import status_tags, tag_follows, tags
from fedorg.store.upsert import insert_ignore

_FOLLOWERS: Final = Prepared(
    sa.select(tag_follows.c.account_id)
    .join(status_tags, status_tags.c.tag_id == tag_follows.c.tag_id)
    .where(status_tags.c.status_id == sa.bindparam("status_id"), tag_follows.c.account_id > sa.bindparam("after"))
    .distinct()
    .order_by(tag_follows.c.account_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


def insert(conn: Connection, ids: IdSource, now: datetime, account_id: AccountId, tag_id: int) -> None:
    """Follow a hashtag; once or twice is the same."""
    row = {"id": ids.next(), "account_id": account_id, "tag_id": tag_id, "created_at": now}
    insert_ignore(conn, tag_follows, [row])


def delete(conn: Connection, account_id: AccountId, name: str) -> None:
    """Follow a hashtag, by its normalised name, no more."""
    named = sa.select(tags.c.id).where(tags.c.name == name)
    conn.execute(sa.delete(tag_follows).where(tag_follows.c.account_id == account_id, tag_follows.c.tag_id.in_(named)))


def count(conn: Connection, account_id: AccountId) -> int:
    """How many hashtags an account follows."""
    return conn.execute(sa.select(sa.func.count()).where(tag_follows.c.account_id == account_id)).scalar_one()


def list_of_account(conn: Connection, account_id: AccountId, page: PageQuery) -> list[Listed[int]]:
    """The hashtags an account follows, the latest first."""
    statement = sa.select(tag_follows.c.id, tag_follows.c.tag_id).where(tag_follows.c.account_id == account_id)
    return [Listed(row_id=row.id, item=row.tag_id) for row in paging.rows_of(conn, statement, tag_follows.c.id, page)]


def followed_among(conn: Connection, account_id: AccountId, tag_ids: Collection[int]) -> frozenset[int]:
    """Which of ``tag_ids`` an account follows."""
    statement = sa.select(tag_follows.c.tag_id).where(
        tag_follows.c.account_id == account_id, tag_follows.c.tag_id.in_(tag_ids)
    )
    return frozenset(conn.execute(statement).scalars())


def list_followers(conn: Connection, status_id: StatusId, after: AccountId, limit: int) -> list[AccountId]:
    """Who follows a hashtag of a status, by id from ``after`` on."""
    rows = _FOLLOWERS.rows(conn, status_id=status_id, after=after, limit=limit)
    return [AccountId(row.account_id) for row in rows]


def is_followed_by(account_id: AccountId | None, tag_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether an account follows a hashtag; nobody follows none."""
    return sa.exists().where(tag_follows.c.account_id == account_id, tag_follows.c.tag_id == tag_id)
