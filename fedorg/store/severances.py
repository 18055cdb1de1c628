"""Rows of ``severances`` and ``severed_follows``: lost follows by member and cause, noted where they end."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.severances import Severance, SeveranceCause, SeveranceType, SeveredFollow
from fedorg.errors import NotFound
from fedorg.ids import AccountId, IdSource, SeveranceId
from fedorg.store.tables import severances, severed_follows
from fedorg.store.upsert import insert_ignore


def add(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    cause: SeveranceCause,
    account_id: AccountId,
    lost: Sequence[SeveredFollow],
) -> None:
    """A member lost these follows by this cause, beside those before."""
    row = {
        "id": ids.next(),
        "cause": cause.number,
        "account_id": account_id,
        "type": cause.type.value,
        "target_name": cause.target_name,
        "purged": False,
        "created_at": now,
    }
    insert_ignore(conn, severances, [row])
    is_this = sa.and_(severances.c.cause == cause.number, severances.c.account_id == account_id)
    severance_id = conn.execute(sa.select(severances.c.id).where(is_this)).scalar_one()
    insert_ignore(
        conn,
        severed_follows,
        [{"severance_id": severance_id, **asdict(one), "languages": list(one.languages)} for one in lost],
    )
    followers = sum(one.is_follower for one in lost)
    conn.execute(
        sa.update(severances)
        .where(is_this)
        .values(
            followers_count=severances.c.followers_count + followers,
            following_count=severances.c.following_count + len(lost) - followers,
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


def get_own(conn: Connection, account_id: AccountId, severance_id: int) -> Severance:
    """One of the member's own; ``NotFound`` for any other (S45)."""
    own = sa.select(severances).where(severances.c.id == severance_id, severances.c.account_id == account_id)
    row = conn.execute(own).one_or_none()
    if row is None:
        raise NotFound
    return _severance(row)


def list_own(conn: Connection, account_id: AccountId, limit: int) -> list[Severance]:
    """The latest of a member."""
    own = sa.select(severances).where(severances.c.account_id == account_id)
    return [_severance(row) for row in conn.execute(own.order_by(severances.c.id.desc()).limit(limit))]


def list_follows(conn: Connection, severance_id: SeveranceId, *, are_followers: bool) -> list[SeveredFollow]:
    """Who was lost, by handle: those who followed the member, or those whom the member followed."""
    statement = (
        sa.select(severed_follows)
        .where(severed_follows.c.severance_id == severance_id, severed_follows.c.is_follower == are_followers)
        .order_by(severed_follows.c.handle)
    )
    return [
        SeveredFollow(
            handle=row.handle,
            is_follower=row.is_follower,
            show_reblogs=row.show_reblogs,
            notify=row.notify,
            languages=tuple(row.languages),
        )
        for row in conn.execute(statement)
    ]


def list_by_ids(conn: Connection, ids: Collection[int]) -> dict[SeveranceId, Severance]:
    """Those of ``ids`` that there are."""
    return {row.id: _severance(row) for row in conn.execute(sa.select(severances).where(severances.c.id.in_(ids)))}


def delete_before(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` that are older than a moment, after those who were lost; how many rows that were."""
    follow = severed_follows.c
    stale = sa.select(severances.c.id).where(severances.c.created_at < before)
    lost = sa.select(follow.severance_id, follow.is_follower, follow.handle).where(follow.severance_id.in_(stale))
    place = sa.tuple_(follow.severance_id, follow.is_follower, follow.handle)
    gone = conn.execute(sa.delete(severed_follows).where(place.in_(lost.limit(limit)))).rowcount
    if gone == limit:
        return gone
    return conn.execute(sa.delete(severances).where(severances.c.id.in_(stale.limit(limit)))).rowcount


def _severance(row: sa.Row[Any]) -> Severance:
    return Severance(
        id=row.id,
        cause=SeveranceCause(number=row.cause, type=SeveranceType(row.type), target_name=row.target_name),
        account_id=row.account_id,
        followers_count=row.followers_count,
        following_count=row.following_count,
        purged=row.purged,
        created_at=row.created_at,
    )
