"""The inboxes in front of Quart: most of what comes to a node are activities, and Quart costs more than taking one.

What comes as programs send it, with its length announced and within bounds, is taken here by ``inbox.accept``, and
answered as the views would answer: the same checks and limits, the same errors and headers, the same line in the log.
Everything else is left to the views.
"""

import asyncio
import re
import time
from typing import Final

import msgspec
from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Scope,
)

from federation.signatures import Request
from fedorg.domain.ip_blocks import IpBlockSeverity
from fedorg.errors import Forbidden
from fedorg.node import Node, Turn
from fedorg.services.moderation import ip_blocks
from fedorg.web import answers, base, bodies
from fedorg.web.activitypub import inbox
from fedorg.web.activitypub.requests import request_of
from fedorg.web.limits import Budget, Limiter, Rule, limit_headers

_INBOXES: Final = re.compile(r"/inbox|/actor/inbox|/users/(?P<username>[^/]+)/inbox")
_TIMEOUT: Final = 408


class InboxDoor:
    """Around the ASGI application of a node."""

    def __init__(self, application: ASGIFramework, node: Node, limiter: Limiter) -> None:
        self._application = application
        self._node = node.working_for(Turn.PEERS)
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Take an activity, or answer as the application inside does."""
        if scope["type"] == "http" and scope["method"] == "POST":
            found = _INBOXES.fullmatch(scope["path"])
            if found is not None and _is_plain(scope):
                await self._answer(scope, found["username"], receive, send)
                return
        await self._application(scope, receive, send)

    async def _answer(
        self, scope: HTTPScope, username: str | None, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        started = time.perf_counter()
        route = scope["path"] if username is None else "/users/<username>/inbox"
        spending = _Spending(self._limiter)
        headers: dict[str, str] = {}
        try:
            async with asyncio.timeout(bodies.SECONDS):
                body = await _body(receive)
        except TimeoutError:
            status, told = _TIMEOUT, b'{"error":"Request Timeout"}'
        else:
            if body is None:
                return
            try:
                await self._accept(scope, username, spending, body)
                status, told = inbox.ACCEPTED, b"{}"
            except Exception as problem:  # noqa: BLE001 - each has its answer
                refusal = base.refusal_of_any(problem, route)
                status, told, headers = refusal.status, msgspec.json.encode(refusal.body), dict(refusal.headers)
        if spending.tightest is not None:
            headers |= limit_headers(spending.tightest)
        named = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(told)), **headers}
        named = {**base.always(self._node), **named}
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
        await send(HTTPResponseStartEvent(type="http.response.start", status=status, headers=encoded, trailers=False))
        await send(HTTPResponseBodyEvent(type="http.response.body", body=told, more_body=False))
        answers.record(self._node, route, "POST", status, time.perf_counter() - started)

    async def _accept(self, scope: HTTPScope, username: str | None, spending: "_Spending", body: bytes) -> None:
        address = base.address_of(scope)
        if await ip_blocks.severity_for(self._node, address) is IpBlockSeverity.NO_ACCESS:
            raise Forbidden(base.KEPT_OUT)

        async def read() -> Request:
            return request_of(self._node, scope, body)

        await inbox.accept(self._node, username, address, spending.spend, read)


class _Spending:
    """What one request costs of the limits; ``tightest`` is the one that is the nearest to its end."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self.tightest: Budget | None = None

    def spend(self, rule: Rule, subject: str) -> None:
        budget = self._limiter.spend(rule, subject)
        if budget is None:
            return
        if self.tightest is None or budget.remaining < self.tightest.remaining:
            self.tightest = budget
        if budget.remaining < 0:
            raise self._limiter.refusal(budget)


def _is_plain(scope: HTTPScope) -> bool:
    """Whether a program sends a body whose length is known and allowed."""
    length = None
    for name, value in scope["headers"]:
        match name.lower():
            case b"content-length":
                if length is not None or not value.isdigit() or int(value) > bodies.BODY_BYTES_MAX:
                    return False
                length = int(value)
            case b"transfer-encoding" | b"expect":
                return False
            case b"accept" if b"text/html" in value:
                return False
            case _:
                pass
    return length is not None


async def _body(receive: ASGIReceiveCallable) -> bytes | None:
    """All of it; None if the sender went away meanwhile."""
    parts = []
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return None
        parts.append(event["body"])
        if not event["more_body"]:
            return b"".join(parts)
