"""What a node counts about itself, for its public description, and the servers it has met."""

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.instance import Counts, Week
from fedorg.domain.measures import DAYS_IN_ID, day_of
from fedorg.store.tables import accounts, active_days, statuses, users

_WEEK: Final = timedelta(days=7)
_WEEK_DAYS: Final = 7
_WEEK_MILLISECONDS: Final = _WEEK // timedelta(milliseconds=1)
_MONTH_DAYS: Final = 28
_HALF_YEAR_DAYS: Final = 180


def _met() -> sa.CTE:
    """Every server of an account, and NULL: one step in the index for each, however many accounts it has."""
    met = sa.select(sa.func.min(accounts.c.peer).label("peer")).cte("met", recursive=True)
    following = sa.select(sa.func.min(accounts.c.peer)).where(accounts.c.peer > met.c.peer).scalar_subquery()
    return met.union_all(sa.select(following).where(met.c.peer.is_not(None)))


_MET: Final = _met()


def counts(conn: Connection, now: datetime) -> Counts:
    """The numbers, in one query."""
    today = day_of(now)
    row = conn.execute(
        sa.select(
            sa.select(sa.func.count()).select_from(users).where(users.c.approved_at.is_not(None)).scalar_subquery(),
            *(
                sa.select(sa.func.count(active_days.c.user_id.distinct()))
                .where(active_days.c.day > today - days)
                .scalar_subquery()
                for days in (_MONTH_DAYS, _HALF_YEAR_DAYS)
            ),
            sa.select(sa.func.coalesce(sa.func.sum(accounts.c.statuses_count), 0))
            .where(accounts.c.domain.is_(None))
            .scalar_subquery(),
            sa.select(sa.func.count(_MET.c.peer)).scalar_subquery(),
        )
    ).one()
    users_count, month, half_year, statuses_count, domains = (int(value) for value in row)
    return Counts(
        users=users_count, active_users=month, active_half_year=half_year, statuses=statuses_count, domains=domains
    )


def list_domains(conn: Connection, limit: int) -> list[str]:
    """Servers of the remote accounts that are seen here, in alphabetical order."""
    is_seen = sa.exists().where(accounts.c.peer == _MET.c.peer, accounts.c.suspended_at.is_(None))
    statement = sa.select(_MET.c.peer).where(is_seen).order_by(_MET.c.peer).limit(limit)
    return [str(domain) for domain in conn.execute(statement).scalars()]


def weeks(conn: Connection, first: datetime, number: int) -> list[Week]:
    """What happened in each week from the one that began at ``first``, the newest first."""
    day = day_of(first)
    created = sa.type_coerce(users.c.created_at, sa.BigInteger)
    written = _by_week(
        conn, statuses.c.id, day * DAYS_IN_ID, _WEEK_DAYS * DAYS_IN_ID, sa.func.count(), statuses.c.is_local
    )
    people = sa.func.count(active_days.c.user_id.distinct())
    active = _by_week(conn, active_days.c.day, day, _WEEK_DAYS, people)
    registered = _by_week(conn, created, int(first.timestamp() * 1000), _WEEK_MILLISECONDS, sa.func.count())
    return [
        Week(
            began_at=first + week * _WEEK,
            statuses=written.get(week, 0),
            sign_ins=active.get(week, 0),
            registrations=registered.get(week, 0),
        )
        for week in reversed(range(number))
    ]


def _by_week(
    conn: Connection,
    column: sa.ColumnElement[int],
    first: int,
    length: int,
    value: sa.ColumnElement[int],
    *where: sa.ColumnElement[bool],
) -> dict[int, int]:
    """The value of each week by its number: ``column`` counts, from ``first``, so that a week has ``length``."""
    week: sa.Label[Any] = ((column - first) // length).label("week")
    found = conn.execute(sa.select(week, value.label("value")).where(column >= first, *where).group_by(week))
    return {int(row.week): int(row.value) for row in found}
