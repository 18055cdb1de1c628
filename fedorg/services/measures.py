"""Measures, dimensions and retention, for those who look after a node."""

import platform
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

import fedorg
from fedorg.domain.measures import (
    DAY,
    PERIOD_DAYS_MAX,
    Cohort,
    Dimension,
    DimensionKey,
    Frequency,
    Measure,
    MeasureKey,
    Period,
    Ranked,
    Target,
    day_at,
)
from fedorg.errors import Invalid, NotFound
from fedorg.node import Node
from fedorg.store import active_days, dimensions, measures

_EARLIEST: Final = date(1971, 1, 1)
_LATEST: Final = date(3000, 1, 1)
_LATELY_DAYS: Final = 30
_RETENTION_DAYS_MAX: Final = 92
_DATABASES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


async def list_measures(node: Node, wanted: Mapping[MeasureKey, Target], period: Period) -> list[Measure]:
    """The measures asked for, as they were; ``NotFound`` for a hashtag that does not exist."""

    def unit(conn: Connection) -> list[Measure]:
        _require_tags(conn, wanted.values())
        return [measures.measure(conn, key, period, target) for key, target in wanted.items()]

    return await node.read(unit)


async def list_dimensions(
    node: Node, wanted: Mapping[DimensionKey, Target], period: Period, limit: int
) -> list[Dimension]:
    """The dimensions asked for, each with its greatest rows; ``NotFound`` for a hashtag that does not exist."""

    def unit(conn: Connection) -> list[Dimension]:
        _require_tags(conn, wanted.values())
        return [
            Dimension(key=key, rows=tuple(_rank(conn, node, key, target, period, limit)))
            for key, target in wanted.items()
        ]

    return await node.read(unit)


async def list_cohorts(node: Node, period: Period, frequency: Frequency) -> list[Cohort]:
    """Who registered in each bucket of a period, and how many of them were here in those that followed."""
    if frequency is Frequency.DAY and period.length > _RETENTION_DAYS_MAX:
        raise Invalid(f"Validation failed: The period is longer than {_RETENTION_DAYS_MAX} days")
    starts = _starts(period, frequency)
    counts, sizes = await node.read(active_days.retention, starts)
    active = {(one.cohort, one.bucket): one.users for one in counts}
    begun = [day_at(start) for start in starts[:-1]]
    return [
        Cohort(
            began_on=began_on,
            frequency=frequency,
            size=sizes.get(cohort, 0),
            active=tuple((begun[bucket], active.get((cohort, bucket), 0)) for bucket in range(cohort, len(begun))),
        )
        for cohort, began_on in enumerate(begun)
    ]


def period_between(start: datetime, end: datetime) -> Period:
    """The days from one moment to another; ``Invalid`` where they are too many or none."""
    period = Period(first=start.date(), last=end.date())
    if period.first < _EARLIEST or period.last > _LATEST:
        raise Invalid("Validation failed: The period lies out of all time")
    if period.length < 1:
        raise Invalid("Validation failed: end_at lies before start_at")
    if period.length > PERIOD_DAYS_MAX:
        raise Invalid(f"Validation failed: The period is longer than {PERIOD_DAYS_MAX} days")
    return period


def lately(now: datetime) -> Period:
    """The last days, for who names none."""
    return Period(first=now.date() - timedelta(days=_LATELY_DAYS - 1), last=now.date())


def _require_tags(conn: Connection, targets: Collection[Target]) -> None:
    for tag_id in {target.tag_id for target in targets if target.tag_id is not None}:
        if not measures.has_tag(conn, tag_id):
            raise NotFound


def _rank(
    conn: Connection, node: Node, key: DimensionKey, target: Target, period: Period, limit: int
) -> Sequence[Ranked]:
    match key:
        case DimensionKey.SPACE_USAGE:
            return _space(conn, node)
        case DimensionKey.SOFTWARE_VERSIONS:
            return _versions(conn, node)
        case _:
            return dimensions.rank(conn, key, period, target, node.settings.domain, limit)


def _space(conn: Connection, node: Node) -> Sequence[Ranked]:
    database = node.db.dialect
    used = str(dimensions.database_bytes(conn))
    return (
        Ranked(key=database, name=_DATABASES[database], value=used, is_bytes=True),
        Ranked(key="media", name="Media storage", value=str(dimensions.media_bytes(conn)), is_bytes=True),
    )


def _versions(conn: Connection, node: Node) -> Sequence[Ranked]:
    database = node.db.dialect
    return (
        Ranked(key="fedorg", name="fedorg", value=fedorg.__version__),
        Ranked(key="python", name="Python", value=platform.python_version()),
        Ranked(key=database, name=_DATABASES[database], value=dimensions.database_version(conn)),
    )


def _starts(period: Period, frequency: Frequency) -> list[int]:
    """The number of the first day of each bucket, and of the day after the last one."""
    if frequency is Frequency.DAY:
        return list(range(period.begin, period.end + 1))
    first, starts = period.first.replace(day=1), []
    while first <= period.last:
        starts.append(first)
        first = (first + 31 * DAY).replace(day=1)
    return [(one - day_at(0)).days for one in (*starts, first)]
