"""Clients that hold connections open and say nothing, or guess passwords: others are answered meanwhile."""

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

from tests.fediverse.nodes import PASSWORD, RunningNode, fill_in, wait_for
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
GUESSES = 300
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


async def test_guesses_at_passwords_keep_nobody_waiting(tmp_path: Path) -> None:
    """From many addresses at once: files are read meanwhile, most guesses are put off, and then one may sign in."""
    node = RunningNode(name="aster", folder=tmp_path, settings={"FEDORG_TRUSTED_PROXIES": "127.0.0.1"})
    await node.create("alice")
    await node.start()
    try:
        async with (
            node.member("alice") as alice,
            httpx.AsyncClient(
                base_url=node.url, limits=httpx.Limits(max_connections=GUESSES), timeout=SILENCE_SECONDS
            ) as http,
        ):
            uploaded = await alice.http.post("/api/v2/media", files={"file": ("dot.png", dot(), "image/png")})
            target, form = fill_in(await http.get("/auth/sign_in"), name="alice", password=PASSWORD)

            async def guess(number: int) -> httpx.Response:
                guessed = form | {"name": f"alice{number}", "password": "123456"}
                address = f"198.51.{100 + number // 250}.{number % 250}"
                return await http.post(target, data=guessed, headers={"X-Forwarded-For": address})

            guesses = [asyncio.ensure_future(guess(number)) for number in range(GUESSES)]

            async def look() -> bool | None:
                return any(
                    one.done() and one.result().status_code == httpx.codes.SERVICE_UNAVAILABLE for one in guesses
                )

            await wait_for(look, "a guess to be put off")
            picture = await alice.http.get(uploaded.json()["preview_url"])
            still_wait = [one for one in guesses if not one.done()]
            answers = await asyncio.gather(*guesses)
            signed_in = await http.post(target, data=form)
    finally:
        await node.close()
    assert picture.is_success
    assert still_wait
    assert {answer.status_code for answer in answers} == {httpx.codes.UNAUTHORIZED, httpx.codes.SERVICE_UNAVAILABLE}
    assert all("Retry-After" in answer.headers for answer in answers if answer.is_server_error)
    assert signed_in.status_code == httpx.codes.SEE_OTHER


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
