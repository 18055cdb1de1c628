"""What a node counts as Mastodon's Admin::Measure, Admin::Dimension and Admin::Cohort. Numbers are texts there."""

from datetime import date
from typing import Final, NotRequired

from typing_extensions import TypedDict

from fedorg.domain.languages import language_name
from fedorg.domain.measures import Cohort, Dimension, DimensionKey, Measure, MeasureKey, Period, Ranked, day_at

_LANGUAGES: Final = frozenset({DimensionKey.LANGUAGES, DimensionKey.TAG_LANGUAGES, DimensionKey.INSTANCE_LANGUAGES})
_STEP: Final = 1024
_UNITS: Final = ("KB", "MB", "GB", "TB", "PB", "EB")
_DIGITS: Final = 3


class DayEntity(TypedDict):
    """A day of a measure."""

    date: str
    value: str


class MeasureEntity(TypedDict):
    """Mastodon's Admin::Measure."""

    key: str
    unit: str | None
    total: str
    human_value: NotRequired[str]
    previous_total: NotRequired[str]
    data: list[DayEntity]


class RankedEntity(TypedDict):
    """A row of a dimension."""

    key: str
    human_key: str
    value: str
    unit: NotRequired[str]
    human_value: NotRequired[str]


class DimensionEntity(TypedDict):
    """Mastodon's Admin::Dimension."""

    key: str
    data: list[RankedEntity]


class CohortDayEntity(TypedDict):
    """Mastodon's CohortData."""

    date: str
    rate: float
    value: str


class CohortEntity(TypedDict):
    """Mastodon's Admin::Cohort."""

    period: str
    frequency: str
    data: list[CohortDayEntity]


def measure_entity(measure: Measure, period: Period) -> MeasureEntity:
    """A measure; one of bytes says how many in words."""
    is_bytes = measure.key is MeasureKey.INSTANCE_MEDIA_ATTACHMENTS
    entity: MeasureEntity = {
        "key": measure.key.value,
        "unit": "bytes" if is_bytes else None,
        "total": str(measure.total),
        "data": [
            {"date": _midnight(day_at(period.begin + number)), "value": str(value)}
            for number, value in enumerate(measure.days)
        ],
    }
    if is_bytes:
        entity["human_value"] = size_in_words(measure.total)
    if measure.previous_total is not None:
        entity["previous_total"] = str(measure.previous_total)
    return entity


def dimension_entity(dimension: Dimension) -> DimensionEntity:
    """A dimension."""
    return {"key": dimension.key.value, "data": [_ranked(dimension.key, row) for row in dimension.rows]}


def cohort_entity(cohort: Cohort) -> CohortEntity:
    """Those who registered in one bucket; of nobody, nobody stayed."""
    return {
        "period": _midnight(cohort.began_on),
        "frequency": cohort.frequency.value,
        "data": [
            {"date": _midnight(began_on), "rate": users / max(cohort.size, 1), "value": str(users)}
            for began_on, users in cohort.active
        ],
    }


def size_in_words(size_bytes: int) -> str:
    """``0 Bytes``, ``1 Byte``, ``14.2 MB``: three digits, without zeros at their end."""
    if size_bytes < _STEP:
        return f"{size_bytes} {'Byte' if size_bytes == 1 else 'Bytes'}"
    size, unit = size_bytes / _STEP, 0
    # What would be rounded to 1024 of a unit is one of the next.
    while round(size) >= _STEP and unit < len(_UNITS) - 1:
        size, unit = size / _STEP, unit + 1
    decimals = max(_DIGITS - len(str(int(size))), 0)
    number = f"{size:.{decimals}f}"
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {_UNITS[unit]}"


def _ranked(key: DimensionKey, row: Ranked) -> RankedEntity:
    name = language_name(row.key) if key in _LANGUAGES else row.name
    if key is DimensionKey.SOURCES and row.key == "web":
        name = "Website"
    entity: RankedEntity = {"key": row.key, "human_key": name or row.key, "value": row.value}
    if row.is_bytes:
        entity["unit"] = "bytes"
        entity["human_value"] = size_in_words(int(row.value))
    if key is DimensionKey.SOFTWARE_VERSIONS:
        entity["human_value"] = row.value
    return entity


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00.000Z"
