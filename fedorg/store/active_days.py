"""Rows of ``active_days``: on which days who was here, so that a node can say how many of its members are active."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.measures import DAYS_IN_ID, RetentionCount, day_of
from fedorg.ids import UserId
from fedorg.store.tables import active_days, users
from fedorg.store.upsert import insert_ignore


def note(conn: Connection, user_id: UserId, now: datetime) -> None:
    """Keep that a user is here today."""
    insert_ignore(conn, active_days, [{"user_id": user_id, "day": day_of(now)}])


def retention(conn: Connection, starts: Sequence[int]) -> tuple[list[RetentionCount], dict[int, int]]:
    """Who registered in which bucket and was here in which, and how many registered in each.

    Buckets are numbered; each begins on the day in ``starts`` and ends before the next one, whose last is the end.
    """
    registered, seen = users.c.id // DAYS_IN_ID, active_days.c.day
    cohort, bucket = _number(registered, starts).label("cohort"), _number(seen, starts).label("bucket")
    is_new = sa.and_(users.c.id >= starts[0] * DAYS_IN_ID, users.c.id < starts[-1] * DAYS_IN_ID)
    counted = (
        sa.select(cohort, bucket, sa.func.count(users.c.id.distinct()).label("users"))
        .join(active_days, active_days.c.user_id == users.c.id)
        .where(is_new, seen >= starts[0], seen < starts[-1])
        .group_by(cohort, bucket)
    )
    sizes = sa.select(cohort, sa.func.count().label("users")).where(is_new).group_by(cohort)
    return (
        [RetentionCount(cohort=row.cohort, bucket=row.bucket, users=row.users) for row in conn.execute(counted)],
        {row.cohort: row.users for row in conn.execute(sizes)},
    )


def delete_before(conn: Connection, before: datetime, limit: int) -> int:
    """Days that lie before a moment, but for the rest of them once ``limit`` are deleted."""
    old = sa.select(active_days.c.day, active_days.c.user_id).where(active_days.c.day < day_of(before)).limit(limit)
    return conn.execute(
        sa.delete(active_days).where(sa.tuple_(active_days.c.day, active_days.c.user_id).in_(old))
    ).rowcount


def _number(day: sa.ColumnElement[int], starts: Sequence[int]) -> sa.ColumnElement[int]:
    """The number of the bucket a day lies in."""
    if starts[-1] - starts[0] == len(starts) - 1:
        return day - starts[0]
    return sa.case(*((day < start, number) for number, start in enumerate(starts[1:])), else_=len(starts))
