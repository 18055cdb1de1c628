"""What an answer means, and the schedule of tries."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.delivery import (
    FIRST_DELAY_SECONDS,
    GIVE_UP_SECONDS,
    JITTER,
    LONGEST_DELAY_SECONDS,
    Delivered,
    Gone,
    Outcome,
    Refused,
    Retry,
    outcome_of,
    parse_retry_after,
    retry_after_seconds,
)
from federation.http_dates import format_http_date, parse_http_date
from federation.signatures import Scheme

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
RETRIED = {401, 408, 425, 429}


@pytest.mark.parametrize("status", range(200, 600))
def test_every_status_has_one_meaning(status: int) -> None:
    """The table of the module header, for every status there is."""
    expected: Outcome
    if status < 300:
        expected = Delivered(scheme=Scheme.CAVAGE, status=status)
    elif status == 410:
        expected = Gone()
    elif status in RETRIED or (status >= 500 and status != 501):
        expected = Retry(reason=f"answered {status}", status=status, after_seconds=5.0)
    else:
        expected = Refused(reason=f"answered {status}", status=status)

    assert outcome_of(status, Scheme.CAVAGE, retry_after=5.0) == expected


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("999999999", 86_400.0),
        ("9" * 5000, None),
        ("Fri, 01 May 2026 12:01:30 GMT", 90.0),
        ("Fri, 01 May 2026 11:00:00 GMT", 0.0),
        ("Fri, 01 May 2026 12:01:30", None),
        ("Fri, 01 May 2036 12:00:00 GMT", 86_400.0),
    ],
)
def test_retry_after_in_both_forms(value: str | None, seconds: float | None) -> None:
    """Seconds or a date; never before now, never longer than a day, nothing where it cannot be read."""
    assert parse_retry_after(value, now=NOW) == seconds


def test_the_schedule_doubles_to_twelve_hours() -> None:
    """One minute first, then twice as long each time, then every twelve hours."""
    delays = [retry_after_seconds(attempt, 0.0, lambda: 0.0) for attempt in range(1, 13)]

    assert delays[:4] == [60.0, 120.0, 240.0, 480.0]
    assert delays[9:] == [30_720.0, 43_200.0, 43_200.0]
    assert retry_after_seconds(10**9, 0.0, lambda: 0.0) == 43_200.0


@given(fraction=st.floats(0, 1, exclude_max=True))
def test_tries_go_on_for_seven_days(fraction: float) -> None:
    """Whatever the jitter, a peer has at least a week to come back, and no delivery lives for ever."""
    waited, attempt = 0.0, 1
    while (delay := retry_after_seconds(attempt, waited, lambda: fraction)) is not None:
        assert FIRST_DELAY_SECONDS <= delay <= LONGEST_DELAY_SECONDS * (1 + JITTER)
        waited += delay
        attempt += 1

    assert timedelta(seconds=waited) >= timedelta(days=7)
    assert waited < GIVE_UP_SECONDS + LONGEST_DELAY_SECONDS * (1 + JITTER)


def test_a_delay_is_up_to_a_quarter_longer() -> None:
    """Tries that failed together do not come back together."""
    delays = [retry_after_seconds(1, 0.0, lambda part=part: part) for part in (0.0, 0.5, 0.999)]  # type: ignore[misc]

    assert delays == [60.0, 67.5, pytest.approx(75.0, abs=0.1)]


def test_attempts_are_counted_from_one() -> None:
    """A mistake of the caller is not taken for a schedule."""
    with pytest.raises(ValueError, match="from 1"):
        retry_after_seconds(0, 0.0, lambda: 0.0)


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds
def test_http_dates_survive(moment: datetime) -> None:
    """A moment comes back to the second."""
    assert parse_http_date(format_http_date(moment)) == moment.replace(microsecond=0)
