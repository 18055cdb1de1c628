"""Rows of ``account_domain_blocks``: servers that single accounts want to hear nothing from.

What the whole node keeps away is a peer's tier (``store.peers``), not this.
"""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.pages import Listed
from fedorg.domain.statuses import PageQuery
from fedorg.ids import AccountId, IdSource
from fedorg.store import paging
from fedorg.store.prepared import Prepared
from fedorg.store.tables import account_domain_blocks, accounts, follows
from fedorg.store.upsert import insert_ignore


def insert(conn: Connection, ids: IdSource, now: datetime, account_id: AccountId, domain: str) -> None:
    """Shut a server out; once or twice is the same."""
    row = {"id": ids.next(), "account_id": account_id, "domain": domain, "created_at": now}
    insert_ignore(conn, account_domain_blocks, [row])


def delete(conn: Connection, account_id: AccountId, domain: str) -> None:
    """Let it in again."""
    conn.execute(
        sa.delete(account_domain_blocks).where(
            account_domain_blocks.c.account_id == account_id, account_domain_blocks.c.domain == domain
        )
    )


def count(conn: Connection, account_id: AccountId) -> int:
    """How many servers an account shuts out."""
    return conn.execute(sa.select(sa.func.count()).where(account_domain_blocks.c.account_id == account_id)).scalar_one()


def list_of_account(conn: Connection, account_id: AccountId, page: PageQuery) -> list[Listed[str]]:
    """The servers an account shuts out, the latest first."""
    statement = sa.select(account_domain_blocks.c.id, account_domain_blocks.c.domain).where(
        account_domain_blocks.c.account_id == account_id
    )
    return [
        Listed(row_id=row.id, item=row.domain)
        for row in paging.rows_of(conn, statement, account_domain_blocks.c.id, page)
    ]


def is_blocked(conn: Connection, account_id: AccountId, domain: str) -> bool:
    """Whether an account shuts a server out under this name."""
    named = (account_domain_blocks.c.account_id == account_id, account_domain_blocks.c.domain == domain)
    return bool(conn.execute(sa.select(sa.exists().where(*named))).scalar())


def list_tied(conn: Connection, account_id: AccountId, domain: str, limit: int) -> list[AccountId]:
    """Accounts of a server that follow the account, ask to, or are followed by it."""
    towards = sa.select(follows.c.target_id.label("other")).where(follows.c.account_id == account_id)
    back = sa.select(follows.c.account_id.label("other")).where(follows.c.target_id == account_id)
    tied = sa.union(towards, back).subquery()
    statement = (
        sa.select(accounts.c.id)
        .join(tied, tied.c.other == accounts.c.id)
        .where(sa.or_(accounts.c.domain == domain, accounts.c.peer == domain))
        .limit(limit)
    )
    return [AccountId(one) for one in conn.execute(statement).scalars()]


def has_shut_out(conn: Connection, blocker: AccountId, author: AccountId) -> bool:
    """Whether an account wants to hear nothing from the server that another lives on."""
    return bool(_HAS_SHUT_OUT.rows(conn, blocker=blocker, author=author)[0][0])


def is_shut_out(blocker: ColumnElement[Any] | AccountId, author: ColumnElement[Any] | AccountId) -> ColumnElement[bool]:
    """``blocker`` has shut out the server that ``author`` lives on, or the domain in its handle."""
    home = accounts.alias("home")
    return sa.exists().where(
        account_domain_blocks.c.account_id == blocker, home.c.id == author, _is_of(home, account_domain_blocks)
    )


def shuts_out(blocker: ColumnElement[Any] | AccountId, home: sa.FromClause) -> ColumnElement[bool]:
    """The same of a row of ``accounts``, or of an alias of it."""
    return sa.exists().where(account_domain_blocks.c.account_id == blocker, _is_of(home, account_domain_blocks))


def _is_of(home: sa.FromClause, blocked: sa.FromClause) -> ColumnElement[bool]:
    return sa.or_(home.c.domain == blocked.c.domain, home.c.peer == blocked.c.domain)


_HAS_SHUT_OUT: Final = Prepared(sa.select(is_shut_out(sa.bindparam("blocker"), sa.bindparam("author")).label("has")))
