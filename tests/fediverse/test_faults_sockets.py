"""A thousand idle WebSockets: the node goes on, each costs little, and what they took is given back afterwards."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from tests.fediverse.nodes import RunningNode, sign_in, wait_for
from tests.fediverse.traffic import own_bytes, resting_bytes, tell, traffic

# How many connections one account may have open.
OF_AN_ACCOUNT = 32
AT_ONCE = 16
ROUNDS_LONG = 3
MEBI = 1024 * 1024


@pytest.mark.usefixtures("many_descriptors")
async def test_so_many_streams_and_no_more(tmp_path: Path) -> None:
    """As many WebSockets as the settings allow hear what is said; one more is refused, and a closed one makes room."""
    async with crowded_node(tmp_path, streams_max=100) as (node, tokens), AsyncExitStack() as stack:
        sockets = await open_all(stack, node, tokens, 100)
        with pytest.raises(websockets.InvalidStatus) as refusal:
            await stack.enter_async_context(connect(node, tokens[-1]))
        answer = refusal.value.response
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "streams" in json.loads(answer.body)["error"]
        async with node.member("alice") as alice, node.http() as http:
            events = await alice.http.get("/api/v1/streaming/user")
            assert (events.status_code, "streams" in events.json()["error"]) == (503, True)
            await alice.post("/api/v1/statuses", {"status": "Does everybody hear me?"})
            for socket in sockets:
                assert "Does everybody hear me?" in str(await asyncio.wait_for(socket.recv(), 60))
            assert (await http.get("/health")).is_success
        await sockets[0].close()

        async def look() -> bool | None:
            try:
                await stack.enter_async_context(connect(node, tokens[0]))
            except websockets.InvalidStatus:
                return None
            return True

        await wait_for(look, "room for another stream")


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("many_descriptors")
async def test_a_thousand_idle_streams(tmp_path: Path) -> None:
    """While a thousand are open people read and write as ever; memory does not grow from one thousand to the next."""
    async with (
        crowded_node(tmp_path, streams_max=2000, people=32) as (node, tokens),
        node.member("alice") as alice,
        node.member("m1") as reader,
    ):
        await reader.follow(alice)
        closed = [await resting_bytes(node)]
        for number in range(ROUNDS_LONG):
            before = own_bytes(node)
            async with AsyncExitStack() as stack:
                await open_all(stack, node, tokens, 1000, "user")
                opened = own_bytes(node)
                async with traffic(alice, reader) as going:
                    await going.goes_on(100, seconds=120)
                assert going.wrong == []
                going.tell(f"1,000 idle WebSockets, round {number}", each=f"{(opened - before) / 1000 / 1024:.1f} KiB")
                assert going.p95("GET") < 1.0
                assert going.p95("POST") < 1.0

            async def look() -> bool | None:
                text = (await alice.http.get("/metrics")).text
                return "fedorg_streams 0.0" in text or None

            await wait_for(look, "all streams to be gone")
            closed.append(await resting_bytes(node))
        async with AsyncExitStack() as stack:
            await open_all(stack, node, tokens, 1000)
            async with traffic(alice, reader) as going:
                await going.goes_on(10, seconds=300)
            assert going.wrong == []
            going.tell("1,000 WebSockets that hear every status")
        tell("own memory after closing them", MiB=[round(one / MEBI) for one in closed])
        assert max(closed[2:]) <= closed[1] * 1.1


@asynccontextmanager
async def crowded_node(
    folder: Path, *, streams_max: int, people: int = 4
) -> AsyncIterator[tuple[RunningNode, list[str]]]:
    """A node, and a token of each of its people."""
    settings = {"FEDORG_STREAMS_MAX": str(streams_max)}
    node = RunningNode(name="aster", folder=folder / "aster", settings=settings)
    names = [f"m{number}" for number in range(people)]
    try:
        await node.create("alice", *names)
        await node.start()
        tokens = []
        for name in names:
            async with node.http() as http:
                tokens.append(await sign_in(http, name))
        yield node, tokens
    finally:
        await node.close()


def connect(node: RunningNode, token: str, stream: str = "public") -> "websockets.connect":
    """A WebSocket that listens to a stream, by default to what everybody may see."""
    address = f"ws://{node.domain}/api/v1/streaming?stream={stream}"
    return websockets.connect(address, additional_headers={"Authorization": f"Bearer {token}"}, open_timeout=60)


async def open_all(
    stack: AsyncExitStack, node: RunningNode, tokens: list[str], count: int, stream: str = "public"
) -> list[ClientConnection]:
    """So many of them, an account after the other."""
    assert count <= OF_AN_ACCOUNT * len(tokens)
    turns = asyncio.Semaphore(AT_ONCE)

    async def open_one(number: int) -> ClientConnection:
        async with turns:
            return await stack.enter_async_context(connect(node, tokens[number // OF_AN_ACCOUNT], stream))

    return await asyncio.gather(*map(open_one, range(count)))
