"""Real nodes in processes of their own, and members with real tokens, for tests that look from outside only.

A node's socket is bound here and handed over, so that its address is known before it starts, stays its own while it is
down, and never collides with that of a test that runs beside.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar

import httpx
import trustme

from fedorg import config
from fedorg.app import open_node
from fedorg.domain.accounts import UserRole
from fedorg.services import registration
from tests.databases import SqliteFiles
from tests.fediverse import commands
from tests.fediverse.commands import Finished

T = TypeVar("T")

WAIT_SECONDS: Final = 90.0
PASSWORD: Final = "correct horse battery"
OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"
_PROGRAM: Final = ("-m", "fedorg")
_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_HIDDEN: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """A certificate for localhost, and the authority that vouches for it."""

    certificate: Path
    key: Path
    authority: Path

    @classmethod
    def issued(cls, folder: Path) -> "Tls":
        """A certificate made for the test, by an authority made for it."""
        authority = trustme.CA()
        issued = authority.issue_cert("localhost")
        tls = cls(certificate=folder / "chain.pem", key=folder / "key.pem", authority=folder / "authority.pem")
        issued.private_key_pem.write_to_path(str(tls.key))
        for part in issued.cert_chain_pems:
            part.write_to_path(str(tls.certificate), append=True)
        authority.cert_pem.write_to_path(str(tls.authority))
        return tls


@dataclass(slots=True, kw_only=True)
class RunningNode:
    """A ``fedorg serve`` that may be stopped, killed and started again on the same address and data."""

    name: str
    folder: Path
    database_url: str = ""
    tls: Tls | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    program: Sequence[str] = _PROGRAM
    """What Python is told to run."""
    options: Sequence[str] = ()
    """Words after ``serve``."""
    listener: socket.socket = field(init=False)
    port: int = field(init=False)
    process: asyncio.subprocess.Process | None = field(init=False, default=None)
    begun: list[asyncio.subprocess.Process] = field(init=False, default_factory=list)
    """Commands in processes of their own."""

    def __post_init__(self) -> None:
        self.folder.mkdir(0o700, parents=True, exist_ok=True)
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(256)
        self.port = self.listener.getsockname()[1]

    @property
    def domain(self) -> str:
        """Host and port: what stands after the @ in handles here."""
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        """Public address."""
        return f"{'https' if self.tls else 'http'}://{self.domain}"

    @property
    def environment(self) -> dict[str, str]:
        """What the node's processes are told; mode and reach are stated, as in every test."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("FEDORG_", "COV_"))}
        # Each process would compile the whole node again.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment |= {
            "FEDORG_PUBLIC_URL": self.url,
            "FEDORG_NAME": self.name,
            "FEDORG_DATA_DIR": str(self.folder),
            "FEDORG_DATABASE_URL": self.database_url,
            "FEDORG_INSECURE_LOOPBACK": "true",
            "FEDORG_FEDERATION_MODE": "open",
            "FEDORG_DEFAULT_REACH": "public",
            "FEDORG_REGISTRATION": "closed",
            "FEDORG_RATE_LIMITS": "0",
            "FEDORG_LOG_FORMAT": "json",
        }
        if self.tls is not None:
            environment |= {
                "FEDORG_TLS_CERTIFICATE": str(self.tls.certificate),
                "FEDORG_TLS_KEY": str(self.tls.key),
                "FEDORG_CA_FILE": str(self.tls.authority),
            }
        return environment | dict(self.settings)

    async def run(self, *words: str) -> Finished:
        """Run ``fedorg …`` to its end with this node's settings."""
        if self.program == _PROGRAM and not commands.are_read_at_start(self.settings):
            return await commands.run(words, self.environment, self.folder)
        return await self._python(*self.program, *words)

    async def command(self, *words: str) -> str:
        """What ``fedorg …`` prints; fails the test with its complaint."""
        finished = await self.run(*words)
        assert finished.code == 0, f"fedorg {' '.join(words)}: {finished.complaint}"
        return finished.output

    async def run_all(self, *several: Sequence[str]) -> list[Finished]:
        """Run several ``fedorg …`` one after another."""
        return [await self.run(*words) for words in several]

    async def prepare(self, *several: Sequence[str]) -> None:
        """Run several commands that must not fail on a node that is begun, if need be."""
        self.begin()
        for words in several:
            await self.command(*words)

    def begin(self) -> None:
        """Make its database, unless it has one: commands work on a node that was begun before."""
        embedded = self.folder / "fedorg.db"
        if not self.database_url and not embedded.exists():
            SqliteFiles().create_migrated(embedded)

    async def create(self, *usernames: str, role: UserRole = UserRole.MEMBER) -> None:
        """Make people who sign in with ``PASSWORD``: here, since a command that makes them takes a second to start."""
        settings = config.load(self.environment)
        self.begin()
        async with open_node(settings) as node:
            for username in usernames:
                await registration.create_person(node, username, role=role, password=PASSWORD)

    async def spawn_command(self, *words: str) -> asyncio.subprocess.Process:
        """Start ``fedorg …`` with pipes to all it reads and writes."""
        return await self._spawn(*self.program, *words, stdin=asyncio.subprocess.PIPE)

    async def _python(self, *words: str) -> Finished:
        process = await self._spawn(*words)
        output, complaint = await process.communicate()
        assert process.returncode is not None
        return Finished(code=process.returncode, output=output.decode(), complaint=complaint.decode())

    async def _spawn(self, *words: str, stdin: int | None = None) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            cwd=self.folder,
            env=self.environment,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self.begun.append(process)
        return process

    async def start(self) -> None:
        """Start serving and wait until it answers."""
        process = await self.spawn()

        async def answers() -> bool | None:
            assert process.returncode is None, f"{self.name} ended with {process.returncode}: {self.log_tail()}"
            with contextlib.suppress(httpx.TransportError):
                async with self.http() as http:
                    return (await http.get("/health", timeout=2)).is_success or None
            return None

        await wait_for(answers, f"{self.name} to answer")

    async def spawn(self) -> asyncio.subprocess.Process:
        """Start serving without waiting for an answer."""
        with (self.folder / "node.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.program,
                "serve",
                "--fd",
                str(self.listener.fileno()),
                *self.options,
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                pass_fds=(self.listener.fileno(),),
            )
        return self.process

    async def stop(self) -> None:
        """End it as an administrator does; it must end by itself."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            async with asyncio.timeout(WAIT_SECONDS):
                await self.process.wait()

    async def kill(self) -> None:
        """End it as a power cut does."""
        if self.process is not None:
            await end(self.process)

    def kill_one(self, random: Random) -> None:
        """End one of the processes it started as a power cut does."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(random.choice(children)), signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hang: connections to it are made, and nothing is answered."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def thaw(self) -> None:
        """Let it go on where it was."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    async def close(self) -> None:
        """End it, and commands that a failed test left, and give its address back."""
        await self.kill()
        for command in self.begun:
            await end(command)
        self.listener.close()

    def http(self, **headers: str) -> httpx.AsyncClient:
        """A client of this node that trusts its certificate."""
        verify = ssl.create_default_context(cafile=str(self.tls.authority)) if self.tls else _NO_TLS
        return httpx.AsyncClient(base_url=self.url, headers=headers, verify=verify, timeout=WAIT_SECONDS)

    @contextlib.asynccontextmanager
    async def member(self, username: str) -> "AsyncIterator[Member]":
        """A signed-in client of somebody made by ``create``."""
        async with self.http() as http:
            http.headers["Authorization"] = f"Bearer {await sign_in(http, username)}"
            http.cookies.clear()
            yield Member(node=self, username=username, http=http)

    def log_lines(self, event: str) -> list[dict[str, Any]]:
        """Structured lines of one event, oldest first."""
        lines = (self.folder / "node.log").read_text(errors="replace").splitlines()
        return [line for line in map(json.loads, filter(_is_json, lines)) if line.get("event") == event]

    def log_tail(self) -> str:
        """The last lines of the log."""
        return "\n".join((self.folder / "node.log").read_text(errors="replace").splitlines()[-20:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody with a client."""

    node: RunningNode
    username: str
    http: httpx.AsyncClient = field(repr=False)

    @property
    def handle(self) -> str:
        """The handle others know this person by."""
        return f"@{self.username}@{self.node.domain}"

    async def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """The JSON of a GET that must succeed."""
        return _json(await self.http.get(path, params=params))

    async def post(self, path: str, data: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """The JSON of a POST that must succeed."""
        return _json(await self.http.post(path, data=data))

    async def find(self, other: "Member") -> str:
        """The id of somebody here, resolved from their node if need be."""
        found = await self.get("/api/v2/search", {"q": other.handle, "type": "accounts", "resolve": "true"})
        (account,) = found["accounts"]
        return str(account["id"])

    async def follow(self, other: "Member") -> str:
        """Follow somebody and wait until they accepted; their id here."""
        target = await self.find(other)
        await self.post(f"/api/v1/accounts/{target}/follow")

        async def accepted() -> bool | None:
            (relationship,) = await self.get("/api/v1/accounts/relationships", {"id[]": target})
            return relationship["following"] or None

        await wait_for(accepted, f"{other.handle} to accept {self.handle}")
        return target

    async def home(self) -> list[str]:
        """The contents of the home timeline, newest first."""
        return [status["content"] for status in await self.get("/api/v1/timelines/home")]

    async def home_status(self, words: str) -> dict[str, Any]:
        """The status in the home timeline that holds ``words``, once it is there."""

        async def look() -> dict[str, Any] | None:
            home = await self.get("/api/v1/timelines/home")
            return next((status for status in home if words in status["content"]), None)

        return await wait_for(look, f"{words!r} in the home of {self.handle}")


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """A port that nobody is given by chance until the block ends, and that a program to be started can listen at.

    All that is needed for that is ``SO_REUSEADDR`` on both sides, which servers set.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


async def end(process: asyncio.subprocess.Process) -> None:
    """Let it do nothing more, if it has not ended by itself."""
    if process.returncode is None:
        process.kill()
    await process.communicate()


def children_of(pid: int, word: str) -> list[int]:
    """The processes that the main thread of one has started, or was left, with a word on their command line."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if word in _words_of(child)]


def _words_of(pid: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        # It has ended since it was listed.
        return []


async def settle(*nodes: RunningNode, seconds: float = WAIT_SECONDS) -> None:
    """Wait until nothing waits on any of the nodes, twice in a row, since one's deliveries are the other's jobs."""
    calm = 0
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(node.http()) for node in nodes]

        async def look() -> bool | None:
            nonlocal calm
            calm = calm + 1 if all([await _is_idle(http) for http in clients]) else 0
            return calm >= 2 or None

        await wait_for(look, "the nodes to be idle", seconds, every=0.1)


async def wait_for(
    look: Callable[[], Awaitable[T | None]], what: str, seconds: float = WAIT_SECONDS, *, every: float = 0.03
) -> T:
    """What ``look`` finds; fails the test when it finds nothing in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(every)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


async def sign_in(http: httpx.AsyncClient, username: str, password: str = PASSWORD) -> str:
    """A token, the way every client gets one: register, sign in and consent on the pages, trade the code."""
    scopes = "read write follow push"
    application = _json(
        await http.post("/api/v1/apps", data={"client_name": "tests", "redirect_uris": OUT_OF_BAND, "scopes": scopes})
    )
    wanted = {
        "response_type": "code",
        "client_id": application["client_id"],
        "redirect_uri": OUT_OF_BAND,
        "scope": scopes,
    }
    page = await http.get("/oauth/authorize", params=wanted, follow_redirects=True)
    page = await submit(http, page, name=username, password=password)
    page = await submit(http, page, decision="allow")
    code = re.search(r'<code id="code"[^>]*>([^<]+)<', page.text)
    assert code, page.text
    granted = _json(
        await http.post(
            "/oauth/token",
            data={
                "grant_type": "authorization_code",
                "code": unescape(code[1]),
                "redirect_uri": OUT_OF_BAND,
                "client_id": application["client_id"],
                "client_secret": application["client_secret"],
            },
        )
    )
    return str(granted["access_token"])


async def submit(http: httpx.AsyncClient, page: httpx.Response, **fields: str) -> httpx.Response:
    """Fill in the form of a page and send it, as a browser does."""
    target, filled = fill_in(page, **fields)
    return await http.post(target, data=filled, follow_redirects=True)


def fill_in(page: httpx.Response, **fields: str) -> tuple[httpx.URL, dict[str, str]]:
    """Where the form of a page goes, and what it says with ``fields`` filled in."""
    form = re.search(r'<form[^>]*method="post"[^>]*>.*?</form>', page.text, re.DOTALL)
    assert form, f"{page.url} shows no form: {page.status_code} {page.text[:500]}"
    action = re.search(r'action="([^"]*)"', form[0].split(">", 1)[0])
    hidden = {name: unescape(value) for name, value in _HIDDEN.findall(form[0])}
    target = page.url.join(unescape(action[1])) if action else page.url
    return target, hidden | fields


async def _is_idle(http: httpx.AsyncClient) -> bool:
    """Whether no job and no delivery waits on a node, as its metrics say."""
    text = (await http.get("/metrics", params={"name[]": "fedorg_queue"})).text
    waiting = re.findall(r'^fedorg_queue\{queue="\w+",state="waiting"\} ([0-9.e+]+)$', text, re.MULTILINE)
    assert len(waiting) == 2, text
    return all(float(number) == 0 for number in waiting)


def _json(response: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    assert response.is_success, (
        f"{response.request.method} {response.url}: {response.status_code} {response.text[:500]}"
    )
    return response.json()


def _is_json(line: str) -> bool:
    return line.startswith("{") and line.endswith("}")
