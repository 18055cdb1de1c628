"""What somebody did in a year, for themselves: offered to whoever did enough, in the last weeks of that year (UTC).

The form is version 2 of Mastodon's (``SCHEMA_VERSION``). Direct statuses are in none of its numbers.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from fedorg.domain.accounts import Account
from fedorg.domain.statuses import StatusView
from fedorg.ids import AccountId, StatusId

SCHEMA_VERSION: Final = 2
STATUSES_MIN: Final = 10
MONTHS: Final = 12
ASKED_AGAIN_AFTER: Final = timedelta(days=1)
"""A report that did not come within this time may be asked for again."""
_DECEMBER: Final = 12
_FIRST_DAY: Final = 10
_LURKER_MAX: Final = 20
_OVERWEIGHT: Final = 2
_POLLSTER_SHARE: Final = 0.1


class ReportState(StrEnum):
    """Mastodon's words."""

    AVAILABLE = "available"
    GENERATING = "generating"
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"


class Archetype(StrEnum):
    """What somebody mostly does, in one of Mastodon's words."""

    LURKER = "lurker"
    BOOSTER = "booster"
    POLLSTER = "pollster"
    REPLIER = "replier"
    ORACLE = "oracle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """How much of what somebody posted in a year; ``polls`` are among the others."""

    own: int
    replies: int
    reblogs: int
    polls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What happened in one month, 1 to 12."""

    month: int
    statuses: int
    followers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TagUse:
    """How often a hashtag was used."""

    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """What a report says; None and nothing where there was nothing."""

    archetype: Archetype
    months: tuple[Month, ...]
    top_tag: TagUse | None
    top_status_id: StatusId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnualReport:
    """A report that was made for an account."""

    account_id: AccountId
    year: int
    data: ReportData


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnualReportsView:
    """Reports of an account, with the statuses they name as far as they are still there."""

    reports: tuple[AnnualReport, ...]
    account: Account
    statuses: tuple[StatusView, ...]


def year_offered(now: datetime) -> int | None:
    """The year of which reports are made now: from 10 to 31 December of it."""
    return now.year if now.month == _DECEMBER and now.day >= _FIRST_DAY else None


def is_offered(year: int, now: datetime) -> bool:
    """Whether reports of a year are made now."""
    return year == year_offered(now)


def months_of(year: int) -> list[tuple[datetime, datetime]]:
    """Beginning and end of each month of a year, which is one from 1 to 9998."""
    begins = [datetime(year, month, 1, tzinfo=UTC) for month in range(1, MONTHS + 1)]
    return list(zip(begins, [*begins[1:], datetime(year + 1, 1, 1, tzinfo=UTC)], strict=True))


def archetype_of(deeds: Deeds) -> Archetype:
    """The one word for what somebody did; ``oracle`` is whoever mostly speaks."""
    if deeds.own + deeds.replies + deeds.reblogs < _LURKER_MAX:
        return Archetype.LURKER
    if deeds.reblogs > _OVERWEIGHT * deeds.own:
        return Archetype.BOOSTER
    if deeds.polls > _POLLSTER_SHARE * deeds.own:
        return Archetype.POLLSTER
    if deeds.replies > _OVERWEIGHT * deeds.own:
        return Archetype.REPLIER
    return Archetype.ORACLE
