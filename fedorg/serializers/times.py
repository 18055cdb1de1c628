"""Moments and days as Mastodon writes them."""

from datetime import UTC, datetime


def moment(value: datetime) -> str:
    """``2026-11-23T01:02:03.000Z``."""
    # Unlike strftime, which writes the year 1 with one digit.
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def optional_moment(value: datetime | None) -> str | None:
    """Likewise, null for none."""
    return None if value is None else moment(value)


def day(value: datetime) -> str:
    """``2026-11-23``."""
    return value.astimezone(UTC).date().isoformat()
