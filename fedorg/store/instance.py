"""What a node counts about itself, for its public description."""

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.instance import Counts, Week
from fedorg.ids import at
from fedorg.store.tables import accounts, statuses, users

_WEEK: Final = timedelta(days=7)


def counts(conn: Connection, active_since: datetime) -> Counts:
    """The numbers, in one query."""
    row = conn.execute(
        sa.select(
            sa.select(sa.func.count()).select_from(users).where(users.c.approved_at.is_not(None)).scalar_subquery(),
            sa.select(sa.func.count())
            .select_from(users)
            .where(users.c.last_sign_in_at >= active_since)
            .scalar_subquery(),
            sa.select(sa.func.coalesce(sa.func.sum(accounts.c.statuses_count), 0))
            .where(accounts.c.domain.is_(None))
            .scalar_subquery(),
            sa.select(sa.func.count(sa.distinct(accounts.c.peer))).scalar_subquery(),
        )
    ).one()
    return Counts(users=int(row[0]), active_users=int(row[1]), statuses=int(row[2]), domains=int(row[3]))


def weeks(conn: Connection, began_at: tuple[datetime, ...]) -> list[Week]:
    """What happened in each of the weeks that began then."""
    return [
        Week(
            began_at=start,
            statuses=_count(
                conn,
                sa.select(sa.func.count())
                .select_from(statuses)
                .where(statuses.c.is_local, statuses.c.id >= at(start), statuses.c.id < at(start + _WEEK)),
            ),
            sign_ins=_count(conn, _users_between(users.c.last_sign_in_at, start)),
            registrations=_count(conn, _users_between(users.c.created_at, start)),
        )
        for start in began_at
    ]


def _users_between(column: sa.Column[datetime], start: datetime) -> sa.Select[tuple[int]]:
    return sa.select(sa.func.count()).select_from(users).where(column >= start, column < start + _WEEK)


def _count(conn: Connection, statement: sa.Select[Any]) -> int:
    return int(conn.execute(statement).scalar_one())
