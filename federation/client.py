"""The one way out: every request that this program sends to another server is made here.

Each hop of each request passes ``addresses.check_url``, and its name the resolver of ``transport`` (S20 to S22).
Redirects are followed by hand, at most five, never back, never to another scheme, never for a POST (S23); a caller
with a policy of its own is asked about each hop before it is contacted (``admitting``, S15). Every
exchange has a deadline, a limit on silence and a limit on bytes (S24); compressed answers are refused, so what is
counted is what is read (S29). An ActivityPub document is taken only from the media types that mean one (S2). Peers
are knocked at twice: a signature scheme that a peer answers with 400, 401 or 403 is followed by the other one, and
the result names which worked.
"""

import asyncio
import copy
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urljoin

import httpx

from federation import delivery, signatures
from federation.addresses import AddressPolicy, CheckedUrl, check_url
from federation.bounded_json import load_json
from federation.errors import (
    AddressRefused,
    PeerAnswered,
    PeerUnreachable,
    TooLarge,
    TooManyRedirects,
    WrongContentType,
)
from federation.http_dates import parse_http_date
from federation.keys import SigningKey
from federation.lookups import Lookup, system_lookup
from federation.places import Places, Pool, Progress
from federation.signatures import Headers, Scheme
from federation.vocabulary import ACTIVITY_JSON, AS2_CONTEXT, LD_JSON
from federation.way_out import WayOut

_ACCEPT_DOCUMENT: Final = f"{ACTIVITY_JSON}, {LD_JSON}"
_PROFILE: Final = re.compile(r';[ \t]*profile[ \t]*=[ \t]*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s;]+))', re.IGNORECASE)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_DRAINED_BYTES: Final = 16_384

ContentTypeTest = Callable[[str], bool]
Admit = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may cost."""

    total_seconds: float = 20.0  # over all hops and knocks
    connect_seconds: float = 8.0
    read_seconds: float = 10.0  # silence between two reads
    document_bytes: int = 1_048_576
    redirects_max: int = 5
    pool: Pool = field(default_factory=Pool)
    documents_pool: Pool = field(default_factory=lambda: Pool(hosts_kept_max=64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A JSON document and where it was in the end; ``scheme`` is the one the peer accepted, if signed."""

    final_url: str
    body: bytes = field(repr=False)
    json: object = field(repr=False)
    scheme: Scheme | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Bytes of a declared media type, lower-case, without parameters; ``answered_at`` is the clock of who answered.

    ``charset`` is the parameter of that name, in lower case; None where it is missing.
    """

    final_url: str
    content_type: str
    body: bytes = field(repr=False)
    answered_at: datetime | None = None
    charset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a server says to a POST that is no activity."""

    status: int
    retry_after: float | None = None

    @property
    def is_success(self) -> bool:
        """Whether it was taken."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    url: CheckedUrl
    status: int
    headers: Mapping[str, str]  # by lower-case name
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    deadline: float
    bytes_max: int
    accepts: ContentTypeTest | None  # None: the body does not matter


class Client:
    """Sends requests within a policy and limits; used as an async context, or closed with ``aclose``."""

    def __init__(
        self,
        policy: AddressPolicy,
        user_agent: str,
        *,
        now: Callable[[], datetime],
        ca_file: Path | None = None,
        limits: Limits | None = None,
        lookup: Lookup = system_lookup,
    ) -> None:
        self.policy = policy
        self.limits = limits or Limits()
        self._user_agent = user_agent
        self._now = now
        # Whoever answers slowly to what strangers make this program ask keeps no place from a delivery. A connection
        # that waits serves both; of hosts that are only asked few keep one, while deliveries come again and again.
        pools = {"GET": self.limits.documents_pool, "POST": self.limits.pool}
        self._way_out = WayOut(policy, ca_file, pools, lookup)
        self._places = {method: Places(pool) for method, pool in pools.items()}
        self._admit: Admit | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._way_out.aclose()

    def admitting(self, admit: Admit) -> Self:
        """The same way out for a caller who asks ``admit`` about the URL of each hop; what it raises ends the fetch."""
        narrowed = copy.copy(self)
        narrowed._admit = admit  # noqa: SLF001 - of the same class
        return narrowed

    async def fetch_document(
        self, url: str, *, signer: SigningKey | None = None, scheme: Scheme = Scheme.RFC9421
    ) -> Document:
        """An ActivityPub document; whether its ``id`` fits ``final_url`` is for the caller to judge (S1).

        Signed by ``signer`` if given, first in ``scheme``. Raises ``FetchError`` and ``MalformedDocument``.
        """
        bounds = self._bounds(self.limits.document_bytes, is_activity_type)
        answer = await self._get(url, _ACCEPT_DOCUMENT, signer, scheme, bounds)
        if signer is not None and answer.status in delivery.KNOCK_AGAIN:
            second = await self._get(url, _ACCEPT_DOCUMENT, signer, scheme.other, bounds)
            if second.is_success:
                answer, scheme = second, scheme.other
        self._require_success(answer)
        return Document(
            final_url=answer.url.url,
            body=answer.body,
            json=load_json(answer.body),
            scheme=None if signer is None else scheme,
        )

    async def fetch_json(self, url: str, accept: Collection[str]) -> Document:
        """A JSON document of one of the media types in ``accept``, unsigned: WebFinger, NodeInfo."""
        content = await self.fetch_bytes(url, self.limits.document_bytes, accept)
        return Document(
            final_url=content.final_url,
            body=content.body,
            json=load_json(content.body),
            answered_at=content.answered_at,
        )

    async def fetch_bytes(self, url: str, max_bytes: int, content_types: Collection[str]) -> Content:
        """At most ``max_bytes`` of one of these media types, unsigned; an empty one stands for none being named."""
        bounds = self._bounds(max_bytes, lambda value: essence(value) in content_types)
        answer = await self._get(url, ", ".join(filter(None, content_types)), None, Scheme.RFC9421, bounds)
        self._require_success(answer)
        return Content(
            final_url=answer.url.url,
            content_type=essence(answer.headers.get("content-type", "")),
            body=answer.body,
            answered_at=_moment(answer.headers.get("date")),
            charset=charset_of(answer.headers.get("content-type", "")),
        )

    async def deliver(
        self,
        inbox: str,
        body: bytes,
        key: SigningKey,
        known_scheme: Scheme | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> delivery.Outcome:
        """POST an activity; never raises for what peer or network do. ``known_scheme`` is what worked last time.

        ``headers`` go with it, signed if they are among ``COVERED_IF_PRESENT``.
        """
        more = headers or {}
        scheme = known_scheme or Scheme.RFC9421
        try:
            url = check_url(inbox, self.policy)
            bounds = self._bounds(_DRAINED_BYTES, None)
            answer = await self._post(url, body, key, scheme, bounds, more)
            if answer.status in delivery.KNOCK_AGAIN:
                second = await self._post(url, body, key, scheme.other, bounds, more)
                # With a scheme that is known to work, its answer is the one that speaks about the activity.
                if second.is_success or known_scheme is None:
                    answer, scheme = second, scheme.other
        except AddressRefused as refused:
            return delivery.Refused(reason=str(refused))
        except PeerUnreachable as problem:
            return delivery.Retry(reason=str(problem), never_sent=problem.never_sent)
        return delivery.outcome_of(answer.status, scheme, retry_after=self._retry_after(answer))

    def check(self, url: str) -> None:
        """Return for a URL that may be contacted, as far as it tells by itself; raise ``AddressRefused``."""
        check_url(url, self.policy)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """POST bytes as they are, unsigned; a redirect is an answer like any other. Raises ``FetchError``."""
        here = check_url(url, self.policy)
        bounds = self._bounds(_DRAINED_BYTES, None)
        answer = await self._exchange("POST", here, {"Host": here.authority, **headers}, body, bounds=bounds)
        return Reply(status=answer.status, retry_after=self._retry_after(answer))

    async def _get(self, url: str, accept: str, signer: SigningKey | None, scheme: Scheme, bounds: _Bounds) -> _Answer:
        here = check_url(url, self.policy)
        visited: set[str] = set()
        while len(visited) <= self.limits.redirects_max:
            visited.add(here.url)
            if self._admit is not None:
                await self._admit(here.url)
            headers = {"Host": here.authority, "Accept": accept}
            if signer is not None:
                headers |= self._signature("GET", here, headers, b"", key=signer, scheme=scheme)
            answer = await self._exchange("GET", here, headers, b"", bounds=bounds)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            here = self._next_hop(here, location)
            if here.url in visited:
                raise TooManyRedirects(url, "it leads back")
        raise TooManyRedirects(url, f"more than {self.limits.redirects_max}")

    def _next_hop(self, here: CheckedUrl, location: str) -> CheckedUrl:
        try:
            target = check_url(urljoin(here.url, location), self.policy)
        except ValueError as problem:
            raise AddressRefused(here.url, "it redirects to something that is not a URL") from problem
        if target.scheme != here.scheme:
            raise AddressRefused(target.url, "a redirect to another scheme")
        return target

    async def _post(
        self,
        url: CheckedUrl,
        body: bytes,
        key: SigningKey,
        scheme: Scheme,
        bounds: _Bounds,
        more: Mapping[str, str],
    ) -> _Answer:
        headers = {"Host": url.authority, "Accept": _ACCEPT_DOCUMENT, "Content-Type": ACTIVITY_JSON, **more}
        headers |= self._signature("POST", url, headers, body, key=key, scheme=scheme)
        return await self._exchange("POST", url, headers, body, bounds=bounds)

    def _signature(
        self, method: str, url: CheckedUrl, headers: Mapping[str, str], body: bytes, *, key: SigningKey, scheme: Scheme
    ) -> dict[str, str]:
        request = signatures.Request(
            method=method, target_uri=url.url, path=url.path, headers=Headers.of(headers.items()), body=body
        )
        return dict(signatures.sign(request, key, scheme, now=self._now()))

    async def _exchange(
        self, method: str, url: CheckedUrl, headers: Mapping[str, str], body: bytes, *, bounds: _Bounds
    ) -> _Answer:
        progress = Progress()
        # pool is left to the deadline, which also covers resolving and the handshake.
        timeout = {"connect": self.limits.connect_seconds, "read": self.limits.read_seconds}
        request = httpx.Request(
            method,
            _server_of(f"{url.scheme}://{url.authority}"),
            headers={**headers, "User-Agent": self._user_agent, "Accept-Encoding": "identity"},
            stream=httpx.ByteStream(body),
            extensions={"target": url.path.encode(), "timeout": timeout, "progress": progress},
        )
        try:
            async with asyncio.timeout_at(bounds.deadline), self._places[method].taken(url.authority):
                transport = await self._way_out.open()
                response = await transport.handle_async_request(request)
                told = _fields(response)
                try:
                    content = await _read(url, response, told, bounds)
                finally:
                    await response.aclose()
        except TimeoutError as problem:
            raise PeerUnreachable(url.url, "no answer in time", never_sent=not progress.is_sent) from problem
        except httpx.HTTPError as problem:
            raise PeerUnreachable(url.url, "the answer was cut off", never_sent=False) from problem
        return _Answer(url=url, status=response.status_code, headers=told, body=content)

    def _bounds(self, bytes_max: int, accepts: ContentTypeTest | None) -> _Bounds:
        deadline = asyncio.get_running_loop().time() + self.limits.total_seconds
        return _Bounds(deadline=deadline, bytes_max=bytes_max, accepts=accepts)

    def _require_success(self, answer: _Answer) -> None:
        if not answer.is_success:
            raise PeerAnswered(answer.url.url, answer.status, retry_after=self._retry_after(answer))

    def _retry_after(self, answer: _Answer) -> float | None:
        return delivery.parse_retry_after(answer.headers.get("retry-after"), now=self._now())


# Requests go to the same servers again and again, and httpx takes longer to read a URL than to make a request.
_server_of: Final = lru_cache(maxsize=2048)(httpx.URL)


def essence(content_type: str) -> str:
    """A media type in lower case, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def charset_of(content_type: str) -> str | None:
    """The charset that a Content-Type names, in lower case."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip():
            return value.strip().strip('"').lower()
    return None


def is_activity_type(content_type: str) -> bool:
    """Whether a Content-Type promises an ActivityPub document (ActivityPub §3.2): plain JSON or JSON-LD does not."""
    kind = essence(content_type)
    if kind == "application/ld+json":
        profile = _PROFILE.search(content_type)
        return profile is not None and AS2_CONTEXT in (profile["quoted"] or profile["bare"] or "").split()
    return kind == ACTIVITY_JSON


def _moment(date: str | None) -> datetime | None:
    try:
        return None if date is None else parse_http_date(date)
    except ValueError:
        return None


def _fields(response: httpx.Response) -> dict[str, str]:
    """What the answer says in its headers, each line of one name after the other."""
    found: dict[str, str] = {}
    for raw_name, raw_value in response.headers.raw:
        name, value = raw_name.decode("latin-1").lower(), _text(raw_value)
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


async def _read(url: CheckedUrl, response: httpx.Response, headers: Mapping[str, str], bounds: _Bounds) -> bytes:
    if bounds.accepts is None or not response.is_success:
        # An answer without a body is over with its headers.
        return b"" if headers.get("content-length") == "0" else await _drain(response)
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise WrongContentType(url.url, "a compressed answer, which was not asked for")
    if not bounds.accepts(headers.get("content-type", "")):
        raise WrongContentType(url.url, headers.get("content-type", "none")[:100])
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared) > bounds.bytes_max:
        raise TooLarge(url.url, f"more than {bounds.bytes_max} bytes")
    body = bytearray()
    async for chunk in _chunks(response):
        body += chunk
        if len(body) > bounds.bytes_max:
            raise TooLarge(url.url, f"more than {bounds.bytes_max} bytes")
    return bytes(body)


def _chunks(response: httpx.Response) -> httpx.AsyncByteStream:
    """The body as it comes; ``aiter_raw`` is the same with a generator around it."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return response.stream


async def _drain(response: httpx.Response) -> bytes:
    # A short answer that is read to its end leaves the connection usable; a long one is cut off with it.
    size = 0
    async for chunk in _chunks(response):
        size += len(chunk)
        if size > _DRAINED_BYTES:
            break
    return b""
