"""Times and ids as Mastodon's clients read them: UTC with milliseconds and ``Z``; decimal strings."""

from datetime import datetime


def timestamp(moment: datetime) -> str:
    """``2026-11-23T01:02:03.000Z``."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def timestamp_or_none(moment: datetime | None) -> str | None:
    """The same, or null."""
    return None if moment is None else timestamp(moment)
