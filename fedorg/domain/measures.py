"""What those who look after a node count about it: measures by day, dimensions by what is most, retention.

Days are days in UTC and told by their number since 1970, as the database counts them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

from fedorg.ids import at

EPOCH: Final = date(1970, 1, 1)
DAY: Final = timedelta(days=1)
DAYS_IN_ID: Final = at(datetime(1970, 1, 2, tzinfo=UTC))
"""Ids of two moments that lie a day apart differ by this."""
PERIOD_DAYS_MAX: Final = 366


class MeasureKey(StrEnum):
    """What can be measured, in Mastodon's words."""

    ACTIVE_USERS = "active_users"
    NEW_USERS = "new_users"
    INTERACTIONS = "interactions"
    OPENED_REPORTS = "opened_reports"
    RESOLVED_REPORTS = "resolved_reports"
    TAG_ACCOUNTS = "tag_accounts"
    TAG_USES = "tag_uses"
    TAG_SERVERS = "tag_servers"
    INSTANCE_ACCOUNTS = "instance_accounts"
    INSTANCE_MEDIA_ATTACHMENTS = "instance_media_attachments"
    INSTANCE_REPORTS = "instance_reports"
    INSTANCE_STATUSES = "instance_statuses"
    INSTANCE_FOLLOWS = "instance_follows"
    INSTANCE_FOLLOWERS = "instance_followers"


class DimensionKey(StrEnum):
    """What can be ranked, likewise."""

    LANGUAGES = "languages"
    SOURCES = "sources"
    SERVERS = "servers"
    SPACE_USAGE = "space_usage"
    SOFTWARE_VERSIONS = "software_versions"
    TAG_SERVERS = "tag_servers"
    TAG_LANGUAGES = "tag_languages"
    INSTANCE_ACCOUNTS = "instance_accounts"
    INSTANCE_LANGUAGES = "instance_languages"


class Frequency(StrEnum):
    """How long a bucket of retention is."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days, from the first to the last."""

    first: date
    last: date

    @property
    def begin(self) -> int:
        """The number of the first day."""
        return (self.first - EPOCH).days

    @property
    def end(self) -> int:
        """The number of the day after the last."""
        return (self.last - EPOCH).days + 1

    @property
    def length(self) -> int:
        """How many days it has."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a measure or dimension is about, where it is about one thing: a hashtag or a server."""

    tag_id: int | None = None
    domain: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number for each day of a period, from the first.

    ``total`` is of the whole period, and ``previous_total`` of as many days before it; without the latter ``total``
    is of all time. A total of what counts once, such as people, is less than the sum of the days.
    """

    key: MeasureKey
    total: int
    previous_total: int | None
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One of the most: its key, its name for people where that is another, and how much."""

    key: str
    value: str
    name: str | None = None
    is_bytes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """The most of something, the greatest first."""

    key: DimensionKey
    rows: tuple[Ranked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionCount:
    """How many of those who registered in one bucket were here in another; buckets are numbered."""

    cohort: int
    bucket: int
    users: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Those who registered in the bucket from ``began_on``, and how many of them were here in each since."""

    began_on: date
    frequency: Frequency
    size: int
    active: tuple[tuple[date, int], ...]


def day_of(moment: datetime) -> int:
    """The number of the day a moment lies in."""
    return (moment.astimezone(UTC).date() - EPOCH).days


def day_at(number: int) -> date:
    """The day with a number."""
    return EPOCH + timedelta(days=number)
