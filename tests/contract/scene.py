"""Where the walk takes place: a node as it is run for real, another one for what comes from elsewhere, and people."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx

from fedorg.domain.accounts import UserRole
from tests.contract.letters import Letters, taking_letters
from tests.contract.people import EVERYTHING, STAFF, MissingOperationError, Person, authorise, exchange, register
from tests.fediverse.nodes import RunningNode, settle, wait_for

T = TypeVar("T")

WAIT_SECONDS: Final = 20.0
NOBODYS_ID: Final = "999"
_STOCK: Final = 24
_NAMES: Final = ("ada", "ben", "cleo", "dora", "eno", "fay", "gus", "hana", "ivo", "jana", "kim", "lena")
# The same program with another clock, which goes on from the middle of this December.
_IN_DECEMBER: Final = """
from datetime import UTC, datetime

from fedorg import app, cli

begun = app.utc_now()
ahead = datetime(begun.year, 12, 15, 12, tzinfo=UTC) - begun
app.open_node.__wrapped__.__kwdefaults__["now"] = lambda: app.utc_now() + ahead
cli.main(prog_name="fedorg")
"""
_SETTINGS: Final = {
    "FEDORG_REGISTRATION": "open",
    # Limits are on, so that their headers are there, and too high to be reached.
    "FEDORG_RATE_LIMITS": "1000",
    "FEDORG_SHOW_DOMAIN_BLOCKS": "everybody",
    "FEDORG_SYNCHRONOUS": "normal",
}


@dataclass(slots=True, kw_only=True)
class Scene:
    """The node that is walked over (``node``), another one (``elsewhere``), and who is there.

    ``alice``, ``bob`` and ``carol`` are members whom a check may use as long as it leaves their follows, blocks and
    settings as they were; ``admin`` owns the node; ``rita`` lives elsewhere. Whoever needs more than that asks for a
    fresh ``person``. ``nobody`` has no token.
    """

    node: RunningNode
    elsewhere: RunningNode
    december: RunningNode
    """A node whose clock stands in December, when the year is reported; started when somebody asks for it."""
    letters: Letters
    """What the node wrote by mail."""
    stack: AsyncExitStack = field(repr=False)
    nobody: httpx.AsyncClient = field(init=False, repr=False)
    application: dict[str, Any] = field(init=False, repr=False)
    admin: Person = field(init=False)
    alice: Person = field(init=False)
    bob: Person = field(init=False)
    carol: Person = field(init=False)
    rita: Person = field(init=False)
    _applications: dict[str, dict[str, Any]] = field(init=False, default_factory=dict, repr=False)
    _wintry: list[Person] = field(init=False, default_factory=list)
    _stock: list[str] = field(init=False, default_factory=list)
    _numbers: "itertools.count[int]" = field(init=False, default_factory=itertools.count)
    _owner: Person | None = field(init=False, default=None)
    _tokens: dict[str, httpx.AsyncClient] = field(init=False, default_factory=dict, repr=False)

    async def begin(self) -> None:
        """Start both nodes and bring the people in."""
        await self.node.create("admin", role=UserRole.ADMIN)
        await self.node.create("alice", "bob", "carol")
        await self.elsewhere.create("rita")
        await self.node.start()
        await self.elsewhere.start()
        self.nobody = await self.client(self.node)
        for node in (self.node, self.elsewhere):
            self._applications[node.name] = await register(await self.client(node), f"{EVERYTHING} {STAFF}")
        self.application = self._applications[self.node.name]
        self.admin, self.alice, self.bob, self.carol = [
            await self.sign_in(name) for name in ("admin", "alice", "bob", "carol")
        ]
        self.rita = await self.sign_in("rita", self.elsewhere)

    async def client(self, node: RunningNode, token: str | None = None) -> httpx.AsyncClient:
        """A client with a token or without; closed with the scene."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.stack.enter_async_context(node.http(**headers))

    async def sign_in(self, username: str, node: RunningNode | None = None) -> Person:
        """A person with a token for everything."""
        node = node or self.node
        application = self._applications[node.name]
        browser = await self.client(node)
        scopes = f"{EVERYTHING} {STAFF}" if username == "admin" else EVERYTHING
        token = await exchange(browser, application, await authorise(browser, username, application, scopes))
        http = await self.client(node, token)
        account = (await http.get("/api/v1/accounts/verify_credentials")).json()
        return Person(node=node, username=username, id=account["id"], http=http, browser=browser)

    async def person(self) -> Person:
        """Somebody nobody has met yet."""
        if not self._stock:
            numbers = list(itertools.islice(self._numbers, _STOCK))
            self._stock = [f"{_NAMES[number % len(_NAMES)]}{number}" for number in numbers]
            await self.node.create(*self._stock)
        return await self.sign_in(self._stock.pop(0))

    async def people(self, count: int) -> list[Person]:
        """Several fresh people."""
        return [await self.person() for _ in range(count)]

    async def in_december(self, count: int) -> list[Person]:
        """People of the node where the year ends; the first two are the same each time."""
        if self.december.process is None:
            names = [f"winter{number}" for number in range(count)]
            await self.december.create(*names)
            await self.december.start()
            self._applications[self.december.name] = await register(await self.client(self.december))
            self._wintry = [await self.sign_in(name, self.december) for name in names]
        return self._wintry[:count]

    async def limited(self, scopes: str) -> httpx.AsyncClient:
        """A client of a person of its own whose token is good for ``scopes`` only."""
        if scopes not in self._tokens:
            owner = await self._limited_owner()
            code = await authorise(owner.browser, owner.username, self.application, scopes)
            token = await exchange(owner.browser, self.application, code)
            self._tokens[scopes] = await self.client(self.node, token)
        return self._tokens[scopes]

    async def _limited_owner(self) -> Person:
        if self._owner is None:
            self._owner = await self.person()
        return self._owner

    async def program(self) -> httpx.AsyncClient:
        """A client with a token of a program alone, without a user."""
        if "program" not in self._tokens:
            fields = {
                "grant_type": "client_credentials",
                "client_id": self.application["client_id"],
                "client_secret": self.application["client_secret"],
                "scope": EVERYTHING,
            }
            answer = await self.nobody.post("/oauth/token", data=fields)
            self._tokens["program"] = await self.client(self.node, answer.json()["access_token"])
        return self._tokens["program"]

    async def unknown(self) -> httpx.AsyncClient:
        """A client with a token that nobody was given."""
        if "unknown" not in self._tokens:
            self._tokens["unknown"] = await self.client(self.node, "no-such-token")
        return self._tokens["unknown"]

    async def command(self, *words: str) -> str:
        """What ``fedorg …`` prints on the node; a command that is not there yet makes the check wait for it."""
        finished = await self.node.run(*words)
        if finished.code == 2 and "No such command" in finished.complaint:
            raise MissingOperationError(f"fedorg {' '.join(words[:2])}")
        assert finished.code == 0, f"fedorg {' '.join(words)}: {finished.complaint[:300]}"
        return finished.output

    async def settle(self) -> None:
        """Wait until neither node has anything left to do."""
        await settle(self.node, self.elsewhere)

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str, seconds: float = WAIT_SECONDS) -> T:
        """What ``look`` finds once it is there."""
        return await wait_for(look, what, seconds, every=0.05)

    async def remote_status(self, reader: Person, text: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """A status of rita's as ``reader`` sees it here: the Status."""
        posted = await self.rita.status(text, **fields)
        found = await reader.get("/api/v2/search", q=posted["url"], type="statuses", resolve="true")
        (status,) = found["statuses"]
        return status


@asynccontextmanager
async def open_scene(folder: Path, database_url: str, december_url: str = "") -> AsyncIterator[Scene]:
    """Both nodes up on empty databases, everybody signed in."""
    async with AsyncExitStack() as stack:
        letters = await stack.enter_async_context(taking_letters())
        mailing = {"FEDORG_SMTP_URL": letters.url, "FEDORG_MAIL_FROM": "fedorg@here.example"}
        node = RunningNode(
            name="here", folder=folder / "here", database_url=database_url, settings={**_SETTINGS, **mailing}
        )
        elsewhere = RunningNode(name="elsewhere", folder=folder / "elsewhere", settings=_SETTINGS)
        december = RunningNode(
            name="december",
            folder=folder / "december",
            database_url=december_url,
            settings=_SETTINGS,
            program=("-c", _IN_DECEMBER),
        )
        for one in (node, elsewhere, december):
            stack.push_async_callback(one.close)
        scene = Scene(node=node, elsewhere=elsewhere, december=december, letters=letters, stack=stack)
        await scene.begin()
        yield scene
