"""Rows of ``endorsements``: whom somebody recommends among those they follow."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.pages import Listed
from fedorg.domain.relationships import Follow
from fedorg.domain.statuses import PageQuery
from fedorg.ids import AccountId, IdSource
from fedorg.store import accounts
from fedorg.store.tables import endorsements
from fedorg.store.upsert import insert_ignore


def insert(conn: Connection, ids: IdSource, now: datetime, follow: Follow) -> None:
    """Recommend whom one follows; once or twice is the same."""
    row = {
        "id": ids.next(),
        "account_id": follow.account_id,
        "target_id": follow.target_id,
        "follow_id": follow.id,
        "created_at": now,
    }
    insert_ignore(conn, endorsements, [row])


def delete(conn: Connection, account_id: AccountId, target_id: AccountId) -> None:
    """Recommend somebody no more."""
    conn.execute(
        sa.delete(endorsements).where(endorsements.c.account_id == account_id, endorsements.c.target_id == target_id)
    )


def count(conn: Connection, account_id: AccountId) -> int:
    """How many an account recommends."""
    return conn.execute(sa.select(sa.func.count()).where(endorsements.c.account_id == account_id)).scalar_one()


def list_of_account(conn: Connection, account_id: AccountId, page: PageQuery) -> list[Listed[Account]]:
    """Whom an account recommends, the latest first."""
    is_wanted = endorsements.c.account_id == account_id
    return accounts.list_page(conn, endorsements.c.id, endorsements.c.target_id, is_wanted, page)
