"""The same node on the server that may answer in place of Hypercorn: requests, streams, refusals and the end."""

import asyncio
import importlib.util
import json
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.fediverse.nodes import RunningNode


@pytest.mark.skipif(importlib.util.find_spec("granian") is None, reason="the extra fedorg[fast] is not installed")
async def test_node_on_granian_serves_streams_and_ends_by_itself(tmp_path: Path) -> None:
    """A member posts and hears of it on a WebSocket; a stranger is refused; the node ends when it is told to."""
    node = RunningNode(name="granian", folder=tmp_path, settings={"FEDORG_SERVER": "granian"})
    await node.create("alice")
    await node.start()
    try:
        async with node.member("alice") as alice:
            token = alice.http.headers["Authorization"].removeprefix("Bearer ")
            address = f"ws://localhost:{node.port}/api/v1/streaming?stream=user&access_token={token}"
            async with connect(address) as stream:
                posted = await alice.post("/api/v1/statuses", {"status": "Hello"})
                async with asyncio.timeout(20):
                    heard = json.loads(await stream.recv())
                async with node.http() as stranger:
                    refused = await stranger.post("/api/v1/statuses", data={"status": "Hello"})
                await node.stop()
                async with asyncio.timeout(20):
                    await stream.wait_closed()

            assert (heard["event"], json.loads(heard["payload"])["id"]) == ("update", posted["id"])
            assert refused.status_code == 401
            assert node.process is not None
            assert node.process.returncode == 0
    finally:
        await node.close()
