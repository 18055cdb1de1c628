"""What those who look after a node measure, counted by day in the database.

Each measure costs one query for its days and at most one for its totals, however long the period is. Rows are found by
their ids, which are times. Of hashtags only public statuses count, as everywhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, assert_never

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from fedorg.domain.measures import DAYS_IN_ID, Measure, MeasureKey, Period, Target
from fedorg.domain.relationships import FollowState
from fedorg.domain.visibility import Visibility
from fedorg.store.tables import (
    accounts,
    active_days,
    favourites,
    follows,
    media_attachments,
    reports,
    status_tags,
    statuses,
    tags,
    users,
)

_DAY_MILLISECONDS: Final = 86_400_000
_ROWS: Final = sa.func.count()


class _Total(Enum):
    """What a total is: the sum of the days, what differs in all of them, or what there is of all time."""

    SUM = auto()
    DISTINCT = auto()
    EVER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Rows, when they happened, and what of them counts. ``moment`` divided by ``per_day`` is the number of a day."""

    rows: FromClause
    moment: ColumnElement[int]
    per_day: int = DAYS_IN_ID
    where: tuple[ColumnElement[bool], ...] = ()
    value: ColumnElement[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    sources: Callable[[Target], tuple[_Source, ...]]
    total: _Total = _Total.SUM


def measure(conn: Connection, key: MeasureKey, period: Period, target: Target) -> Measure:
    """One measure over a period."""
    kind = _KINDS[key]
    begin = period.begin if kind.total is _Total.EVER else period.begin - period.length
    by_day: dict[int, int] = {}
    for source in kind.sources(target):
        for day, value in _count_by_day(conn, source, begin, period.end):
            by_day[day] = by_day.get(day, 0) + value
    days = tuple(by_day.get(day, 0) for day in range(period.begin, period.end))
    match kind.total:
        case _Total.EVER:
            total, previous = sum(_count_ever(conn, source) for source in kind.sources(target)), None
        case _Total.DISTINCT:
            (source,) = kind.sources(target)
            total, previous = _count_periods(conn, source, period)
        case _Total.SUM:
            total, previous = sum(days), sum(by_day.values()) - sum(days)
        case _:
            assert_never(kind.total)
    return Measure(key=key, total=total, previous_total=previous, days=days)


def has_tag(conn: Connection, tag_id: int) -> bool:
    """Whether there is a hashtag with an id."""
    return conn.execute(sa.select(tags.c.id).where(tags.c.id == tag_id)).scalar() is not None


def _count_by_day(conn: Connection, source: _Source, begin: int, end: int) -> list[tuple[int, int]]:
    day = (source.moment // source.per_day).label("day")
    statement = (
        sa.select(day, source.value.label("value"))
        .select_from(source.rows)
        .where(source.moment >= begin * source.per_day, source.moment < end * source.per_day, *source.where)
        .group_by(day)
    )
    return [(int(row.day), int(row.value)) for row in conn.execute(statement)]


def _count_periods(conn: Connection, source: _Source, period: Period) -> tuple[int, int]:
    """What differs in the period and in the one before it."""
    begin, end = (number * source.per_day for number in (period.begin - period.length, period.end))
    is_now = sa.case((source.moment >= period.begin * source.per_day, 1), else_=0).label("is_now")
    statement = (
        sa.select(is_now, source.value.label("value"))
        .select_from(source.rows)
        .where(source.moment >= begin, source.moment < end, *source.where)
        .group_by(is_now)
    )
    found = {row.is_now: int(row.value) for row in conn.execute(statement)}
    return found.get(1, 0), found.get(0, 0)


def _count_ever(conn: Connection, source: _Source) -> int:
    return int(conn.execute(sa.select(source.value).select_from(source.rows).where(*source.where)).scalar_one() or 0)


def _interactions(_target: Target) -> tuple[_Source, ...]:
    liked, original = statuses.alias("liked"), statuses.alias("original")
    return (
        _Source(
            rows=favourites.join(liked, liked.c.id == favourites.c.status_id),
            moment=favourites.c.id,
            where=(liked.c.is_local,),
            value=_ROWS,
        ),
        *(
            _Source(
                rows=statuses.join(original, original.c.id == statuses.c[name]),
                moment=statuses.c.id,
                where=(original.c.is_local,),
                value=_ROWS,
            )
            for name in ("reblog_of_id", "in_reply_to_id")
        ),
    )


def _tagged(value: ColumnElement[Any]) -> Callable[[Target], tuple[_Source, ...]]:
    def sources(target: Target) -> tuple[_Source, ...]:
        rows = status_tags.join(statuses, statuses.c.id == status_tags.c.status_id).join(
            accounts, accounts.c.id == statuses.c.account_id
        )
        is_use = (status_tags.c.tag_id == target.tag_id, statuses.c.visibility == Visibility.PUBLIC.value)
        return (_Source(rows=rows, moment=status_tags.c.status_id, where=is_use, value=value),)

    return sources


def _of_peer(
    table: sa.Table,
    account: str,
    *where: ColumnElement[bool],
    value: ColumnElement[Any] = _ROWS,
) -> _Kind:
    """Rows that name an account of a server."""

    def sources(target: Target) -> tuple[_Source, ...]:
        rows = table.join(accounts, accounts.c.id == table.c[account])
        is_theirs = (accounts.c.peer == target.domain, *where)
        return (_Source(rows=rows, moment=table.c.id, where=is_theirs, value=value),)

    return _Kind(sources=sources, total=_Total.EVER)


def _simply(*, total: _Total = _Total.SUM, **source: Any) -> _Kind:  # noqa: ANN401 - what a source is made of
    made = (_Source(**source),)
    return _Kind(sources=lambda _target: made, total=total)


_IS_ACCEPTED: Final = follows.c.state == FollowState.ACCEPTED.value
_KINDS: Final[Mapping[MeasureKey, _Kind]] = {
    MeasureKey.ACTIVE_USERS: _simply(
        rows=active_days,
        moment=active_days.c.day,
        per_day=1,
        value=sa.func.count(active_days.c.user_id.distinct()),
        total=_Total.DISTINCT,
    ),
    MeasureKey.NEW_USERS: _simply(rows=users, moment=users.c.id, value=_ROWS),
    MeasureKey.INTERACTIONS: _Kind(sources=_interactions),
    MeasureKey.OPENED_REPORTS: _simply(rows=reports, moment=reports.c.id, value=_ROWS),
    MeasureKey.RESOLVED_REPORTS: _simply(
        rows=reports,
        moment=sa.type_coerce(reports.c.resolved_at, sa.BigInteger),
        per_day=_DAY_MILLISECONDS,
        value=_ROWS,
    ),
    MeasureKey.TAG_ACCOUNTS: _Kind(
        sources=_tagged(sa.func.count(statuses.c.account_id.distinct())), total=_Total.DISTINCT
    ),
    MeasureKey.TAG_USES: _Kind(sources=_tagged(_ROWS)),
    MeasureKey.TAG_SERVERS: _Kind(sources=_tagged(sa.func.count(accounts.c.peer.distinct())), total=_Total.DISTINCT),
    MeasureKey.INSTANCE_ACCOUNTS: _Kind(
        sources=lambda target: (
            _Source(rows=accounts, moment=accounts.c.id, where=(accounts.c.peer == target.domain,), value=_ROWS),
        ),
        total=_Total.EVER,
    ),
    MeasureKey.INSTANCE_MEDIA_ATTACHMENTS: _of_peer(
        media_attachments, "account_id", value=sa.func.sum(media_attachments.c.size_bytes)
    ),
    MeasureKey.INSTANCE_REPORTS: _of_peer(reports, "target_account_id"),
    MeasureKey.INSTANCE_STATUSES: _of_peer(statuses, "account_id"),
    MeasureKey.INSTANCE_FOLLOWS: _of_peer(follows, "target_id", _IS_ACCEPTED),
    MeasureKey.INSTANCE_FOLLOWERS: _of_peer(follows, "account_id", _IS_ACCEPTED),
}
