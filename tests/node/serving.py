"""A whole node on a real socket of this machine, and people who talk to it as clients do."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any, Final

import httpx
import hypercorn.asyncio
import hypercorn.config

from fedorg import config, web
from fedorg.app import open_node
from fedorg.domain.accounts import User, UserRole
from fedorg.domain.oauth import OUT_OF_BAND
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services import oauth, registration
from fedorg.services.oauth import ApplicationDraft, AuthorizationQuery, ClientAuthentication
from tests.fediverse.nodes import WAIT_SECONDS

PASSWORD: Final = "correct horse battery"
EVERYTHING: Final = "read write follow push profile"
# These servers speak plain HTTP: reading the authorities of this machine for each client costs a tenth of a second.
NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_WINDOW: Final = timedelta(minutes=5)
_DAY: Final = timedelta(days=1)
# Longer than a test takes, and so short that what is signed by the right time is not too old.
_EVENING: Final = timedelta(minutes=3)
_DONE: Final = re.compile(r'<p class="done" role="status">([^<]*)</p>')
_HIDDEN: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Clock:
    """The node's time: the real one, put forward when a test says so."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._leave_the_evening()

    def __call__(self) -> datetime:
        now = datetime.now(UTC) + self._ahead
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._ahead += by

    def begin_window(self) -> None:
        """Go to the beginning of five minutes, so that no window of a limit ends while a test asks some times."""
        self.advance(self._until_next(_WINDOW))

    def _leave_the_evening(self) -> None:
        """Let no day end while a test counts by days."""
        left = self._until_next(_DAY)
        if left < _EVENING:
            self.advance(left)

    def _until_next(self, period: timedelta) -> timedelta:
        """Until the next one begins: of those that are counted from the beginning of a day."""
        return period - timedelta(seconds=int(self().timestamp())) % period


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody of the node with a client of theirs; ``api`` carries their token."""

    user: User
    token: str = field(repr=False)
    api: httpx.AsyncClient

    @property
    def id(self) -> str:
        """The account's id as the API writes it."""
        return str(self.user.account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeServer:
    """A served node. ``anonymous`` is a client without a token."""

    node: Node
    clock: Clock
    url: str
    anonymous: httpx.AsyncClient
    stack: AsyncExitStack = field(repr=False)

    async def api(self, token: str | None = None) -> httpx.AsyncClient:
        """A client of the API, with a token or without; closed with the server."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=WAIT_SECONDS, trust_env=False, verify=NO_TLS
        )
        return await self.stack.enter_async_context(client)

    async def person(self, username: str, *, scopes: str = EVERYTHING, role: UserRole = UserRole.MEMBER) -> Member:
        """A new person with ``PASSWORD``, and a token of theirs."""
        user = await registration.create_person(
            self.node, username, email=f"{username}@people.example", role=role, password=PASSWORD
        )
        token = await self.token(user, scopes)
        return Member(user=user, token=token, api=await self.api(token))

    async def token(self, user: User, scopes: str = EVERYTHING, *, account_id: AccountId | None = None) -> str:
        """A fresh token of a user, of a client program of its own; for an account that is shared with them, too."""
        wanted = oauth.parse_scopes(scopes)
        draft = ApplicationDraft(name="Test client", redirect_uris=(OUT_OF_BAND,), scopes=wanted)
        application, secret = await oauth.register_application(self.node, draft)
        request = await oauth.check_authorization(
            self.node, AuthorizationQuery(client_id=application.client_id, redirect_uri=OUT_OF_BAND, scope=scopes)
        )
        code = await oauth.grant(self.node, request, user, account_id or user.account_id)
        client = ClientAuthentication(client_id=application.client_id, client_secret=secret)
        _, token = await oauth.exchange_code(self.node, client, code=code, redirect_uri=OUT_OF_BAND, code_verifier=None)
        return token

    async def browser(self) -> "Browser":
        """A browser without a session."""
        return Browser(await self.api())


class Browser:
    """Pages and forms over HTTP with cookies, redirects not followed."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def open(self, path: str, **kwargs: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """A page, asked for as browsers do."""
        return await self.http.get(path, headers={"Accept": "text/html"}, **kwargs)

    async def submit(self, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
        """The form of a page with its hidden fields, and ``fields`` filled in."""
        hidden = {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}
        return await self.http.post(action, data={**hidden, **fields}, headers={"Accept": "text/html"})

    async def said_once(self, path: str) -> str:
        """What a page says of the form before it; asserts that the page says it no more when it is loaded again."""
        first, second = [_DONE.findall((await self.open(path)).text) for _ in range(2)]
        assert (len(first), second) == (1, [])
        return unescape(first[0])

    async def sign_in(self, name: str, password: str = PASSWORD, *, then: str = "/") -> httpx.Response:
        """The answer to the sign-in form."""
        page = await self.open("/auth/sign_in", params={"next": then})
        return await self.submit(page, "/auth/sign_in", name=name, password=password)


Changes = Callable[[Node], Node]


@asynccontextmanager
async def serve_node(
    database_url: str, data_dir: Path, change: Changes | None = None, /, **settings: object
) -> AsyncIterator[NodeServer]:
    """Serve a node on a free port, limits off unless ``settings`` say otherwise, until the block ends.

    ``change`` exchanges a part of the node, such as its way out, before it is served.
    """
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen(128)
    url = f"http://localhost:{bound.getsockname()[1]}"
    told: dict[str, object] = {
        "public_url": url,
        "name": "Test node",
        "data_dir": data_dir,
        "database_url": database_url,
        "insecure_loopback": True,
        "federation_mode": "open",
        "default_reach": "public",
        "registration": "open",
        "rate_limits": 0,
        "synchronous": "normal",
    }
    clock = Clock()
    if settings.get("rate_limits"):
        clock.begin_window()
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(open_node(config.from_mapping(told | settings), now=clock))
        node = change(opened) if change is not None else opened
        application = web.create_app(node)
        served = hypercorn.config.Config()
        # The server closes the descriptor it is given.
        served.bind = [f"fd://{bound.detach()}"]
        served.graceful_timeout = 2
        # As a node does: its own five seconds end a connection just when somebody asks again after a long test.
        served.keep_alive_timeout = 75
        served.accesslog = served.errorlog = None
        serving = asyncio.create_task(hypercorn.asyncio.serve(application, served, shutdown_trigger=stop.wait))
        try:
            async with AsyncExitStack() as clients:
                anonymous = await clients.enter_async_context(
                    httpx.AsyncClient(base_url=url, timeout=WAIT_SECONDS, trust_env=False, verify=NO_TLS)
                )
                yield NodeServer(node=node, clock=clock, url=url, anonymous=anonymous, stack=clients)
        finally:
            web.close_streams(application)
            stop.set()
            await serving
