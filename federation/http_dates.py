"""Dates as HTTP writes them: ``Tue, 20 Apr 2021 02:07:55 GMT``, always aware UTC on our side. Spec: RFC 9110 §5.6.7."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime


def parse_http_date(text: str) -> datetime:
    """The moment a header names; raises ``ValueError`` for anything that has no date with a time zone."""
    moment = parsedate_to_datetime(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment.astimezone(UTC)


def format_http_date(moment: datetime) -> str:
    """The form for a header, with full seconds."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
