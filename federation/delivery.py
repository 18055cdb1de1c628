"""What the answer to a delivery means, and when to try again.

=====================  ==========  ==================================================================================
answer                 outcome     because =====================  ==========
================================================================================== 2xx                    Delivered
the peer has it 410                    Gone        the inbox will not come back: forget it 401, 408, 425, 429
Retry       the peer could not fetch our key just now, is busy, or asks for patience 5xx but 501            Retry
the peer is ill no answer              Retry       down, unreachable, or cut off; the peer may have it, which its
deduplication absorbs anything else          Refused     the same bytes would be refused again, redirects included: a
POST never follows one =====================  ==========
==================================================================================

A first 400, 401 or 403 may only mean that the peer does not know the signature scheme: it is knocked at once more
with the other one (``KNOCK_AGAIN``), and ``Delivered`` names the scheme to remember.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from federation.http_dates import parse_http_date
from federation.signatures import Scheme

KNOCK_AGAIN: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})

FIRST_DELAY_SECONDS: Final = 60.0
LONGEST_DELAY_SECONDS: Final = 12 * 3600.0
GIVE_UP_SECONDS: Final = 7 * 24 * 3600.0
JITTER: Final = 0.25
RETRY_AFTER_MAX_SECONDS: Final = 24 * 3600.0

_PASSING: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_RETRY_AFTER_DIGITS_MAX: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The peer has accepted the activity, signed in this scheme."""

    scheme: Scheme
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Not now. ``after_seconds`` is the peer's wish; ``never_sent``: the peer cannot have seen the activity."""

    reason: str
    status: int | None = None
    after_seconds: float | None = None
    never_sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The inbox does not exist any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Never, in this form. ``status`` is None when our own rules forbid to contact the inbox."""

    reason: str
    status: int | None = None


Outcome = Delivered | Retry | Gone | Refused


def outcome_of(status: int, scheme: Scheme, *, retry_after: float | None) -> Outcome:
    """The meaning of an answer to a request that was signed in this scheme; the table is in the module header."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Delivered(scheme=scheme, status=status)
    if status == HTTPStatus.GONE:
        return Gone()
    is_ill = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED
    if is_ill or status in _PASSING:
        return Retry(reason=f"answered {status}", status=status, after_seconds=retry_after)
    return Refused(reason=f"answered {status}", status=status)


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds from a ``Retry-After`` in either form (RFC 9110 §10.2.3), at most a day; None if absent or unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) <= _RETRY_AFTER_DIGITS_MAX:
        seconds = float(text)
    else:
        try:
            seconds = (parse_http_date(text) - now).total_seconds()
        except ValueError:
            return None
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_SECONDS)


def retry_after_seconds(attempt: int, fraction: Callable[[], float]) -> float | None:
    """Seconds until try number ``attempt + 1``; None means give up.

    Doubles from one minute to twelve hours, each up to a quarter longer so that a peer which comes back is not met by
    everybody at once; gives up when the delays, without jitter, have added up to seven days. ``fraction`` draws from
    [0, 1), like ``secrets.SystemRandom().random``.
    """
    if attempt < 1:
        raise ValueError("attempts are counted from 1")
    if attempt > _TRIES_MAX:
        return None
    return _delay(attempt) * (1 + JITTER * fraction())


def _delay(attempt: int) -> float:
    return min(FIRST_DELAY_SECONDS * 2.0 ** (attempt - 1), LONGEST_DELAY_SECONDS)


def _count_tries() -> int:
    waited, attempt = 0.0, 0
    while waited < GIVE_UP_SECONDS:
        attempt += 1
        waited += _delay(attempt)
    return attempt


_TRIES_MAX: Final = _count_tries()
