"""The scene of the table of leaks, on both kinds of database."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.databases import PostgresqlServer
from tests.node.leaks.scene import Scene, open_scene


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """The node and everybody who looks at it."""
    folder = tmp_path_factory.mktemp("leaks")
    if request.param == "sqlite":
        files = request.getfixturevalue("sqlite_files")
        async with open_scene(files.create_migrated(folder / "node.db"), folder) as opened:
            yield opened
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.create_migrated()
    async with open_scene(server.url(name), folder) as opened:
        yield opened
    server.give_back(name)
