"""Servers that say raw bytes: slowly, for ever, or once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/activity+json\r\n"


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[int]:
    """The port of a server that answers by ``serve``; at the end no connection of it is left."""
    running: set[asyncio.Task[None]] = set()

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await serve(reader, writer)
        finally:
            await close(writer)
            running.discard(task)

    server = await asyncio.start_server(answered, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def close(writer: asyncio.StreamWriter) -> None:
    """Hang up, and wait until that is done."""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


class Raw:
    """What is said to everybody who comes: a head, and a chunk again and again; it counts what it could get rid of."""

    def __init__(self, head: bytes, chunk: bytes, pause: float = 0.0) -> None:
        self.sent = 0
        self._head, self._chunk, self._pause = head, chunk, pause

    @asynccontextmanager
    async def for_ever(self) -> AsyncIterator[str]:
        """The address of a server that goes on as long as somebody listens."""
        async with self._serving(self._go_on) as url:
            yield url

    @asynccontextmanager
    async def once(self) -> AsyncIterator[str]:
        """The address of a server that says head and chunk once and hangs up."""
        async with self._serving(self._say) as url:
            yield url

    @asynccontextmanager
    async def _serving(self, say: "Say") -> AsyncIterator[str]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                await say(writer)

        async with serving(serve) as port:
            yield f"http://localhost:{port}"

    async def _say(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self._head + self._chunk)
        await writer.drain()

    async def _go_on(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self._head)
        while True:
            writer.write(self._chunk)
            self.sent += len(self._chunk)
            await writer.drain()
            await asyncio.sleep(self._pause)


Say = Callable[[asyncio.StreamWriter], Awaitable[None]]
