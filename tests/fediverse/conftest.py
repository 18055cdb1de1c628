"""Two real nodes that know each other only through their sockets, and people with clients on both."""

import resource
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest
import pytest_asyncio

from tests.databases import PostgresqlServer
from tests.fediverse.interop import table
from tests.fediverse.interop.world import SCHEMES
from tests.fediverse.nodes import Member, RunningNode, Tls, settle


@dataclass(frozen=True, slots=True, kw_only=True)
class Fediverse:
    """Node ``a`` with alice and anton (whose account is locked), node ``b`` with bob and bella."""

    a: RunningNode
    b: RunningNode
    alice: Member
    anton: Member
    bob: Member
    bella: Member

    async def settle(self) -> None:
        """Wait until neither node has anything left to do."""
        await settle(self.a, self.b)


@asynccontextmanager
async def running_fediverse(
    folder: Path,
    *,
    tls: Tls | None = None,
    databases: tuple[str, str] = ("", ""),
    settings: Mapping[str, str] = MappingProxyType({}),
    program: Sequence[str] = ("-m", "fedorg"),
) -> AsyncIterator[Fediverse]:
    """Both nodes up, everybody signed in; without ``databases`` each has its embedded one."""
    async with AsyncExitStack() as stack:
        a, b = (
            RunningNode(name=name, folder=folder / name, tls=tls, database_url=url, settings=settings, program=program)
            for name, url in zip(("a", "b"), databases, strict=True)
        )
        for node, people in ((a, ("alice", "anton")), (b, ("bob", "bella"))):
            stack.push_async_callback(node.close)
            await node.create(*people)
            await node.start()
        members = {
            name: await stack.enter_async_context(node.member(name))
            for node, names in ((a, ("alice", "anton")), (b, ("bob", "bella")))
            for name in names
        }
        await members["anton"].http.patch("/api/v1/accounts/update_credentials", data={"locked": "true"})
        yield Fediverse(a=a, b=b, **members)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fediverse(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fediverse]:
    """The two nodes over plain HTTP on loopback, shared by the tests of a module."""
    async with running_fediverse(Path(tmp_path_factory.mktemp("fediverse"))) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secure_fediverse(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fediverse]:
    """The two nodes over TLS, both trusting one authority made for the test."""
    folder = Path(tmp_path_factory.mktemp("secure"))
    async with running_fediverse(folder, tls=Tls.issued(folder)) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def postgresql_fediverse(
    postgresql_server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fediverse]:
    """The two nodes, each on a database of a PostgreSQL server."""
    names = postgresql_server.create_migrated(), postgresql_server.create_migrated()
    folder = Path(tmp_path_factory.mktemp("postgresql"))
    async with running_fediverse(
        folder, databases=(postgresql_server.url(names[0]), postgresql_server.url(names[1]))
    ) as running:
        yield running
    for name in names:
        postgresql_server.give_back(name)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let a test that plays a scene say which rows of the table of interoperability it proves."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    if "scene" in params:
        table.rows(item, params["scene"], SCHEMES[params["world"]])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print that table."""
    table.print_table(terminalreporter)


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """This process may hold as many sockets as it may ask for."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
