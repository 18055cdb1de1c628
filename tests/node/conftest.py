"""Nodes of one test, on both kinds of database: served on a socket, or only opened for its services."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.fediverse.nodes import RunningNode
from tests.node.meeting import Meeting, meet
from tests.node.serving import NodeServer, serve_node
from tests.node.talking import WorkingServer, run_jobs
from tests.node.world import MakeWorld, World, open_world


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[RunningNode]:
    """A node of processes of its own that has not been started, with nothing in its folder."""
    made = RunningNode(name="Engineering", folder=tmp_path / "node")
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def serve(engine_url: str, tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[NodeServer]]]:
    """Serves the one node of a test with the settings it wants."""
    async with AsyncExitStack() as stack:

        async def start(**settings: object) -> NodeServer:
            return await stack.enter_async_context(serve_node(engine_url, tmp_path, **settings))

        yield start


@pytest.fixture
async def node_server(serve: Callable[..., Awaitable[NodeServer]]) -> NodeServer:
    """A served node open to everybody."""
    return await serve()


@pytest.fixture
async def working(node_server: NodeServer) -> AsyncIterator[WorkingServer]:
    """A served node open to everybody that runs its jobs as well."""
    async with run_jobs(node_server) as server:
        yield server


@pytest.fixture
async def meeting(node_server: NodeServer) -> AsyncIterator[Meeting]:
    """A served node open to everybody that runs its jobs, and a peer beside it."""
    async with meet(node_server) as met:
        yield met


@pytest.fixture
async def make_world(engine_url: str, tmp_path: Path) -> AsyncIterator[MakeWorld]:
    """Opens the one node of a test with the settings it wants."""
    async with AsyncExitStack() as stack:

        async def make(**settings: object) -> World:
            return await stack.enter_async_context(open_world(engine_url, tmp_path, **settings))

        yield make


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    """A node open to everybody."""
    return await make_world()
