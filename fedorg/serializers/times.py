"""Moments and days as Mastodon writes them."""

from datetime import UTC, datetime


def moment(value: datetime) -> str:
    """``2026-11-23T01:02:03.000Z``."""
    in_utc = value.astimezone(UTC)
    return f"{in_utc:%Y-%m-%dT%H:%M:%S}.{in_utc.microsecond // 1000:03d}Z"


def optional_moment(value: datetime | None) -> str | None:
    """Likewise, null for none."""
    return None if value is None else moment(value)


def day(value: datetime) -> str:
    """``2026-11-23``."""
    return f"{value.astimezone(UTC):%Y-%m-%d}"
