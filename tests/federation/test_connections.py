"""How connections are kept, replaced and bounded, and whom they trust."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from federation.client import Limits
from federation.delivery import Delivered, Retry
from federation.errors import PeerAnswered, PeerUnreachable
from federation.places import Pool
from federation.signatures import Scheme
from federation.transport import trust_authorities
from tests.federation.outbound import authority_of, client, never, soon
from tests.federation.signing import RSA_KEY
from tests.federation.wire import Received, http, peer

PATIENCE_SECONDS = 30


async def test_connections_are_kept() -> None:
    """Fetches from one host and deliveries to it use one connection, also after a short error."""
    statuses = iter([200, 404, 200, 200])
    async with peer(lambda _: http(next(statuses))) as other, client() as here:
        await here.fetch_document(f"{other.http}/")
        with pytest.raises(PeerAnswered):
            await here.fetch_document(f"{other.http}/")
        for _ in range(2):
            await here.deliver(f"{other.http}/", b"{}", RSA_KEY)

    assert (len(other.received), other.connections) == (4, 1)


async def test_an_answer_without_a_body_leaves_the_connection_usable() -> None:
    """It is over with its headers; what is said twice in them is heard as a list."""
    answer = http(202, b"").replace(b"content-type", b"Retry-After: 7\r\nRETRY-AFTER: 8\r\ncontent-type")
    async with peer(lambda _: answer) as other, client() as here:
        outcomes = [await here.deliver(f"{other.http}/inbox", b"{}", RSA_KEY) for _ in range(3)]

    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert (len(other.received), other.connections) == (3, 1)


async def test_never_sent() -> None:
    """A refused connection, a name that hangs and a failed handshake cannot have delivered anything."""

    async def hangs(_host: str) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError("waits for ever")

    async with client(limits=Limits(total_seconds=0.3), lookup=hangs) as here:
        with socket.socket() as nobody:
            # It is nobody else's either, and nobody listens there.
            nobody.bind(("127.0.0.1", 0))
            closed = nobody.getsockname()[1]
            outcomes = [await here.deliver(f"http://localhost:{closed}/inbox", b"{}", RSA_KEY)]
        outcomes += [
            await here.deliver("https://hangs.example/inbox", b"{}", RSA_KEY),
        ]
    async with peer(lambda _: http()) as plain, client() as here:
        outcomes.append(await here.deliver(f"{plain.https}/inbox", b"{}", RSA_KEY))

    assert all(isinstance(outcome, Retry) and outcome.never_sent for outcome in outcomes), outcomes


async def test_maybe_delivered() -> None:
    """A connection that closes after the request, or answers with noise, leaves it open."""
    for noise in (b"", b"\x00\x01 no http\r\n\r\n"):
        async with peer(lambda _, noise=noise: noise) as other, client() as here:  # type: ignore[misc]
            outcome = await here.deliver(f"{other.http}/inbox", b"{}", RSA_KEY)

        assert isinstance(outcome, Retry)
        assert not outcome.never_sent
        assert len(other.received) == 1


async def test_a_connection_that_closed_while_idle_is_replaced() -> None:
    """A peer that drops a kept connection just when it is used again gets the delivery over a new one."""
    sent = iter([http(202), b"", http(202)])
    async with peer(lambda _: next(sent)) as other, client() as here:
        outcomes = [await here.deliver(f"{other.http}/inbox", b"{}", RSA_KEY) for _ in range(2)]

    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert (len(other.received), other.connections) == (3, 2)


async def test_a_replacement_that_closes_too() -> None:
    """The second try over a new connection is the last one; the activity may have arrived."""
    sent = iter([http(202), b"", b""])
    async with peer(lambda _: next(sent)) as other, client() as here:
        await here.deliver(f"{other.http}/inbox", b"{}", RSA_KEY)
        outcome = await here.deliver(f"{other.http}/inbox", b"{}", RSA_KEY)

    assert isinstance(outcome, Retry)
    assert not outcome.never_sent
    assert len(other.received) == 3


async def test_a_fetch_is_not_repeated_when_a_new_connection_closes() -> None:
    """Whoever hangs up on who comes for the first time is not called again; a kept connection is replaced once."""
    sent = iter([b"", http(), b"", http()])
    async with peer(lambda _: next(sent)) as other, client() as here:
        with pytest.raises(PeerUnreachable):
            await here.fetch_document(f"{other.http}/")
        for _ in range(2):
            await here.fetch_document(f"{other.http}/")

    assert (len(other.received), other.connections) == (4, 3)


async def test_a_client_that_was_never_used_can_be_closed() -> None:
    """Nothing is opened before the first request."""
    await client().aclose()


async def test_connections_per_host_are_bounded() -> None:
    """Many requests at once to one host wait for each other."""
    pool = Pool(connections_per_host_max=2)
    async with peer(lambda _: soon(http())) as other, client(limits=Limits(documents_pool=pool)) as here:
        await asyncio.gather(*(here.fetch_document(f"{other.http}/{number}") for number in range(10)))

    assert len(other.received) == 10
    assert other.connections <= 2


async def test_only_so_many_hosts_keep_a_connection() -> None:
    """A connection to one host too many ends with its answer, until one of the others was not used for a while."""
    pool = Pool(hosts_kept_max=2, keepalive_seconds=3.0)
    async with peer(lambda _: http()) as other, client(limits=Limits(pool=pool)) as here:

        async def deliver(*hosts: str) -> list[bool]:
            for host in hosts:
                await here.deliver(f"http://{host}.localhost:{other.port}/", b"{}", RSA_KEY, Scheme.CAVAGE)
            told = [received.headers.lines.get("connection") for received in other.received[-len(hosts) :]]
            return [lines == ("close",) for lines in told]

        assert await deliver("a", "b", "c", "a", "b") == [False, False, True, False, False]
        assert other.connections == 3
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await deliver("c") == [True]:  # noqa: ASYNC110 - nobody tells when a connection is forgotten
                await asyncio.sleep(0.2)
        connections = other.connections
        assert await deliver("c") == [False]
        assert other.connections == connections


async def test_a_host_that_is_delivered_to_keeps_its_connection_when_it_is_asked() -> None:
    """Of hosts that are only asked none more keeps one; whoever is delivered to is asked over the same connection."""
    limits = Limits(documents_pool=Pool(hosts_kept_max=0))

    def answer(received: Received) -> bytes:
        return http(connection="close" if "connection" in received.headers.lines else "keep-alive")

    async with peer(answer) as other, client(limits=limits) as here:
        await here.fetch_document(f"{other.http}/")
        await here.deliver(f"{other.http}/inbox", b"{}", RSA_KEY, Scheme.CAVAGE)
        for _ in range(2):
            await here.fetch_document(f"{other.http}/")
        await here.deliver(f"{other.http}/inbox", b"{}", RSA_KEY, Scheme.CAVAGE)

    assert other.connections == 2


async def test_who_was_asked_last_keeps_its_connection() -> None:
    """However many hosts were asked before, the requests of a first contact take one connection."""
    limits = Limits(documents_pool=Pool(hosts_kept_max=2))
    async with peer(lambda _: http()) as other, client(limits=limits) as here:

        async def ask(host: str) -> int:
            before = other.connections
            for path in ("/.well-known/webfinger", "/users/anna"):
                await here.fetch_document(f"http://{host}.localhost:{other.port}{path}")
            await here.deliver(f"http://{host}.localhost:{other.port}/inbox", b"{}", RSA_KEY, Scheme.CAVAGE)
            return other.connections - before

        assert [await ask(host) for host in ("a", "b", "c", "d")] == [1, 1, 1, 1]
        for host in ("e", "f", "g"):
            await here.fetch_document(f"http://{host}.localhost:{other.port}/")
        async with asyncio.timeout(PATIENCE_SECONDS):
            await other.ends.acquire()
        # Hosts that were delivered to keep theirs, and so do the two that were asked last.
        assert [await ask(host) for host in ("a", "b", "c", "d", "f", "g")] == [0] * 6
        assert await ask("e") == 1


async def test_fetches_that_hang_keep_no_place_from_a_delivery() -> None:
    """What strangers make this program ask for may take all places of fetches, and none of deliveries."""
    pool = Pool(connections_max=2, connections_per_host_max=2)

    asked = asyncio.Semaphore(0)

    async def answer(received: Received) -> bytes:
        if not received.line.startswith("GET"):
            return await soon(http(202))
        asked.release()
        return await never(received)

    async with peer(answer) as other, client(limits=Limits(pool=pool, documents_pool=pool)) as here:
        hanging = [asyncio.create_task(here.fetch_document(f"{other.http}/{number}")) for number in range(4)]
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(pool.connections_max):
                await asked.acquire()
        outcome = await here.deliver(f"{other.http}/inbox", b"{}", RSA_KEY)
        under_way = sum(received.line.startswith("GET") for received in other.received)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

    assert isinstance(outcome, Delivered)
    assert under_way == 2


async def test_a_host_that_answers_late_keeps_no_connection() -> None:
    """Others were asked since: of hosts that are slow, each of them would keep one beside those that may."""
    limits = Limits(documents_pool=Pool(hosts_kept_max=1))
    asked, waiting = asyncio.Event(), asyncio.Event()

    async def answer(received: Received) -> bytes:
        if received.target == "/late":
            asked.set()
            await waiting.wait()
        return http()

    async with peer(answer) as other, client(limits=limits) as here:
        late = asyncio.create_task(here.fetch_document(f"http://a.localhost:{other.port}/late"))
        await asked.wait()
        await here.fetch_document(f"http://b.localhost:{other.port}/")
        waiting.set()
        await late

        async with asyncio.timeout(PATIENCE_SECONDS):
            await other.ends.acquire()
        await here.fetch_document(f"http://b.localhost:{other.port}/")
        assert other.connections == 2


# TLS -----------------------------------------------------------------------------------------------------------------


async def test_an_extra_authority_is_trusted(tmp_path: Path) -> None:
    """An organisation's own certificates work with its bundle, and only with it."""
    authority, tls = authority_of(tmp_path, "localhost")
    async with peer(lambda _: http(), tls=tls) as other:
        async with client(ca_file=authority) as here:
            outcome = await here.deliver(f"{other.https}/inbox", b"{}", RSA_KEY)
            document = await here.fetch_document(f"{other.https}/users/1")
        async with client() as stranger:
            with pytest.raises(PeerUnreachable) as unreachable:
                await stranger.fetch_document(f"{other.https}/users/1")

    assert isinstance(outcome, Delivered)
    assert document.final_url == f"{other.https}/users/1"
    assert unreachable.value.never_sent
    assert len(other.received) == 2


async def test_authorities_that_are_gone_make_peers_unreachable_until_they_are_back(tmp_path: Path) -> None:
    """Nothing is sent to whom nobody vouches for, and nothing is given up for it."""
    authority, tls = authority_of(tmp_path, "localhost")
    away = authority.rename(tmp_path / "away.pem")
    async with peer(lambda _: http(), tls=tls) as other, client(ca_file=authority) as here:
        with pytest.raises(PeerUnreachable) as unreachable:
            await here.fetch_document(f"{other.https}/users/1")
        outcome = await here.deliver(f"{other.https}/inbox", b"{}", RSA_KEY)
        assert not other.received
        away.rename(authority)
        document = await here.fetch_document(f"{other.https}/users/1")

    assert unreachable.value.never_sent
    assert isinstance(outcome, Retry)
    assert document.final_url == f"{other.https}/users/1"


async def test_the_first_requests_may_come_at_once(tmp_path: Path) -> None:
    """The way out opens once for all of them, and none goes before the authorities are known."""
    authority, tls = authority_of(tmp_path, "localhost")
    async with peer(lambda _: http(), tls=tls) as other, client(ca_file=authority) as here:
        fetched = await asyncio.gather(*(here.fetch_document(f"{other.https}/users/{number}") for number in range(4)))

    assert [document.final_url for document in fetched] == [f"{other.https}/users/{number}" for number in range(4)]


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    """Trust in the authority does not make every name right."""
    authority, tls = authority_of(tmp_path, "other.example")
    async with peer(lambda _: http(), tls=tls) as other, client(ca_file=authority) as here:
        with pytest.raises(PeerUnreachable):
            await here.fetch_document(f"{other.https}/")

    assert not other.received


def count_authorities() -> int:
    """How many a context trusts when no others are named."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust_authorities(context, None)
    return context.cert_store_stats()["x509_ca"]


def test_a_system_without_authorities_gets_certifis(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A slim container can still reach the world."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "absent"))

    assert count_authorities() > 50


def test_ssl_cert_file_is_honoured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The system's setting names the authorities, and nothing is added to them."""
    authority, _ = authority_of(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "absent"))

    assert count_authorities() == 1
