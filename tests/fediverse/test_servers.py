"""How servers serve a node: Granian in place of Hypercorn, and Hypercorn's connections to their ends."""

import asyncio
import importlib.util
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.fediverse.nodes import WAIT_SECONDS, Member, RunningNode, Tls, wait_for
from tests.fediverse.traffic import descriptors


@asynccontextmanager
async def streaming(node: RunningNode) -> AsyncIterator[tuple[Member, str]]:
    """A node that runs, alice on it, and the address of her stream."""
    await node.create("alice")
    await node.start()
    try:
        async with node.member("alice") as alice:
            token = alice.http.headers["Authorization"].removeprefix("Bearer ")
            yield alice, f"ws://localhost:{node.port}/api/v1/streaming?stream=user&access_token={token}"
    finally:
        await node.close()


@pytest.mark.skipif(importlib.util.find_spec("granian") is None, reason="the extra fedorg[fast] is not installed")
async def test_node_on_granian_serves_streams_and_ends_by_itself(tmp_path: Path) -> None:
    """A member posts and hears of it on a WebSocket; a stranger is refused; the node ends when it is told to."""
    node = RunningNode(name="granian", folder=tmp_path, settings={"FEDORG_SERVER": "granian"})
    async with streaming(node) as (alice, address):
        # The socket is the node's as well: what it sends in two parts is not held back until the first is confirmed.
        assert node.listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        async with connect(address) as stream:
            posted = await alice.post("/api/v1/statuses", {"status": "Hello"})
            async with asyncio.timeout(WAIT_SECONDS):
                heard = json.loads(await stream.recv())
            async with node.http() as stranger:
                refused = await stranger.post("/api/v1/statuses", data={"status": "Hello"})
            await node.stop()
            async with asyncio.timeout(WAIT_SECONDS):
                await stream.wait_closed()

        assert (heard["event"], json.loads(heard["payload"])["id"]) == ("update", posted["id"])
        assert refused.status_code == 401
        assert node.process is not None
        assert node.process.returncode == 0


async def test_a_connection_ends_with_its_client(tmp_path: Path) -> None:
    """Clients that came once and hung up hold nothing of the node, while one that stays is answered again."""
    node = RunningNode(name="aster", folder=tmp_path)
    await node.create("alice")
    await node.start()
    try:
        async with node.http() as patient:
            await patient.get("/health")
            before = descriptors(node)
            for _ in range(50):
                async with node.http() as passing:
                    assert (await passing.get("/health")).is_success

            async def look() -> bool | None:
                return descriptors(node) < before + 10 or None

            await wait_for(look, "the connections to end", 20)
            assert (await patient.get("/health")).is_success
    finally:
        await node.close()


async def test_s29_nothing_is_inflated_for_a_socket(tmp_path: Path) -> None:
    """S29: a client that offers to compress is told nothing of it; 60 KiB of a bomb would be 60 MB to be refused."""
    async with streaming(RunningNode(name="aster", folder=tmp_path)) as (alice, address):
        async with connect(address) as stream:
            posted = await alice.post("/api/v1/statuses", {"status": "Hello"})
            async with asyncio.timeout(WAIT_SECONDS):
                heard = json.loads(await stream.recv())
        assert stream.request is not None
        assert stream.response is not None
        assert "permessage-deflate" in stream.request.headers["Sec-WebSocket-Extensions"]
        assert "Sec-WebSocket-Extensions" not in stream.response.headers
        assert json.loads(heard["payload"])["id"] == posted["id"]


async def test_s29_nothing_is_kept_of_a_message_that_is_too_long(tmp_path: Path) -> None:
    """S29: whoever sends one is hung up on; the server kept all of it for as long as the socket was open."""
    node = RunningNode(name="aster", folder=tmp_path)
    async with streaming(node) as (_, address):
        before = peak_bytes(node)
        for _number in range(2):
            with pytest.raises(ConnectionClosed):
                await say_too_much(address)
        assert peak_bytes(node) - before < 40_000_000


async def test_s56_nobody_leads_a_node_to_another_protocol(tmp_path: Path) -> None:
    """S56: HTTP/2 would lead past a proxy, and lets thousands of requests be made and taken back in a second."""
    plain = RunningNode(name="aster", folder=tmp_path / "aster")
    encrypted = RunningNode(name="birch", folder=tmp_path / "birch", tls=Tls.issued(tmp_path))
    asking = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    try:
        for node in (plain, encrypted):
            await node.start()
        host = f"Host: {plain.domain}\r\n".encode()
        led = await first_words(plain, b"GET /health HTTP/1.1\r\n" + host + asking + b"\r\n")
        # As RFC 9113 §3.4 begins, and an empty frame of settings.
        begun = await first_words(plain, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        offering = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
        offering.set_alpn_protocols(["h2", "http/1.1"])
        _, writer = await asyncio.open_connection("localhost", encrypted.port, ssl=offering)
        chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        writer.close()
    finally:
        await asyncio.gather(plain.close(), encrypted.close())
    assert led.startswith(b"HTTP/1.1 200")
    assert begun.startswith(b"HTTP/1.1 4")
    assert chosen == "http/1.1"


async def first_words(node: RunningNode, message: bytes) -> bytes:
    """How a node begins to answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    async with asyncio.timeout(WAIT_SECONDS):
        writer.write(message)
        answer = await reader.read(64)
    writer.close()
    return answer


async def say_too_much(address: str) -> None:
    async with asyncio.timeout(60), connect(address) as stream:
        await stream.send("x" * 50_000_000)
        await stream.recv()


def peak_bytes(node: RunningNode) -> int:
    """The most memory that a node has held so far."""
    assert node.process is not None
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])
