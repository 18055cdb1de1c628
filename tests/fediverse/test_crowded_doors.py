"""Clients that hold connections open and say nothing, or guess passwords: others are answered meanwhile."""

import asyncio
import importlib.util
import io
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
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
# More than the system takes from a server for a client that takes nothing.
ON_THE_WAY_BYTES = 4 * 1024 * 1024
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
# As for whoever says nothing, but so that a test can wait for it.
HURRIED = """
from fedorg import computing, serving
from fedorg.__main__ import main
from fedorg.web import bodies
serving._UNTAKEN_MILLISECONDS = 2000
bodies.SECONDS = 2
computing.WAITING_MAX = 10
main()
"""
SLOW = b"POST /inbox HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.usefixtures("many_descriptors")
@pytest.mark.parametrize("server", SERVERS)
async def test_silence_keeps_nobody_waiting(tmp_path: Path, server: str) -> None:
    """More connections than wait to be taken say nothing, and the next one is answered all the same."""
    async with (
        running(tmp_path, FEDORG_SERVER=server) as node,
        silence(node, 600),
        asyncio.timeout(SILENCE_SECONDS),
        node.member("alice") as alice,
    ):
        await alice.post("/api/v1/statuses", {"status": "Is anybody there?"})


@pytest.mark.usefixtures("many_descriptors")
@pytest.mark.parametrize("server", SERVERS)
async def test_whoever_connects_leaves_descriptors_for_files(tmp_path: Path, server: str) -> None:
    """With more clients than the node may have descriptors, one who is there uploads; when they go, others come."""
    async with running(tmp_path, FEDORG_SERVER=server, program=LIMITED) as node:
        async with node.member("alice") as alice:
            await alice.get("/api/v1/accounts/verify_credentials")
            async with silence(node, DESCRIPTORS + AT_ONCE):
                await wait_for(steady(node, CONNECTIONS), "the crowd to come in")
                answer = await alice.http.post("/api/v2/media", files={"file": ("dot.png", dot(), "image/png")})
            assert answer.is_success, answer.text

        async def look() -> bool | None:
            try:
                async with node.http() as http:
                    return (await http.get("/health")).is_success or None
            except httpx.TransportError:
                return None

        await wait_for(look, "room for another client")


@pytest.mark.usefixtures("many_descriptors")
async def test_a_crowd_from_one_place_keeps_nobody_else_out(tmp_path: Path) -> None:
    """Where no connection is left, those of whoever has most make way: silent ones first, then of slow bodies."""
    async with running(tmp_path, program=LIMITED) as node:
        elsewhere = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        async with httpx.AsyncClient(base_url=node.url, transport=elsewhere) as http, node.http() as crowded:
            for body in (b"", SLOW):
                async with silence(node, DESCRIPTORS + AT_ONCE, body):
                    await wait_for(steady(node, CONNECTIONS), "the crowd to come in")
                    # From the same place, nobody else gets in.
                    with pytest.raises(httpx.TransportError):
                        await crowded.get("/health")
                    # The second time by the same connection, which stays.
                    answers = [await http.get("/health") for _ in range(3)]
                    assert [answer.status_code for answer in answers] == [httpx.codes.OK] * 3


@pytest.mark.parametrize("server", SERVERS)
async def test_whoever_takes_nothing_is_hung_up_on(tmp_path: Path, server: str) -> None:
    """A client that asks for a large picture and reads none of it holds neither connection nor file for good."""
    async with running(tmp_path, FEDORG_SERVER=server, program=HURRIED) as node:
        async with node.member("alice") as alice:
            sent = await alice.http.post("/api/v2/media", files={"file": ("noise.png", noise(), "image/png")})

            async def look() -> str | None:
                made = await alice.get(f"/api/v1/media/{sent.json()['id']}")
                return None if made["url"] is None else str(made["url"])

            address = httpx.URL(await wait_for(look, "the picture to be made"))
            assert len((await alice.http.get(address)).content) > 2 * ON_THE_WAY_BYTES
        before = await wait_for(steady(node), "the node to rest")
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", node.port))
            client.send(f"GET {address.path} HTTP/1.1\r\nHost: {node.domain}\r\n\r\n".encode())

            async def is_over() -> bool | None:
                return (not is_connected(node, client) and descriptors(node) <= before) or None

            assert is_connected(node, client)
            await wait_for(is_over, "the node to give up")


@pytest.mark.parametrize("server", SERVERS)
async def test_whoever_never_comes_to_an_end_is_not_waited_for(tmp_path: Path, server: str) -> None:
    """Bodies of which a letter comes now and then, at each kind of door; files may take longer."""
    doors = {"/inbox": "application/activity+json", "/auth/sign_in": FORM, "/api/v1/apps": FORM}
    async with running(tmp_path, FEDORG_SERVER=server, program=HURRIED) as node, node.member("alice") as alice:
        token = alice.http.headers["Authorization"]
        form = "multipart/form-data; boundary=x"
        sending = asyncio.create_task(drip(node, "/api/v2/media", form, f"Authorization: {token}\r\n"))
        answers = await asyncio.gather(*(drip(node, path, kind) for path, kind in doors.items()))
        is_patient = not sending.done()
        sending.cancel()
    assert answers == [b"HTTP/1.1 408"] * len(doors)
    assert is_patient


@asynccontextmanager
async def running(folder: Path, *, program: str = "", **settings: str) -> AsyncIterator[RunningNode]:
    """A node with Alice on it, perhaps begun by a program of its own."""
    node = RunningNode(name="aster", folder=folder, settings=settings)
    if program:
        node.program = ("-c", program)
    try:
        await node.create("alice")
        await node.start()
        yield node
    finally:
        await node.close()


async def drip(node: RunningNode, path: str, content_type: str, headers: str = "") -> bytes:
    """How an answer begins that comes before the body is whole."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    try:
        head = f"POST {path} HTTP/1.1\r\nHost: {node.domain}\r\nContent-Type: {content_type}\r\n{headers}"
        writer.write(f"{head}Content-Length: 100000\r\n\r\n".encode())
        answer = asyncio.ensure_future(reader.readexactly(len(b"HTTP/1.1 408")))
        async with asyncio.timeout(SILENCE_SECONDS):
            while not (await asyncio.wait((answer,), timeout=PATIENCE_SECONDS / 4))[0]:
                writer.write(b"a")
        return await answer
    finally:
        writer.close()


def is_connected(node: RunningNode, client: socket.socket) -> bool:
    """Whether the node's end of a connection is there still. Spec: proc(5), /proc/net/tcp."""
    ours, its = f":{node.port:04X}", f":{client.getsockname()[1]:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return any(line[1].endswith(ours) and line[2].endswith(its) for line in lines)


async def test_guesses_at_passwords_keep_nobody_waiting(tmp_path: Path) -> None:
    """From many addresses at once: files are read meanwhile, most guesses are put off, and then one may sign in."""
    every = httpx.Limits(max_connections=GUESSES)
    async with (
        running(tmp_path, FEDORG_TRUSTED_PROXIES="127.0.0.1") as node,
        node.member("alice") as alice,
        httpx.AsyncClient(base_url=node.url, limits=every, timeout=SILENCE_SECONDS) as http,
    ):
        uploaded = await alice.http.post("/api/v2/media", files={"file": ("dot.png", dot(), "image/png")})
        target, form = fill_in(await http.get("/auth/sign_in"), name="alice", password=PASSWORD)

        async def guess(number: int) -> httpx.Response:
            guessed = form | {"name": f"alice{number}", "password": "123456"}
            address = f"198.51.{100 + number // 250}.{number % 250}"
            return await http.post(target, data=guessed, headers={"X-Forwarded-For": address})

        guesses = [asyncio.ensure_future(guess(number)) for number in range(GUESSES)]

        async def look() -> bool | None:
            answered = [one.result().status_code for one in guesses if one.done()]
            return httpx.codes.SERVICE_UNAVAILABLE in answered or None

        await wait_for(look, "a guess to be put off")
        picture = await alice.http.get(uploaded.json()["preview_url"])
        still_wait = [one for one in guesses if not one.done()]
        answers = await asyncio.gather(*guesses)
        signed_in = await http.post(target, data=form)
    assert picture.is_success
    assert still_wait
    assert {answer.status_code for answer in answers} == {httpx.codes.UNAUTHORIZED, httpx.codes.SERVICE_UNAVAILABLE}
    assert all("Retry-After" in answer.headers for answer in answers if answer.is_server_error)
    assert signed_in.status_code == httpx.codes.SEE_OTHER


async def test_whoever_registers_keeps_nobody_from_signing_in(tmp_path: Path) -> None:
    """From many addresses at once: making their keys takes long, and others come in meanwhile."""
    open_to_all = {"FEDORG_TRUSTED_PROXIES": "127.0.0.1", "FEDORG_REGISTRATION": "open"}
    async with running(tmp_path, program=HURRIED, **open_to_all) as node, node.http() as http:
        door, key = fill_in(await http.get("/auth/sign_in"), name="alice", password=PASSWORD)
        target, form = fill_in(await http.get("/auth/sign_up"), password=PASSWORD, agreement="true")

        async def register(number: int) -> int:
            filled = form | {"username": f"member{number}", "email": f"member{number}@people.example"}
            answer = await http.post(target, data=filled, headers={"X-Forwarded-For": f"198.51.100.{number}"})
            return answer.status_code

        registering = [asyncio.ensure_future(register(number)) for number in range(AT_ONCE // 2)]

        async def look() -> bool | None:
            return httpx.codes.SERVICE_UNAVAILABLE in [one.result() for one in registering if one.done()] or None

        await wait_for(look, "a registration to be put off")
        signed_in = await http.post(door, data=key)
        still_wait = [one for one in registering if not one.done()]
        answers = await asyncio.gather(*registering)
    assert signed_in.status_code == httpx.codes.SEE_OTHER
    assert still_wait
    assert set(answers) == {httpx.codes.SEE_OTHER, httpx.codes.SERVICE_UNAVAILABLE}


def steady(node: RunningNode, least: int = 0) -> Callable[[], Awaitable[int | None]]:
    """How many descriptors the node has, once they are so many, and as many as when that was last asked."""
    seen = -1

    async def look() -> int | None:
        nonlocal seen
        before, seen = seen, descriptors(node)
        return seen if before == seen >= least else None

    return look


def dot() -> bytes:
    """A small picture."""
    kept = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(kept, "PNG")
    return kept.getvalue()


def noise() -> bytes:
    """A picture that cannot be made small."""
    kept = io.BytesIO()
    Image.effect_noise((1900, 1900), 90).convert("RGB").save(kept, "PNG")
    return kept.getvalue()


@asynccontextmanager
async def silence(node: RunningNode, connections: int, beginning: bytes = b"") -> AsyncIterator[None]:
    """So many clients connect, perhaps begin to ask, and do nothing more; some may not even get through."""
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
            for client in clients:
                with suppress(OSError):
                    client.send(beginning)
        yield
