"""Rows of ``severances``: lost follows by member and cause, counted in the transactions that end them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.severances import Severance, SeveranceCause, SeveranceType
from fedorg.ids import AccountId, IdSource, SeveranceId
from fedorg.store.tables import severances
from fedorg.store.upsert import insert_ignore


def add(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    cause: SeveranceCause,
    account_id: AccountId,
    *,
    followers: int = 0,
    following: int = 0,
) -> None:
    """A member lost so many followers, and so many whom they followed, by this cause, beside those before."""
    row = {
        "id": ids.next(),
        "cause": cause.number,
        "account_id": account_id,
        "type": cause.type.value,
        "target_name": cause.target_name,
        "created_at": now,
    }
    insert_ignore(conn, severances, [row])
    conn.execute(
        sa.update(severances)
        .where(severances.c.cause == cause.number, severances.c.account_id == account_id)
        .values(
            followers_count=severances.c.followers_count + followers,
            following_count=severances.c.following_count + following,
        )
    )


def list_of_cause(conn: Connection, cause: int, after: AccountId, limit: int) -> list[Severance]:
    """Who lost something by a cause, by account, from ``after`` on."""
    statement = (
        sa.select(severances)
        .where(severances.c.cause == cause, severances.c.account_id > after)
        .order_by(severances.c.account_id)
        .limit(limit)
    )
    return [_severance(row) for row in conn.execute(statement)]


def list_by_ids(conn: Connection, ids: Collection[int]) -> dict[SeveranceId, Severance]:
    """Those of ``ids`` that there are."""
    return {row.id: _severance(row) for row in conn.execute(sa.select(severances).where(severances.c.id.in_(ids)))}


def delete_before(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` that are older than a moment; how many there were."""
    stale = sa.select(severances.c.id).where(severances.c.created_at < before).limit(limit)
    return conn.execute(sa.delete(severances).where(severances.c.id.in_(stale))).rowcount


def _severance(row: sa.Row[Any]) -> Severance:
    return Severance(
        id=row.id,
        cause=SeveranceCause(number=row.cause, type=SeveranceType(row.type), target_name=row.target_name),
        account_id=row.account_id,
        followers_count=row.followers_count,
        following_count=row.following_count,
        created_at=row.created_at,
    )
