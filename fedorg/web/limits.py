"""How often somebody may ask: counters over fixed windows, in memory, bounded in number.

What guards passwords, mailboxes and registrations is counted by all processes of a node together as well, across
restarts (``services.attempts``): more processes are no more guesses.

Limits are bound to a token's user, to an address, and for credentials to the name that is attacked as well (S56). The
numbers are Mastodon's; ``Settings.rate_limits`` multiplies them, 0 switches them off.
"""

import hashlib
import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from fedorg.errors import TooManyRequests


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """At most ``most`` requests within each window of ``seconds``."""

    name: str
    most: int
    seconds: int


MEMBER: Final = Rule(name="member", most=1500, seconds=300)
ANONYMOUS: Final = Rule(name="anonymous", most=300, seconds=300)
MEDIA: Final = Rule(name="media", most=30, seconds=1800)
PAGES: Final = Rule(name="pages", most=1500, seconds=300)
APPS: Final = Rule(name="apps", most=25, seconds=600)
REPORTS: Final = Rule(name="reports", most=400, seconds=86_400)
SIGN_UP: Final = Rule(name="sign_up", most=25, seconds=1800)
SIGN_IN_BY_ADDRESS: Final = Rule(name="sign_in_by_address", most=25, seconds=300)
SIGN_IN_BY_NAME: Final = Rule(name="sign_in_by_name", most=25, seconds=3600)
MAIL: Final = Rule(name="mail", most=5, seconds=1800)
TOKENS: Final = Rule(name="tokens", most=100, seconds=300)

_COUNTERS_MAX: Final = 50_000
_IPV6_PREFIX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is left of a rule for somebody, until ``reset_at``."""

    limit: int
    remaining: int
    reset_at: datetime


def limit_headers(budget: Budget) -> dict[str, str]:
    """What is left of a budget, in Mastodon's headers."""
    return {
        "X-RateLimit-Limit": str(budget.limit),
        "X-RateLimit-Remaining": str(max(0, budget.remaining)),
        "X-RateLimit-Reset": budget.reset_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }


class Limiter:
    """The counters of one process; the longest unused are forgotten first when there are too many."""

    def __init__(self, now: Callable[[], datetime], factor: float) -> None:
        self._now = now
        self._factor = factor
        self._counts: OrderedDict[tuple[str, str, datetime], int] = OrderedDict()

    def spend(self, rule: Rule, subject: str) -> Budget | None:
        """Count one request of ``subject``; what is left, negative when it is one too many. None: no limits here."""
        if self.is_off:
            return None
        reset_at = self.reset_at(rule)
        key = (rule.name, subject, reset_at)
        count = self._counts.pop(key, 0) + 1
        self._counts[key] = count
        while len(self._counts) > _COUNTERS_MAX:
            self._counts.popitem(last=False)
        return self.budget(rule, count, reset_at)

    @property
    def is_off(self) -> bool:
        """Whether nothing is limited here."""
        return self._factor == 0

    def budget(self, rule: Rule, count: int, reset_at: datetime) -> Budget:
        """What is left after so many requests within the window that ends then."""
        limit = max(1, round(rule.most * self._factor))
        return Budget(limit=limit, remaining=limit - count, reset_at=reset_at)

    def reset_at(self, rule: Rule) -> datetime:
        """When the window of now ends."""
        window = int(self._now().timestamp()) // rule.seconds
        return datetime.fromtimestamp((window + 1) * rule.seconds, tz=UTC)

    def refusal(self, budget: Budget) -> TooManyRequests:
        """The error that says how long to wait."""
        seconds = (budget.reset_at - self._now()).total_seconds()
        return TooManyRequests("Too many requests", max(1, int(seconds) + 1))


@lru_cache(maxsize=4096)
def subject_of_address(address: str) -> str:
    """One counter for an IPv4 address and one for an IPv6 /64, which is what one household holds."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
    return str(parsed)


def subject_of_name(name: str) -> str:
    """A counter for a sign-in name that keeps neither its letters nor its length."""
    return hashlib.sha256(name.strip().lower().encode()).hexdigest()
