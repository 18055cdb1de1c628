"""Accounts by how their names begin."""

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account, ActorType
from fedorg.domain.relationships import FollowState
from fedorg.ids import AccountId
from fedorg.store import accounts, narrowing
from fedorg.store.tables import accounts as accounts_table
from fedorg.store.tables import follows


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
    account = accounts_table.c
    name = sa.func.lower(account.display_name)
    statement = (
        sa.select(*accounts.COLUMNS)
        .where(
            sa.or_(
                account.acct_key.startswith(prefix, autoescape=True),
                name.startswith(prefix, autoescape=True),
                name.contains(f" {prefix}", autoescape=True),
            ),
            account.suspended_at.is_(None),
            account.actor_type != ActorType.APPLICATION.value,
        )
        .order_by(
            account.acct_key != prefix, account.domain.is_not(None), account.followers_count.desc(), account.acct_key
        )
        .limit(limit)
        .offset(offset)
    )
    if viewer is not None:
        statement = statement.where(
            ~narrowing.is_blocked_by(viewer, account.id),
            sa.or_(account.acct_key == prefix, ~narrowing.is_blocked_with(viewer, account.id)),
        )
    if followed_by is not None:
        statement = statement.where(
            sa.exists().where(
                follows.c.account_id == followed_by,
                follows.c.target_id == account.id,
                follows.c.state == FollowState.ACCEPTED.value,
            )
        )
    return accounts.with_moves(conn, [accounts.from_row(row) for row in conn.execute(statement)])
