"""The way bytes leave: httpx's interface over aiohttp, with every address checked before it is connected to.

Names are resolved here, all records are checked, and aiohttp connects to exactly these (S20). What was signed is
what is sent: httpx-aiohttp would let yarl rewrite the path (``%40``, ``%7E``, ``?``), so the request line is passed
through untouched. All aiohttp errors become ``PeerUnreachable``, which says whether the request can have reached the
peer. One TLS context, one pool.
"""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import certifi
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream
from typing_extensions import override
from yarl import URL

from federation.addresses import AddressPolicy, is_loopback_host
from federation.errors import AddressRefused, PeerUnreachable
from federation.lookups import Lookup
from federation.places import Pool, Progress

# Contexts that nothing here uses, each with all authorities of the system: 2 MiB, which others get.
vars(aiohttp.connector).pop("_SSL_CONTEXT_VERIFIED", None)
vars(aiohttp.connector).pop("_SSL_CONTEXT_UNVERIFIED", None)

_OUR_OWN: Final = frozenset({"Accept", "Accept-Encoding", "User-Agent", "Content-Type"})
_CLOSED: Final = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError)
_DNS_SECONDS: Final = 30

_Host = tuple[str, int]  # as in the keys of connections


def trust_authorities(context: ssl.SSLContext, ca_file: Path | None) -> None:
    """Let a context trust the system's authorities (``SSL_CERT_FILE`` is honoured) and those in ``ca_file``.

    A system without any, such as a slim container, gets certifi's. All of them are some 40 ms of work.
    """
    context.load_default_certs()
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not paths.capath:
        context.load_verify_locations(certifi.where())
    if ca_file is not None:
        context.load_verify_locations(ca_file)


class GuardedResolver(AbstractResolver):
    """Resolves a host to addresses that may all be contacted, or raises ``AddressRefused``."""

    def __init__(self, policy: AddressPolicy, lookup: Lookup) -> None:
        self._policy = policy
        self._lookup = lookup

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        texts = ["127.0.0.1", "::1"] if is_loopback_host(host) else await self._lookup(host)
        addresses = [ipaddress.ip_address(text) for text in dict.fromkeys(texts)]
        if not addresses:
            raise OSError("the name has no address")
        if not all(self._policy.permits(address) for address in addresses):
            raise AddressRefused(host, "not all of its addresses are public")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,  # noqa: PLR2004
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    @override
    async def close(self) -> None:
        """Nothing is held."""


class GuardedTransport(AiohttpTransport):
    """Sends httpx requests whose URL has passed ``check_url``.

    The extension ``target`` is httpx's own: path and query as they are sent, ``progress`` tells how far it came.
    """

    def __init__(self, policy: AddressPolicy, ca_file: Path | None, pools: Mapping[str, Pool], lookup: Lookup) -> None:
        # It trusts nobody until the first request that needs it has read whom to trust.
        super().__init__(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
        self._ca_file = ca_file
        self._reading = asyncio.Lock()
        self._is_trusting = False
        self._keepalive_seconds = min(pool.keepalive_seconds for pool in pools.values())
        # Deliveries go to the same hosts again, so that those that keep a connection go on doing so. What is asked for
        # comes in short rows (WebFinger, the actor, a Follow), so that whoever was asked last keeps one.
        self._delivered_to = _KeptHosts(pools["POST"])
        self._asked = _KeptHosts(pools["GET"], let_go=self._let_go)
        self._resolver = GuardedResolver(policy, lookup)

    @override
    def get_client(self) -> aiohttp.ClientSession:
        connector = _Connector(
            is_kept=self._is_kept,
            ssl=self.ssl_context,
            resolver=self._resolver,
            ttl_dns_cache=_DNS_SECONDS,
            # Whoever sends has taken one of the ``Places``.
            limit=0,
            limit_per_host=0,
            keepalive_timeout=self._keepalive_seconds,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[_trace()],
            skip_auto_headers=_OUR_OWN,
            auto_decompress=False,
            trust_env=False,
        )
        # It would send a GET once more over a new connection whatever happened to the first; whether that makes sense
        # is decided in ``handle_async_request``.
        session._retry_connection = False  # noqa: SLF001 - there is no other way
        return session

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not isinstance(self.client, aiohttp.ClientSession):
            self.client = self.get_client()
        progress: Progress = request.extensions.get("progress", Progress())
        try:
            if request.url.scheme == "https" and not self._is_trusting:
                await self._trust_authorities()
            return await self._send(self.client, request, progress)
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            if not (progress.is_reused and isinstance(problem, _CLOSED)):
                raise _unreachable(request, progress, problem) from problem
        # A peer closes idle connections whenever it likes; one that closed while it was picked says nothing about the
        # peer. Activities are deduplicated by id, so a second try is safe.
        try:
            return await self._send(self.client, request, progress)
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            raise _unreachable(request, progress, problem) from problem

    async def _trust_authorities(self) -> None:
        async with self._reading:
            if self._is_trusting:
                return
            await asyncio.to_thread(trust_authorities, self.ssl_context, self._ca_file)
            self._is_trusting = True

    async def _send(self, session: aiohttp.ClientSession, request: httpx.Request, progress: Progress) -> httpx.Response:
        seconds = request.extensions.get("timeout", {})
        headers = request.headers.multi_items()
        if not self._keeps(request.method, (request.url.raw_host.decode(), _port_of(request.url))):
            headers.append(("Connection", "close"))
        progress.is_reused = False
        response = await session.request(
            request.method,
            URL(_address_of(request), encoded=True),
            headers=headers,
            data=request.read() or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=seconds.get("pool"),
                sock_connect=seconds.get("connect"),
                sock_read=seconds.get("read"),
            ),
            trace_request_ctx=progress,
        )
        return httpx.Response(
            response.status, headers=response.raw_headers, stream=AiohttpResponseStream(response), request=request
        )

    def _keeps(self, method: str, host: _Host) -> bool:
        """Whether the connection is kept; a host that is delivered to keeps its own when it is asked, too."""
        if method == "POST":
            return self._delivered_to.takes(host)
        return self._delivered_to.holds(host) or self._asked.takes(host)

    def _is_kept(self, host: _Host) -> bool:
        return self._delivered_to.holds(host) or self._asked.holds(host)

    def _let_go(self, host: _Host) -> None:
        if isinstance(self.client, aiohttp.ClientSession) and not self._delivered_to.holds(host):
            connector = self.client.connector
            assert isinstance(connector, _Connector)
            connector.let_go(host)


class _Connector(aiohttp.TCPConnector):
    """aiohttp's, which can be told that nothing more is asked of a host, also while it answers."""

    def __init__(self, *, is_kept: Callable[[_Host], bool], **options: Any) -> None:  # noqa: ANN401 - aiohttp's own
        super().__init__(**options)
        self._is_kept = is_kept

    @override
    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        is_kept = self._is_kept((key.host, key.port or 0))
        super()._release(key, protocol, should_close=should_close or not is_kept)

    def let_go(self, host: _Host) -> None:
        """Close the connections to a host that wait."""
        for key in [key for key in self._conns if (key.host, key.port) == host]:
            for connection, _ in self._conns.pop(key):
                connection.close()


class _KeptHosts:
    """Whose connections wait for more requests; a connection to one host too many ends with its answer.

    With ``let_go``, the one that was used longest ago ends instead. A connection is looked for only when its time is
    over, so that it may wait for twice as long.
    """

    def __init__(self, pool: Pool, *, let_go: Callable[[_Host], None] | None = None) -> None:
        self._most = pool.hosts_kept_max
        self._seconds = pool.keepalive_seconds * 2
        self._let_go = let_go
        self._until: OrderedDict[_Host, float] = OrderedDict()

    def holds(self, host: _Host) -> bool:
        """Whether a host keeps its connection."""
        return self._until.get(host, 0.0) > time.monotonic()

    def takes(self, host: _Host) -> bool:
        """Whether a connection to a host, that is asked now, is kept."""
        now, until = time.monotonic(), self._until
        while until and next(iter(until.values())) <= now:
            until.popitem(last=False)
        if host not in until and len(until) >= self._most:
            if self._let_go is None or not until:
                return False
            oldest, _ = until.popitem(last=False)
            self._let_go(oldest)
        until[host] = now + self._seconds
        until.move_to_end(host)
        return True


def _address_of(request: httpx.Request) -> str:
    """Where a request goes, whose path and query are the extension ``target`` as it is."""
    target: bytes = request.extensions.get("target", request.url.raw_path)
    return f"{request.url.scheme}://{request.url.netloc.decode()}{target.decode()}"


def _port_of(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _unreachable(request: httpx.Request, progress: Progress, problem: Exception) -> PeerUnreachable:
    reason = str(problem) or type(problem).__name__
    return PeerUnreachable(_address_of(request), reason, never_sent=not progress.is_sent)


def _trace() -> aiohttp.TraceConfig:
    async def on_sent(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.is_sent = True

    async def on_reused(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.is_reused = True

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(on_sent)
    trace.on_connection_reuseconn.append(on_reused)
    return trace
