"""Accounts by how their names begin."""

from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account, ActorType
from fedorg.domain.relationships import FollowState
from fedorg.ids import AccountId
from fedorg.store import accounts, narrowing
from fedorg.store.prepared import Prepared
from fedorg.store.tables import accounts as accounts_table
from fedorg.store.tables import follows

_ESCAPE: Final = "/"


def search(
    conn: Connection,
    viewer: AccountId | None,
    prefix: str,
    *,
    limit: int,
    offset: int,
    followed_by: AccountId | None,
) -> list[Account]:
    """Accounts whose handle, display name or a later word of it begins with ``prefix`` (lower case).

    An exact handle first, then accounts of this node, then the most followed ones. Suspended accounts and those that
    block ``viewer`` are not found, and those that ``viewer`` blocks by their exact handle alone: to unblock them.
    """
    asked = {"prefix": prefix, "beginning": f"{_escaped(prefix)}%", "word": f"% {_escaped(prefix)}%"}
    people = {"viewer": viewer, "follower": followed_by}
    statement = _search(is_seen=viewer is not None, is_followed=followed_by is not None)
    rows = statement.rows(
        conn,
        **asked,
        **{name: one for name, one in people.items() if one is not None},
        limit=limit,
        offset=offset,
    )
    return accounts.with_moves(conn, accounts.from_records(rows))


@cache
def _search(*, is_seen: bool, is_followed: bool) -> Prepared:
    account, name = accounts_table.c, sa.func.lower(accounts_table.c.display_name)
    prefix: sa.BindParameter[str] = sa.bindparam("prefix")
    beginning: sa.BindParameter[str] = sa.bindparam("beginning")
    viewer: sa.BindParameter[int] = sa.bindparam("viewer")
    statement = (
        sa.select(*accounts.COLUMNS)
        .where(
            sa.or_(
                account.acct_key.like(beginning, escape=_ESCAPE),
                name.like(beginning, escape=_ESCAPE),
                name.like(sa.bindparam("word"), escape=_ESCAPE),
            ),
            account.suspended_at.is_(None),
            account.actor_type != ActorType.APPLICATION.value,
        )
        .order_by(
            account.acct_key != prefix, account.domain.is_not(None), account.followers_count.desc(), account.acct_key
        )
        .limit(sa.bindparam("limit", type_=sa.Integer))
        .offset(sa.bindparam("offset", type_=sa.Integer))
    )
    if is_seen:
        statement = statement.where(
            ~narrowing.is_blocked_by(viewer, account.id),
            sa.or_(account.acct_key == prefix, ~narrowing.is_blocked_with(viewer, account.id)),
        )
    if is_followed:
        statement = statement.where(
            sa.exists().where(
                follows.c.account_id == sa.bindparam("follower"),
                follows.c.target_id == account.id,
                follows.c.state == FollowState.ACCEPTED.value,
            )
        )
    return Prepared(statement)


def _escaped(text: str) -> str:
    for sign in (_ESCAPE, "%", "_"):
        text = text.replace(sign, f"{_ESCAPE}{sign}")
    return text
