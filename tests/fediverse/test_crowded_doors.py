"""Connections that are held open and say nothing: others are answered meanwhile, and files can be opened."""

import asyncio
import importlib.util
import io
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.fediverse.nodes import RunningNode, wait_for
from tests.fediverse.traffic import descriptors

SERVERS = [
    "hypercorn",
    pytest.param(
        "granian",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("granian") is None, reason="the extra fedorg[fast] is not installed"
        ),
    ),
]
# So many files and sockets a node may open; what is left when all that have nothing to do with clients are taken off.
DESCRIPTORS = 1300
CONNECTIONS = DESCRIPTORS - 1000
AT_ONCE = 100
PATIENCE_SECONDS = 1.0
# Whoever says nothing is hung up on after 75, some of them a little before the last came in.
SILENCE_SECONDS = 60.0
# A limit that was lowered is one for good, so that it is lowered in the process of the node.
LIMITED = f"""
import resource
from fedorg.__main__ import main
resource.setrlimit(resource.RLIMIT_NOFILE, ({DESCRIPTORS}, {DESCRIPTORS}))
main()
"""


@pytest.mark.usefixtures("many_descriptors")
@pytest.mark.parametrize("server", SERVERS)
async def test_silence_keeps_nobody_waiting(tmp_path: Path, server: str) -> None:
    """More connections than wait to be taken say nothing, and the next one is answered all the same."""
    node = RunningNode(name="aster", folder=tmp_path, settings={"FEDORG_SERVER": server})
    await node.create("alice")
    await node.start()
    try:
        async with silence(node, 600), asyncio.timeout(SILENCE_SECONDS), node.member("alice") as alice:
            await alice.post("/api/v1/statuses", {"status": "Is anybody there?"})
    finally:
        await node.close()


@pytest.mark.usefixtures("many_descriptors")
@pytest.mark.parametrize("server", SERVERS)
async def test_whoever_connects_leaves_descriptors_for_files(tmp_path: Path, server: str) -> None:
    """With more clients than the node may have descriptors, one who is there uploads; when they go, others come."""
    node = RunningNode(name="aster", folder=tmp_path, settings={"FEDORG_SERVER": server}, program=("-c", LIMITED))
    await node.create("alice")
    await node.start()
    try:
        async with node.member("alice") as alice:
            await alice.get("/api/v1/accounts/verify_credentials")
            async with silence(node, DESCRIPTORS + AT_ONCE):
                await wait_for(crowd_is_in(node), "the crowd to come in")
                answer = await alice.http.post("/api/v2/media", files={"file": ("dot.png", dot(), "image/png")})
            assert answer.is_success, answer.text

        async def look() -> bool | None:
            try:
                async with node.http() as http:
                    return (await http.get("/health")).is_success or None
            except httpx.TransportError:
                return None

        await wait_for(look, "room for another client")
    finally:
        await node.close()


def crowd_is_in(node: RunningNode) -> Callable[[], Awaitable[bool | None]]:
    """Whether as many are in as may be, and no more come."""
    seen = -1

    async def look() -> bool | None:
        nonlocal seen
        before, seen = seen, descriptors(node)
        return before == seen >= CONNECTIONS or None

    return look


def dot() -> bytes:
    """A small picture."""
    kept = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(kept, "PNG")
    return kept.getvalue()


@asynccontextmanager
async def silence(node: RunningNode, connections: int) -> AsyncIterator[None]:
    """So many clients connect and do nothing; some may not even get through."""
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        for _ in range(0, connections, AT_ONCE):
            clients = [stack.enter_context(socket.socket()) for _ in range(AT_ONCE)]
            for client in clients:
                client.settimeout(0)
            connecting = [
                asyncio.ensure_future(loop.sock_connect(client, ("127.0.0.1", node.port))) for client in clients
            ]
            await asyncio.wait(connecting, timeout=PATIENCE_SECONDS)
            for one in connecting:
                one.cancel()
            await asyncio.gather(*connecting, return_exceptions=True)
        yield
