"""Rows of ``reactions``: one for each account, status and emoji, in a bounded number."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.reactions import Reaction, ReactionCount
from fedorg.ids import AccountId, StatusId
from fedorg.store.gathered import Part
from fedorg.store.prepared import many
from fedorg.store.tables import accounts, reactions
from fedorg.store.upsert import insert_ignore

# Asked of each reaction, so that no engine begins with all accounts.
_BY: Final = sa.select(accounts.c.media_rejected).where(accounts.c.id == reactions.c.account_id)
_IS_REJECTED: Final = _BY.scalar_subquery()
_SUSPENDED_AT: Final = _BY.with_only_columns(accounts.c.suspended_at).scalar_subquery()
OF_STATUSES: Final = Part(
    sa.select(
        reactions.c.status_id,
        reactions.c.name,
        sa.func.min(sa.case((_IS_REJECTED, sa.null()), else_=reactions.c.url)).label("url"),
        sa.func.count().label("count"),
        sa.func.max(sa.case((reactions.c.account_id == sa.bindparam("viewer", type_=sa.BigInteger), 1), else_=0)).label(
            "own"
        ),
        sa.func.min(reactions.c.id).label("first_id"),
    )
    .where(reactions.c.status_id.in_(many("ids")), _SUSPENDED_AT.is_(None))
    .group_by(reactions.c.status_id, reactions.c.name),
    lambda rows: tuple(
        ReactionCount(reaction=Reaction(name=row.name, url=row.url), count=row.count, is_own=bool(row.own))
        for row in sorted(rows, key=lambda row: int(row.first_id))
    ),
)
"""The reactions to statuses, the first emoji first, as a viewer sees them.

Those of suspended accounts do not count; emojis of servers whose media are rejected have no picture.
"""

NAMES_MAX: Final = 50
"""Different emojis at one status."""
PER_ACCOUNT_MAX: Final = 10
"""Different emojis of one account at one status."""


def insert(
    conn: Connection,
    *,
    reaction_id: int,
    account_id: AccountId,
    status_id: StatusId,
    reaction: Reaction,
    uri: str,
    now: datetime,
) -> bool:
    """Add a reaction; False when it is there, its identity is taken, or there are too many."""
    own = _count(conn, reactions.c.id, reactions.c.account_id == account_id, reactions.c.status_id == status_id)
    if own >= PER_ACCOUNT_MAX:
        return False
    others = reactions.c.name != reaction.name
    if _count(conn, reactions.c.name.distinct(), reactions.c.status_id == status_id, others) >= NAMES_MAX:
        return False
    row = {
        "id": reaction_id,
        "account_id": account_id,
        "status_id": status_id,
        "name": reaction.name,
        "url": reaction.url,
        "uri": uri,
        "created_at": now,
    }
    return bool(insert_ignore(conn, reactions, [row]))


def delete_by_uri(conn: Connection, account_id: AccountId, uri: str) -> bool:
    """Remove the reaction that an activity of the account's brought; whether there was one."""
    statement = sa.delete(reactions).where(reactions.c.uri == uri, reactions.c.account_id == account_id)
    return bool(conn.execute(statement).rowcount)


def delete_by_name(conn: Connection, account_id: AccountId, status_id: StatusId, name: str) -> bool:
    """Remove an account's reaction with an emoji; whether there was one."""
    statement = sa.delete(reactions).where(
        reactions.c.account_id == account_id, reactions.c.status_id == status_id, reactions.c.name == name
    )
    return bool(conn.execute(statement).rowcount)


def _count(conn: Connection, what: sa.ColumnElement[object], *where: sa.ColumnElement[bool]) -> int:
    return conn.execute(sa.select(sa.func.count(what)).where(*where)).scalar_one()
