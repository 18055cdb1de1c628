"""Answers that are given again: the same question by the same asker, while nothing in the database has changed.

This stands between the server and Quart. An answer to a GET is kept under its address, its ``Accept`` and a digest of
its ``Authorization``, an actor under the server that a signature names as well, never across viewers (S48), with the
version of the database from before it was made (``Database.version``). It is given again only at that very version, so
that whatever is committed, by any process, is in the next answer: a post, a block, a revoked token. What depends on the
clock (a mute that ends, a poll that closes) is at most ``FRESH_FOR`` late. Networks that are kept out, limits, metrics
and the log count such a request like any other. Nothing is kept of a request with a header that this module does not
know to be without influence.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, TypeAlias, cast

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Scope,
)

from fedorg import log
from fedorg.domain.ip_blocks import IpBlockSeverity
from fedorg.node import Node
from fedorg.services.moderation import ip_blocks
from fedorg.web.limits import Limiter, Rule, limit_headers, subject_of_address

logger = log.get_logger()

FRESH_FOR: Final = timedelta(seconds=10)
_BYTES_MAX: Final = 8 * 1024 * 1024
# What an answer takes beside its body: a thousand small ones must not be free.
_OVERHEAD_BYTES: Final = 2048
_ANSWER_BYTES_MAX: Final = 256 * 1024
_QUERY_BYTES_MAX: Final = 512
_OK: Final = 200

# Where the account of a request stands in its scope.
_ACCOUNT: Final = "fedorg.account"
# Likewise the version of the database from before anything was done for it.
_VERSION: Final = "fedorg.version"

# What many ask for often, and what a page of a client is made of.
_ADDRESSES: Final = re.compile(
    r"/api/v1/timelines/(home|public|tag/[^/]+|list/\d+)"
    r"|/api/v1/accounts/\d+(/statuses)?|/api/v1/statuses/\d+(/context)?|/api/v[12]/notifications"
    r"|/api/v[12]/instance|/api/v1/custom_emojis"
    r"|/\.well-known/(webfinger|nodeinfo|host-meta)|/nodeinfo/[\d.]+"
    r"|/actor|/users/[^/]+(/(outbox|followers|following|statuses/\d+))?"
)
_WITHOUT_INFLUENCE: Final = frozenset(
    b"host user-agent connection keep-alive accept-encoding accept-language cache-control pragma dnt origin referer "
    b"priority te via date x-requested-with sec-fetch-site sec-fetch-mode sec-fetch-dest sec-fetch-user sec-ch-ua "
    b"sec-ch-ua-mobile sec-ch-ua-platform sec-gpc".split()
)
_ACTORS: Final = re.compile(r"/actor|/users/[^/]+")
_SIGNATURE: Final = frozenset({b"signature", b"signature-input", b"digest", b"content-digest"})
# Made anew for each answer, or of no use to anybody else.
_LIMITS: Final = frozenset({b"x-ratelimit-limit", b"x-ratelimit-remaining", b"x-ratelimit-reset"})
_NOT_KEPT: Final = frozenset({b"set-cookie", b"mastodon-async-refresh"})

_Headers: TypeAlias = list[tuple[bytes, bytes]]
_Key: TypeAlias = tuple[str, bytes, bytes, bytes, str]


@dataclass(slots=True)
class Account:
    """What a request was counted as while it was answered; the views fill it in."""

    spent: list[tuple[Rule, str]] = field(default_factory=list)
    route: str = "(none)"


@dataclass(frozen=True, slots=True)
class _Kept:
    version: Hashable
    made_at: datetime
    account: Account
    address: str
    headers: _Headers
    body: bytes

    @property
    def size(self) -> int:
        """How much memory it takes beside its key, about."""
        return len(self.body) + _OVERHEAD_BYTES


class KeptAnswers:
    """Around the ASGI application of a node.

    ``claimed`` names the server that a signed question for an actor claims to come from, for an actor is told as far as
    is granted to that server, proven or not: empty for one that claims nothing, None where that does not settle it.
    """

    def __init__(
        self,
        application: ASGIFramework,
        node: Node,
        limiter: Limiter,
        claimed: Callable[[HTTPScope], str | None] = lambda _: None,
    ) -> None:
        self._claimed = claimed
        self._application = application
        self._node = node
        self._limiter = limiter
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer from what is kept, or as the application inside does."""
        key = _key(scope, self._claimed) if scope["type"] == "http" else None
        if key is None:
            await self._application(scope, receive, send)
            return
        asked = cast("HTTPScope", scope)
        version = await self._node.db.version()
        kept = self._kept.get(key)
        if kept is None or version is None or not await self._give(asked, kept, version, send):
            await self._make(key, asked, version, receive, send)
        elif key in self._kept:
            self._kept.move_to_end(key)

    async def _give(self, scope: HTTPScope, kept: _Kept, version: Hashable, send: ASGISendCallable) -> bool:
        """Whether the answer was given; a refusal is left to the application."""
        started, node = time.perf_counter(), self._node
        if kept.version != version or abs(node.now() - kept.made_at) > FRESH_FOR:
            return False
        address = _address(scope)
        if await ip_blocks.severity_for(node, address) is IpBlockSeverity.NO_ACCESS:
            return False
        own, first = subject_of_address(address), kept.address
        # What the first asker's address paid, that of this one pays now.
        budgets = [self._limiter.spend(rule, own if paid == first else paid) for rule, paid in kept.account.spent]
        tightest = min((one for one in budgets if one is not None), key=lambda one: one.remaining, default=None)
        if tightest is not None and tightest.remaining < 0:
            return False
        limits = [] if tightest is None else [(n.encode(), v.encode()) for n, v in limit_headers(tightest).items()]
        await send(_start(kept.headers + limits))
        await send(HTTPResponseBodyEvent(type="http.response.body", body=kept.body, more_body=False))
        record(node, kept.account.route, "GET", _OK, time.perf_counter() - started)
        return True

    async def _make(
        self, key: _Key, scope: HTTPScope, version: Hashable, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        account = Account()
        noted = cast("dict[str, object]", scope)
        noted[_ACCOUNT], noted[_VERSION] = account, version
        heard = _Heard(send)
        await self._application(scope, receive, heard)
        if version is not None and heard.is_whole and not _NOT_KEPT.intersection(name for name, _ in heard.headers):
            own = subject_of_address(_address(scope))
            headers = [(name, value) for name, value in heard.headers if name not in _LIMITS]
            self._keep(key, _Kept(version, self._node.now(), account, own, headers, bytes(heard.body)))

    def _keep(self, key: _Key, kept: _Kept) -> None:
        before = self._kept.pop(key, None)
        self._bytes += kept.size + (-before.size if before else _bytes_of(key))
        self._kept[key] = kept
        while self._bytes > _BYTES_MAX:
            oldest, let_go = self._kept.popitem(last=False)
            self._bytes -= let_go.size + _bytes_of(oldest)


def account_of(scope: Mapping[str, Any]) -> Account | None:
    """Where to write what a request is counted as; None for one whose answer is not kept."""
    account: Account | None = scope.get(_ACCOUNT)
    return account


def version_of(scope: Mapping[str, Any]) -> Hashable | None:
    """The version of the database that a request found; None where nobody looked."""
    version: Hashable | None = scope.get(_VERSION)
    return version


def record(node: Node, route: str, method: str, status: int, seconds: float) -> None:
    """Count a request that was answered, and write its line into the log."""
    node.metrics.requests.labels(route=route, method=method, status=str(status)).inc()
    node.metrics.request_seconds.labels(route=route).observe(seconds)
    logger.info("request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))


class _Heard:
    """What an application sends, passed on and remembered as long as it may be kept."""

    def __init__(self, send: ASGISendCallable) -> None:
        self._send = send
        self.headers: _Headers = []
        self.body = bytearray()
        self.is_whole = False
        self._is_kept = False

    async def __call__(self, event: ASGISendEvent) -> None:
        if event["type"] == "http.response.start":
            self._is_kept = event["status"] == _OK
            self.headers = [(name.lower(), value) for name, value in event["headers"]]
        elif event["type"] == "http.response.body" and self._is_kept:
            self.body += event["body"]
            self._is_kept = len(self.body) <= _ANSWER_BYTES_MAX
            self.is_whole = self._is_kept and not event.get("more_body", False)
        await self._send(event)


def _key(scope: Scope, claimed: Callable[[HTTPScope], str | None]) -> _Key | None:
    """What makes two requests the same; None for one whose answer is not kept."""
    asked = cast("HTTPScope", scope)
    query = asked["query_string"]
    if asked["method"] != "GET" or len(query) > _QUERY_BYTES_MAX or _ADDRESSES.fullmatch(asked["path"]) is None:
        return None
    said: dict[bytes, bytes] = {}
    is_signed = False
    for name, value in asked["headers"]:
        lower = name.lower()
        if lower in _SIGNATURE:
            is_signed = True
            continue
        if lower in _WITHOUT_INFLUENCE or (lower == b"content-length" and value == b"0"):
            continue
        if lower not in (b"authorization", b"accept") or lower in said:
            return None
        said[lower] = value
    by = "" if not is_signed else claimed(asked) if _ACTORS.fullmatch(asked["path"]) else None
    if by is None:
        return None
    token = said.get(b"authorization")
    return asked["path"], query, said.get(b"accept", b""), b"" if token is None else blake2b(token).digest(), by


def _bytes_of(key: _Key) -> int:
    """An address and an ``Accept`` may be as long as a head is."""
    return sum(map(len, key))


def _address(scope: HTTPScope) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"


def _start(headers: _Headers) -> HTTPResponseStartEvent:
    return HTTPResponseStartEvent(type="http.response.start", status=_OK, headers=headers, trailers=False)
