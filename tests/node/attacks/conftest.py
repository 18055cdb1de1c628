"""One node for the attacks of a module, and peers whose people are hostile."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.databases import SqliteFiles
from tests.node.attacks.ground import Ground, take_ground
from tests.node.fake_peer import FakePeer, running_peer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    """The node that is attacked."""
    async with take_ground(sqlite_files, tmp_path_factory.mktemp("ground")) as taken:
        yield taken


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
