"""A peer on loopback that answers with raw bytes, and remembers the raw bytes it was sent."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from federation.signatures import Headers, Request

ACTIVITY = "application/activity+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it stood on the wire."""

    line: str
    headers: Headers
    body: bytes

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def as_request(self, base: str) -> Request:
        """As the peer's own verification would see it."""
        return Request(
            method=self.line.split(" ")[0],
            target_uri=base + self.target,
            path=self.target,
            headers=self.headers,
            body=self.body,
        )


Answer = Callable[[Received], bytes | Awaitable[bytes]]


@dataclass(slots=True, kw_only=True)
class Peer:
    """A running server; an answer of no bytes closes the connection. ``ends`` is released by each that is over."""

    port: int
    answer: Answer
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    ends: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    @property
    def http(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def https(self) -> str:
        return f"https://localhost:{self.port}"


@asynccontextmanager
async def peer(answer: Answer, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """Serve until the end of the block."""
    here = Peer(port=0, answer=answer)
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here.connections += 1
        writers.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                received = await _receive(reader)
                here.received.append(received)
                answered = here.answer(received)
                data = answered if isinstance(answered, bytes) else await answered
                if not data:
                    break
                writer.write(data)
                await writer.drain()
        writer.close()
        writers.discard(writer)
        here.ends.release()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()
        for writer in writers:
            writer.close()


def http(status: int = 200, body: bytes = b"{}", **headers: str) -> bytes:
    """An answer with a length; underscores in names stand for hyphens."""
    fields = {"content-type": ACTIVITY, "content-length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Fine\r\n{lines}\r\n".encode() + body


async def _receive(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
    line, *lines = head.rstrip("\r\n").split("\r\n")
    headers = Headers.of((name, value) for name, _, value in (text.partition(":") for text in lines))
    length = int(headers.lines.get("content-length", ("0",))[0])
    return Received(line=line, headers=headers, body=await reader.readexactly(length))
