"""What the answer to a delivery means, and when to try again.

- 2xx is ``Delivered``: the peer has it.
- 410 is ``Gone``: the inbox will not come back, nothing more is sent there.
- 401, 408, 425 and 429 are ``Retry``: the peer could not fetch our key just now, is busy, or asks for patience.
- 5xx but 501 are ``Retry``: the peer is ill.
- No answer is ``Retry``: down, unreachable or cut off; the peer may have it, which its deduplication absorbs.
- Anything else is ``Refused``: the same bytes would be refused again. Redirects too: a POST never follows one.

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
_DOUBLINGS_MAX: Final = 16


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


def retry_after_seconds(attempt: int, waited_seconds: float, fraction: Callable[[], float]) -> float | None:
    """Seconds until try number ``attempt + 1``; None means give up, ``waited_seconds`` after it was written down.

    Doubles from one minute to twelve hours, each up to a quarter longer so that a peer which comes back is not met by
    everybody at once; gives up with the first try that fails after seven days. ``fraction`` draws from [0, 1), like
    ``secrets.SystemRandom().random``.
    """
    if attempt < 1:
        raise ValueError("attempts are counted from 1")
    if waited_seconds >= GIVE_UP_SECONDS:
        return None
    doubled = FIRST_DELAY_SECONDS * 2.0 ** min(attempt - 1, _DOUBLINGS_MAX)
    return min(doubled, LONGEST_DELAY_SECONDS) * (1 + JITTER * fraction())
