"""The one way out keeps its rules on the wire: S2, S20 to S24, S29, signatures as sent, and two knocks."""

import asyncio
import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from federation.addresses import AddressPolicy
from federation.client import Client, Limits, charset_of, is_activity_type
from federation.delivery import Delivered, Gone, Outcome, Refused, Retry
from federation.errors import (
    AddressRefused,
    FetchError,
    MalformedDocument,
    PeerAnswered,
    PeerUnreachable,
    TooLarge,
    TooManyRedirects,
    WrongContentType,
)
from federation.signatures import Scheme, read, verify
from federation.vocabulary import ACTIVITY_JSON, LD_JSON
from tests.federation.outbound import LOOPBACK, answers, authority_of, client, never
from tests.federation.signing import ED25519_KEY, NOW, RSA_KEY, SIGNING_KEYS, verification_key
from tests.federation.wire import Received, http, peer

# Fetching ------------------------------------------------------------------------------------------------------------


async def test_a_document_is_fetched() -> None:
    """JSON, bytes and final address arrive; the request asks for ActivityPub, uncompressed, and names us."""
    async with peer(lambda _: http(body=b'{"id":"x"}')) as other, client() as here:
        document = await here.fetch_document(f"{other.http}/users/1#main-key")

    (received,) = other.received
    assert document.json == {"id": "x"}
    assert document.body == b'{"id":"x"}'
    assert document.final_url == f"{other.http}/users/1"
    assert document.scheme is None
    assert received.line == "GET /users/1 HTTP/1.1"
    assert received.headers.single("accept") == f"{ACTIVITY_JSON}, {LD_JSON}"
    assert received.headers.single("accept-encoding") == "identity"
    assert received.headers.single("user-agent") == "fedorg-test/1.0"
    assert received.headers.single("host") == f"localhost:{other.port}"
    assert "signature" not in received.headers.lines


@pytest.mark.parametrize("kind", SIGNING_KEYS)
@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/@a%40b.example/%7Ealice",
        "/users/1?",
        "/users/1?page=1&q=%C3%BC%20x+y",
        "/ü/☃?q=ü",
        "//double//slash/",
        "/a/../b",
        "/;p=1,(x)!$'*:@|^`[]",
        "?only=query",
    ],
)
async def test_what_is_signed_is_what_is_sent(path: str, scheme: Scheme, kind: str) -> None:
    """The request line on the wire verifies for every path: no layer rewrites it after signing."""
    key = SIGNING_KEYS[kind]
    async with peer(lambda _: http()) as other, client() as here:
        document = await here.fetch_document(f"{other.http}{path}", signer=key, scheme=scheme)
        delivered = await here.deliver(f"{other.http}{path}", b'{"a":1}', key, known_scheme=scheme)

    assert document.scheme is scheme
    assert delivered == Delivered(scheme=scheme, status=200)
    for received in other.received:
        request = received.as_request(other.http)
        assert verify(read(request), request, verification_key(key), now=NOW).scheme is scheme
    assert other.received[0].as_request(other.http).target_uri == document.final_url


@pytest.mark.parametrize(
    ("content_type", "is_one"),
    [
        ("application/activity+json", True),
        ("Application/Activity+JSON; charset=utf-8", True),
        (LD_JSON, True),
        ("application/ld+json; charset=utf-8; Profile=https://www.w3.org/ns/activitystreams", True),
        ('application/ld+json;profile="https://w3id.org/x https://www.w3.org/ns/activitystreams"', True),
        ("application/ld+json", False),
        ('application/ld+json; profile="https://example.com/"', False),
        ('application/ld+json; profile=""', False),
        ("application/json", False),
        ("text/html", False),
        ("text/html; x=application/activity+json", False),
        ("image/png", False),
        ("", False),
    ],
)
async def test_s2_media_types_of_documents(content_type: str, *, is_one: bool) -> None:
    """Only what says that it is an ActivityPub document is read as one: uploads and pages are not."""
    assert is_activity_type(content_type) is is_one

    async with peer(lambda _: http(content_type=content_type)) as other, client() as here:
        if is_one:
            assert (await here.fetch_document(f"{other.http}/")).json == {}
        else:
            with pytest.raises(WrongContentType):
                await here.fetch_document(f"{other.http}/")


async def test_json_and_bytes_of_other_types() -> None:
    """WebFinger and media are fetched by the same client, each with the types that were asked for."""
    async with peer(lambda _: http(content_type="application/jrd+json", body=b"[1]")) as other, client() as here:
        document = await here.fetch_json(f"{other.http}/", ["application/jrd+json"])
        content = await here.fetch_bytes(f"{other.http}/", 3, ["image/png", "application/jrd+json"])
        with pytest.raises(WrongContentType):
            await here.fetch_bytes(f"{other.http}/", 3, ["image/png"])

    assert document.json == [1]
    assert (content.content_type, content.body) == ("application/jrd+json", b"[1]")
    assert other.received[1].headers.single("accept") == "image/png, application/jrd+json"


@pytest.mark.parametrize(
    ("date", "moment"), [("Fri, 01 May 2026 12:00:30 GMT", NOW + timedelta(seconds=30)), ("soon", None), (None, None)]
)
async def test_the_clock_of_the_peer(date: str | None, moment: datetime | None) -> None:
    """What the peer's Date says is handed on, so that clocks can be compared; nonsense counts as absent."""
    answer = http() if date is None else http(date=date)
    async with peer(lambda _: answer) as other, client() as here:
        document = await here.fetch_json(f"{other.http}/", [ACTIVITY_JSON])

    assert document.answered_at == moment


async def test_broken_json_is_refused() -> None:
    """The type alone does not make a document."""
    async with peer(lambda _: http(body=b"{")) as other, client() as here:
        with pytest.raises(MalformedDocument):
            await here.fetch_document(f"{other.http}/")


async def test_s29_deep_json_is_refused() -> None:
    """Nesting is counted before objects are built."""
    async with peer(lambda _: http(body=b"[" * 33 + b"]" * 33)) as other, client() as here:
        with pytest.raises(MalformedDocument, match="nested"):
            await here.fetch_document(f"{other.http}/")


async def test_errors_of_the_peer() -> None:
    """A status other than 2xx is an error with the status and the peer's wish for later."""
    async with peer(lambda _: http(429, retry_after="120")) as other, client() as here:
        with pytest.raises(PeerAnswered) as answered:
            await here.fetch_document(f"{other.http}/")

    assert (answered.value.status, answered.value.retry_after) == (429, 120.0)
    assert answered.value.status_hint == 502


async def test_cookies_are_not_kept() -> None:
    """A peer cannot recognise us, nor fill our memory."""
    async with peer(lambda _: http(set_cookie="a=b; Path=/")) as other, client() as here:
        await here.fetch_document(f"{other.http}/")
        await here.fetch_document(f"{other.http}/")

    assert all("cookie" not in received.headers.lines for received in other.received)


# Addresses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "records",
    [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:10.0.0.1"], ["8.8.8.8", "10.0.0.1"]],
)
async def test_s20_names_that_lead_inside_are_refused(records: list[str]) -> None:
    """All records of a name are checked before anything is connected to."""
    async with client(AddressPolicy(), lookup=answers(*records)) as here:
        with pytest.raises(AddressRefused):
            await here.fetch_document("https://rebound.example/")
        outcome = await here.deliver("https://rebound.example/inbox", b"{}", RSA_KEY)

    assert isinstance(outcome, Refused)


@pytest.mark.parametrize("host", ["localhost", "node.localhost"])
async def test_s20_localhost_is_refused_without_the_setting(host: str) -> None:
    """Names of this machine are loopback whatever a resolver says, and closed by default."""
    async with client(AddressPolicy(), lookup=answers("8.8.8.8")) as here:
        with pytest.raises(AddressRefused):
            await here.fetch_document(f"https://{host}/")


async def test_s20_the_checked_address_is_connected_to(tmp_path: Path) -> None:
    """The connection goes to what the one look-up said, under the name that the certificate is for."""
    asked: list[str] = []

    async def lookup(host: str) -> list[str]:
        await asyncio.sleep(0)
        asked.append(host)
        return ["127.0.0.1"]

    authority, tls = authority_of(tmp_path, "social.example")
    policy = AddressPolicy(allowed_networks=(ipaddress.ip_network("127.0.0.0/8"),), allow_http_loopback=True)
    async with (
        peer(lambda _: http(), tls=tls) as other,
        client(policy, ca_file=authority, lookup=lookup) as here,
    ):
        url = f"https://Social.Example:{other.port}/"
        await here.fetch_document(url)
        await here.fetch_document(url)

    assert asked == ["social.example"]
    assert len(other.received) == 2


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://u@x.example/", "http://x.example/"]
)
async def test_s22_urls_are_checked_before_anything_else(url: str) -> None:
    """Literals, credentials and plain http never get as far as a resolver."""

    async def lookup(_host: str) -> list[str]:
        await asyncio.sleep(0)
        raise AssertionError("asked the resolver")

    async with client(AddressPolicy(), lookup=lookup) as here:
        for fetch in (here.fetch_document(url), here.fetch_json(url, []), here.fetch_bytes(url, 1, [])):
            with pytest.raises(AddressRefused):
                await fetch
        assert isinstance(await here.deliver(url, b"", RSA_KEY), Refused)


async def test_names_without_an_address() -> None:
    """A name that does not resolve is a peer that cannot be reached; nothing was sent."""

    async def fails(_host: str) -> list[str]:
        await asyncio.sleep(0)
        raise OSError("no such host")

    for lookup in (answers(), fails):
        async with client(AddressPolicy(), lookup=lookup) as here:
            with pytest.raises(PeerUnreachable) as unreachable:
                await here.fetch_document("https://nowhere.example/")
            assert unreachable.value.never_sent


# Redirects -----------------------------------------------------------------------------------------------------------


def redirects(**to: str) -> Callable[[Received], bytes]:
    """Paths without a redirect answer with a document."""

    def answer(received: Received) -> bytes:
        location = to.get(received.target.strip("/"))
        return http() if location is None else http(302, location=location)

    return answer


async def test_redirects_are_followed_and_signed_anew() -> None:
    """Each hop is signed for its own address; the final one is reported."""
    async with peer(redirects(a="/b", b="c")) as other, client() as here:
        document = await here.fetch_document(f"{other.http}/a", signer=RSA_KEY)

    assert document.final_url == f"{other.http}/c"
    for received in other.received:
        request = received.as_request(other.http)
        verify(read(request), request, verification_key(RSA_KEY), now=NOW)


async def test_a_caller_is_asked_about_each_hop_and_may_end_the_fetch() -> None:
    """Who admits is asked before a host is contacted; the client it was given to others stays as it was."""
    asked: list[str] = []

    async def admit(url: str) -> None:
        asked.append(url)
        if url.endswith("/b"):
            raise AddressRefused(url, "not this one")
        await asyncio.sleep(0)

    async with peer(redirects(a="/b")) as other, client() as here:
        with pytest.raises(AddressRefused, match="not this one"):
            await here.admitting(admit).fetch_document(f"{other.http}/a")
        assert [received.target for received in other.received] == ["/a"]
        assert (await here.fetch_document(f"{other.http}/a")).final_url == f"{other.http}/b"

    assert asked == [f"{other.http}/a", f"{other.http}/b"]


@pytest.mark.parametrize("location", ["/café".encode(), "/café".encode("latin-1")])
async def test_a_redirect_to_what_is_not_ascii(location: bytes) -> None:
    """A server may write it in UTF-8, or as servers did before that."""
    away = http(302).replace(b"content-type", b"Location: " + location + b"\r\ncontent-type")
    sent = iter([away, http()])
    async with peer(lambda _: next(sent)) as other, client() as here:
        await here.fetch_document(f"{other.http}/")

    assert other.received[-1].target == "/caf%C3%A9"


async def test_s23_five_redirects_and_not_one_more() -> None:
    """The limit counts hops."""
    chain = {str(number): f"/{number + 1}" for number in range(6)}
    async with peer(redirects(**chain)) as other, client() as here:
        assert (await here.fetch_document(f"{other.http}/1")).final_url == f"{other.http}/6"
        with pytest.raises(TooManyRedirects):
            await here.fetch_document(f"{other.http}/0")


@pytest.mark.parametrize("chain", [{"a": "/a"}, {"a": "/b", "b": "/a"}, {"a": "/a#x"}])
async def test_s23_redirects_in_a_circle(chain: dict[str, str]) -> None:
    """Nothing is visited twice."""
    async with peer(redirects(**chain)) as other, client() as here:
        with pytest.raises(TooManyRedirects):
            await here.fetch_document(f"{other.http}/a")

    assert len(other.received) == len(chain)


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "http://10.0.0.1/",
        "http://example.com/",
        "file:///etc/passwd",
        "data:application/activity+json,{}",
        "http://user:secret@localhost/",
        "http://[::1",
        "http://2130706433/",
        "//10.0.0.1/",
    ],
)
async def test_s22_each_hop_is_checked(location: str) -> None:
    """A redirect to another scheme, a private address or something unreadable is not followed."""
    async with peer(redirects(a=location)) as other, client() as here:
        with pytest.raises(AddressRefused):
            await here.fetch_document(f"{other.http}/a")

    assert len(other.received) == 1


async def test_a_redirect_without_a_location() -> None:
    """It is an answer like any other that is not 2xx."""
    async with peer(lambda _: http(302)) as other, client() as here:
        with pytest.raises(PeerAnswered):
            await here.fetch_document(f"{other.http}/")


async def test_a_delivery_is_never_redirected() -> None:
    """A POST goes where it was addressed or nowhere."""
    async with peer(redirects(inbox="/elsewhere")) as other, client() as here:
        outcome = await here.deliver(f"{other.http}/inbox", b"{}", RSA_KEY)

    assert outcome == Refused(reason="answered 302", status=302)
    assert len(other.received) == 1


# Time and size -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        http(body=b"x" * 101),
        http(body=b"x" * 101).replace(b"content-length: 101", b"connection: close"),
        b"HTTP/1.1 200 OK\r\ncontent-type: " + ACTIVITY_JSON.encode() + b"\r\ntransfer-encoding: chunked\r\n\r\n"
        b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n",
    ],
    ids=["declared", "until-close", "chunked"],
)
async def test_s24_too_many_bytes(data: bytes) -> None:
    """The limit holds whether the peer declares its length or not."""
    sent = iter([data, b""])
    async with peer(lambda _: next(sent)) as other, client(limits=Limits(document_bytes=100)) as here:
        with pytest.raises(TooLarge):
            await here.fetch_document(f"{other.http}/")


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip"])
async def test_s29_compressed_answers_are_refused(encoding: str) -> None:
    """What was not asked for cannot inflate here."""
    async with peer(lambda _: http(content_encoding=encoding)) as other, client() as here:
        with pytest.raises(WrongContentType, match="compressed"):
            await here.fetch_document(f"{other.http}/")


async def test_s24_silence() -> None:
    """A peer that says nothing is given up; the request may have arrived."""
    async with peer(never) as other, client(limits=Limits(read_seconds=0.2)) as here:
        with pytest.raises(PeerUnreachable) as unreachable:
            await here.fetch_document(f"{other.http}/")
        outcome = await here.deliver(f"{other.http}/", b"{}", RSA_KEY)

    assert not unreachable.value.never_sent
    assert isinstance(outcome, Retry)
    assert not outcome.never_sent


async def test_s24_slow_drops() -> None:
    """A peer that sends a byte now and then is cut off by the deadline, though it is never silent for long."""
    async with _dripping() as port, client(limits=Limits(total_seconds=0.6, read_seconds=5)) as here:
        started = asyncio.get_running_loop().time()
        with pytest.raises(PeerUnreachable, match="in time"):
            await here.fetch_document(f"http://localhost:{port}/")

        assert asyncio.get_running_loop().time() - started < 4


async def test_s24_silence_in_the_middle_of_a_body() -> None:
    """A body that stops is given up too."""
    async with peer(lambda _: http()[:-1]) as other, client(limits=Limits(read_seconds=0.2)) as here:
        with pytest.raises(PeerUnreachable, match="cut off"):
            await here.fetch_document(f"{other.http}/")


async def test_a_long_error_page_is_not_read() -> None:
    """The body of an error matters to nobody: beyond a little it is cut off."""
    async with peer(lambda _: http(404, body=b"x" * 300_000)) as other, client() as here:
        with pytest.raises(PeerAnswered):
            await here.fetch_document(f"{other.http}/")
        outcome = await here.deliver(f"{other.http}/", b"{}", RSA_KEY)

    assert outcome == Refused(reason="answered 404", status=404)


# Deliveries ----------------------------------------------------------------------------------------------------------


async def test_a_delivery_on_the_wire() -> None:
    """The body arrives byte for byte with its type and length."""
    async with peer(lambda _: http(202)) as other, client() as here:
        outcome = await here.deliver(f"{other.http}/inbox", b'{"type": "Like"}', RSA_KEY)

    (received,) = other.received
    assert outcome == Delivered(scheme=Scheme.RFC9421, status=202)
    assert received.line == "POST /inbox HTTP/1.1"
    assert received.body == b'{"type": "Like"}'
    assert received.headers.single("content-type") == ACTIVITY_JSON
    assert received.headers.single("content-length") == "16"


def knows(*schemes: Scheme, status: int = 401) -> Callable[[Received], bytes]:
    """A peer that verifies in these schemes only."""

    def answer(received: Received) -> bytes:
        scheme = Scheme.RFC9421 if "signature-input" in received.headers.lines else Scheme.CAVAGE
        return http() if scheme in schemes else http(status)

    return answer


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("known", [None, *Scheme])
async def test_two_knocks(known: Scheme | None, status: int) -> None:
    """A peer that knows one scheme gets it, and the result says which one to remember."""
    for spoken in Scheme:
        async with peer(knows(spoken, status=status)) as other, client() as here:
            outcome = await here.deliver(f"{other.http}/", b"{}", RSA_KEY, known)
            document = await here.fetch_document(f"{other.http}/", signer=RSA_KEY, scheme=known or Scheme.RFC9421)

        assert outcome == Delivered(scheme=spoken, status=200)
        assert document.scheme is spoken
        assert len(other.received) == (2 if spoken is (known or Scheme.RFC9421) else 4)


async def test_two_refusals() -> None:
    """A peer that lets nobody in is knocked at twice; with a known scheme, its own answer counts."""
    answers_ = {True: http(403), False: http(401)}
    async with peer(lambda received: answers_["signature-input" in received.headers.lines]) as other, client() as here:
        unknown = await here.deliver(f"{other.http}/", b"{}", RSA_KEY)
        known = await here.deliver(f"{other.http}/", b"{}", RSA_KEY, Scheme.RFC9421)
        with pytest.raises(PeerAnswered) as answered:
            await here.fetch_document(f"{other.http}/", signer=RSA_KEY)

    assert unknown == Retry(reason="answered 401", status=401)
    assert known == Refused(reason="answered 403", status=403)
    assert answered.value.status == 403
    assert len(other.received) == 6


async def test_an_unsigned_fetch_is_not_repeated() -> None:
    """Without a key there is no second scheme to try."""
    async with peer(lambda _: http(401)) as other, client() as here:
        with pytest.raises(PeerAnswered):
            await here.fetch_document(f"{other.http}/")

    assert len(other.received) == 1


@pytest.mark.parametrize(
    ("answered", "outcome"),
    [
        (http(410), Gone()),
        (http(404), Refused(reason="answered 404", status=404)),
        (http(503, retry_after="30"), Retry(reason="answered 503", status=503, after_seconds=30.0)),
        (http(202, content_type="text/html", content_encoding="gzip"), Delivered(scheme=Scheme.RFC9421, status=202)),
    ],
)
async def test_outcomes_of_deliveries(answered: bytes, outcome: Outcome) -> None:
    """The answer's status decides; what it says in its body does not matter."""
    async with peer(lambda _: answered) as other, client() as here:
        assert await here.deliver(f"{other.http}/", b"{}", ED25519_KEY) == outcome


# Plain requests ------------------------------------------------------------------------------------------------------


async def test_bytes_are_posted_as_they_are() -> None:
    """The caller's headers and bytes arrive unsigned; the answer is a status and how long to wait."""
    async with peer(lambda _: http(429, retry_after="7")) as other, client() as here:
        refused = await here.post(f"{other.http}/push/1?a=b", b"\x00\xff", {"ttl": "60"})
        other.answer = lambda _: http(201)
        taken = await here.post(f"{other.http}/push/1?a=b", b"", {})

    first, _ = other.received
    assert (refused.status, refused.retry_after, refused.is_success) == (429, 7.0, False)
    assert (taken.status, taken.retry_after, taken.is_success) == (201, None, True)
    assert first.line == "POST /push/1?a=b HTTP/1.1"
    assert first.body == b"\x00\xff"
    assert first.headers.single("ttl") == "60"
    assert "signature" not in first.headers.lines


async def test_s22_a_posted_redirect_is_an_answer() -> None:
    """Nothing is sent on to where a redirect points."""
    async with peer(lambda _: http(307, location="/elsewhere")) as other, client() as here:
        reply = await here.post(f"{other.http}/push", b"secret", {})

    assert (reply.status, reply.is_success, len(other.received)) == (307, False, 1)


async def test_s21_nothing_is_posted_inside() -> None:
    """An address is refused before anything is sent, and when it is only asked about."""
    async with client(AddressPolicy()) as here:
        here.check("https://push.example/1")
        for url in ("https://127.0.0.1/1", "http://push.example/1"):
            with pytest.raises(AddressRefused):
                here.check(url)
            with pytest.raises(AddressRefused):
                await here.post(url, b"secret", {})


# The client itself ---------------------------------------------------------------------------------------------------


async def test_dates_come_from_the_clock() -> None:
    """The time that is signed is the injected one."""
    async with peer(lambda _: http()) as other:
        clock = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
        async with Client(LOOPBACK, "x", now=lambda: clock) as here:
            await here.deliver(f"{other.http}/", b"", RSA_KEY, Scheme.CAVAGE)

    assert other.received[0].headers.single("date") == "Wed, 02 Jan 2030 03:04:05 GMT"


def test_errors_are_one_family() -> None:
    """A caller can catch every failure of a fetch at once."""
    assert issubclass(AddressRefused, FetchError)
    assert str(PeerAnswered("https://a.example/", 404)) == "https://a.example/ was answered: 404"
    assert str(TooLarge("https://a.example/")) == "https://a.example/ is too large"


def _dripping() -> "_Drips":
    return _Drips()


class _Drips:
    """A server that sends a body without end, one byte every few milliseconds."""

    async def __aenter__(self) -> int:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    async def __aexit__(self, *_: object) -> None:
        self.server.close()

    @staticmethod
    async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: " + ACTIVITY_JSON.encode() + b"\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/html", None),
        ("text/html; charset=", None),
        ('text/html; boundary=x; Charset="ISO-8859-1"', "iso-8859-1"),
        ("text/html;charset=UTF-8", "utf-8"),
    ],
)
def test_the_charset_of_a_page_is_read(content_type: str, charset: str | None) -> None:
    """In any spelling; a type that names none has none."""
    assert charset_of(content_type) == charset
