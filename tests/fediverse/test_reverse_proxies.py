"""Behind the reverse proxies of ``deploy/``, as they are there but for names, ports and certificates.

nginx and Caddy are run where they are installed; elsewhere these tests are skipped.
"""

import asyncio
import json
import os
import re
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import pytest
from typing_extensions import override
from websockets.asyncio.client import connect

from tests.fediverse.nodes import WAIT_SECONDS, Member, RunningNode, Tls, reserved_port, wait_for

_DEPLOY: Final = Path(__file__).parents[2] / "deploy"
_ELSEWHERE: Final = "127.0.0.2"
_PIECE: Final = 65_536
_NGINX: Final = """
user root;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/proxy.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    include {folder}/site.conf;
}}
"""
_CADDY: Final = """
{{
    admin off
    auto_https disable_redirects
    skip_install_trust
}}
import {folder}/site.caddy
"""


@dataclass(slots=True, kw_only=True)
class ProxiedNode(RunningNode):
    """A node that speaks plain HTTP to a proxy in front of it, which is where the world finds it."""

    front: int
    certificate: Tls = field(init=False)

    @override
    def __post_init__(self) -> None:
        RunningNode.__post_init__(self)
        self.certificate = Tls.issued(self.folder)
        self.settings = {
            **self.settings,
            "FEDORG_PUBLIC_URL": self.url,
            "FEDORG_TRUSTED_PROXIES": "127.0.0.1",
            "FEDORG_CA_FILE": str(self.certificate.authority),
        }

    @property
    @override
    def domain(self) -> str:
        return f"localhost:{self.front}"

    @property
    @override
    def url(self) -> str:
        return f"https://{self.domain}"

    @override
    def http(self, **headers: str) -> httpx.AsyncClient:
        return self.http_from("127.0.0.1", headers)

    def http_from(self, address: str, headers: Mapping[str, str] = {}, *, http2: bool = True) -> httpx.AsyncClient:
        """A client of the proxy at an address of this machine."""
        way = httpx.AsyncHTTPTransport(verify=self.trust(), http2=http2, local_address=address)
        return httpx.AsyncClient(base_url=self.url, headers=headers, transport=way, timeout=WAIT_SECONDS)

    def trust(self) -> ssl.SSLContext:
        """What the client of a member trusts."""
        return ssl.create_default_context(cafile=str(self.certificate.authority))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxied:
    """A node behind a proxy, a member of it, and one of a node next door."""

    node: ProxiedNode
    anna: Member
    erik: Member


def _nginx(node: ProxiedNode) -> list[str]:
    site = (_DEPLOY / "nginx.conf").read_text()
    for found, put, times in (
        (r"listen (\[::\]:)?80;", "", 2),
        (r"listen \[::\]:443 ssl http2;", "", 1),
        (r"listen 443 ", f"listen 127.0.0.1:{node.front} ", 1),
        (r"server_name social\.example\.org;", "server_name localhost;", 2),
        (r"/etc/letsencrypt/live/social\.example\.org/fullchain\.pem", str(node.certificate.certificate), 1),
        (r"/etc/letsencrypt/live/social\.example\.org/privkey\.pem", str(node.certificate.key), 1),
        (r"127\.0\.0\.1:8000", f"127.0.0.1:{node.port}", 1),
    ):
        site, done = re.subn(found, put, site)
        assert done == times, found
    # What sends everybody to HTTPS would listen at a port of its own.
    site = re.sub(r"server \{[^{}]*return 301[^{}]*\}", "", site)
    (node.folder / "site.conf").write_text(site)
    (node.folder / "nginx.conf").write_text(_NGINX.format(folder=node.folder))
    return ["-p", str(node.folder), "-c", str(node.folder / "nginx.conf"), "-e", str(node.folder / "proxy.log")]


def _caddy(node: ProxiedNode) -> list[str]:
    site = (_DEPLOY / "Caddyfile").read_text()
    certificate = f"\ttls {node.certificate.certificate} {node.certificate.key}\n"
    (node.folder / "site.caddy").write_text(site.replace("{\n", "{\n" + certificate, 1))
    (node.folder / "Caddyfile").write_text(_CADDY.format(folder=node.folder))
    return ["run", "--adapter", "caddyfile", "--config", str(node.folder / "Caddyfile")]


_PROXIES: Final = {"nginx": _nginx, "caddy": _caddy}


@asynccontextmanager
async def _proxy(name: str, node: ProxiedNode) -> AsyncIterator[None]:
    """Run a proxy until the end of the block."""
    environment: Mapping[str, str] = {
        **os.environ,
        "HOME": str(node.folder),
        "XDG_DATA_HOME": str(node.folder),
        "XDG_CONFIG_HOME": str(node.folder),
        "FEDORG_HOST_NAME": node.url,
        "FEDORG_UPSTREAM": f"127.0.0.1:{node.port}",
    }
    with (node.folder / "proxy.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            name, *_PROXIES[name](node), env=environment, stdout=log, stderr=log
        )
    try:

        async def listens() -> bool | None:
            assert process.returncode is None, (node.folder / "proxy.log").read_text()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", node.front)) == 0 or None

        await wait_for(listens, f"{name} to listen")
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.fixture(params=_PROXIES)
async def proxied(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Proxied]:
    """Both nodes, and the proxy in front of one."""
    name = str(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    async with AsyncExitStack() as stack:
        front = stack.enter_context(reserved_port())
        node = ProxiedNode(name="engineering", folder=tmp_path / "engineering", front=front)
        stack.push_async_callback(node.close)
        next_door = RunningNode(
            name="acme",
            folder=tmp_path / "acme",
            settings={"FEDORG_CA_FILE": str(node.certificate.authority)},
        )
        stack.push_async_callback(next_door.close)
        await asyncio.gather(node.create("anna"), next_door.create("erik"))
        await node.prepare(("ip-block", "add", f"{_ELSEWHERE}/32", "--severity", "no_access"))
        await stack.enter_async_context(_proxy(name, node))
        await asyncio.gather(node.start(), next_door.start())
        anna = await stack.enter_async_context(node.member("anna"))
        erik = await stack.enter_async_context(next_door.member("erik"))
        yield Proxied(node=node, anna=anna, erik=erik)


async def test_a_node_behind_a_proxy(proxied: Proxied) -> None:
    """Its members, their streams and files, other servers and strangers find it as if nothing were in between."""
    node, anna, erik = proxied.node, proxied.anna, proxied.erik

    # Other servers: what is signed covers the name that the proxy was asked for.
    await erik.follow(anna)
    await anna.follow(erik)

    # Streams come as they are written, both kinds.
    token = anna.http.headers["Authorization"].removeprefix("Bearer ")
    address = f"wss://{node.domain}/api/v1/streaming?stream=user&access_token={token}"
    async with (
        connect(address, ssl=node.trust()) as stream,
        anna.http.stream("GET", "/api/v1/streaming/user") as events,
        asyncio.timeout(WAIT_SECONDS),
    ):
        await erik.post("/api/v1/statuses", {"status": "From next door"})
        heard = json.loads(await stream.recv())
        told = await anext(line async for line in events.aiter_lines() if line.startswith("data: "))
    assert heard["event"] == "update"
    assert json.loads(heard["payload"])["content"] == "<p>From next door</p>"
    assert json.loads(told.removeprefix("data: ")) == json.loads(heard["payload"])

    # What is long is compressed where nothing secret is in it.
    home = await anna.http.get("/api/v1/timelines/home")
    page = await anna.http.get(f"/@{anna.username}")
    assert (home.http_version, home.headers.get("content-encoding")) == ("HTTP/2", "gzip")
    assert (page.status_code, page.headers.get("content-encoding")) == (200, None)

    # As large as the node says that files may be, and no larger.
    limits = (await anna.get("/api/v2/instance"))["configuration"]["media_attachments"]
    largest = max(limits["image_size_limit"], limits["video_size_limit"])
    film = node.folder / "film.mp4"
    film.write_bytes(b"\0\0\0\x18ftypmp42\0\0\0\0isommp42")
    os.truncate(film, largest)
    async with node.http_from("127.0.0.1", anna.http.headers, http2=False) as http:
        with film.open("rb") as content:
            refused = await http.post("/api/v2/media", files={"file": content})
    assert (refused.status_code, "error" in refused.json()) == (422, True), "it is no film, which only the node finds"
    # Caddy at times takes it for a failure that the node answers before it heard all.
    assert await _send_zeros(node, token, 2 * largest) in (413, 502)

    # Where somebody is comes from the proxy and from nobody else.
    async with node.http_from(_ELSEWHERE) as kept_out, node.http() as stranger:
        assert (await kept_out.get("/api/v1/instance")).status_code == 403
        claim = {"X-Forwarded-For": _ELSEWHERE, "X-Real-IP": _ELSEWHERE, "Forwarded": f"for={_ELSEWHERE}"}
        assert (await stranger.get("/api/v1/instance", headers=claim)).status_code == 200

    # Nor does anybody get past the proxy, to a connection on which the node believes what it says of itself.
    assert await _ask_for_another_protocol(node) == 200


async def _ask_for_another_protocol(node: ProxiedNode) -> int:
    """How a request is answered that asks for HTTP/2 without TLS. Spec: RFC 7540 §3.2."""
    async with asyncio.timeout(WAIT_SECONDS):
        reader, writer = await asyncio.open_connection("localhost", node.front, ssl=node.trust())
        fields = {
            "Host": node.domain,
            "Connection": "Upgrade, HTTP2-Settings",
            "Upgrade": "h2c",
            "HTTP2-Settings": "AAMAAABkAAQAAP__",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"GET /about HTTP/1.1\r\n{head}\r\n".encode())
        _, status, _ = (await reader.readline()).decode().split(" ", 2)
        writer.transport.abort()
    return int(status)


async def _send_zeros(node: ProxiedNode, token: str, size: int) -> int:
    """How an upload is answered while it is sent, at the latest at its end."""
    async with asyncio.timeout(WAIT_SECONDS):
        reader, writer = await asyncio.open_connection("localhost", node.front, ssl=node.trust())
        fields = {
            "Host": node.domain,
            "Authorization": f"Bearer {token}",
            "Content-Type": "multipart/form-data; boundary=edge",
            "Content-Length": str(size),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"POST /api/v2/media HTTP/1.1\r\n{head}\r\n".encode())

        async def send() -> None:
            with suppress(ConnectionError):
                for _ in range(size // _PIECE):
                    writer.write(bytes(_PIECE))
                    await writer.drain()

        sending = asyncio.create_task(send())
        _, status, _ = (await reader.readline()).decode().split(" ", 2)
        sending.cancel()
        writer.transport.abort()
    return int(status)
