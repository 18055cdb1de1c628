"""One node for the attacks of a module, and peers whose people are hostile."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.databases import PostgresqlServer
from tests.node.attacks.ground import Ground, open_ground, take_ground
from tests.node.fake_peer import FakePeer, running_peer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    """The node that is attacked, on SQLite; with ``ON_BOTH_ENGINES`` on PostgreSQL too."""
    folder = tmp_path_factory.mktemp("ground")
    if getattr(request, "param", "sqlite") == "sqlite":
        async with take_ground(request.getfixturevalue("sqlite_files"), folder) as taken:
            yield taken
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.create_migrated()
    async with open_ground(server.url(name), folder) as taken:
        yield taken
    server.give_back(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def peer() -> AsyncIterator[FakePeer]:
    """A server whose users are hostile."""
    async with running_peer() as running:
        running.add_user("mallory")
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def third() -> AsyncIterator[FakePeer]:
    """An honest server with one user, olga."""
    async with running_peer() as running:
        running.add_user("olga")
        yield running
