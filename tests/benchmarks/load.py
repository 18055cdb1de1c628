"""A client that costs little: ready-made requests over kept connections, and how long each answer took."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ANSWER_SECONDS: Final = 60
CONNECTIONS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How a load went; times in seconds, ``latencies`` sorted."""

    latencies: Sequence[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def milliseconds(self, share: float) -> float:
        """The time within which that share of the answers came."""
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))] * 1000


class UnexpectedAnswer(Exception):
    """An answer with another status than the load is about; what is measured would mean nothing."""


def request(method: str, path: str, host: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() != "host"]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


async def drive(
    port: int, requests: Sequence[bytes], *, status: int, connections: int = CONNECTIONS, seconds: float | None = None
) -> Timing:
    """Send each request once, or all of them round and round until ``seconds`` have passed."""
    started = time.perf_counter()
    latencies: list[float] = []
    position = 0

    def take() -> bytes | None:
        nonlocal position
        is_over = position >= len(requests) if seconds is None else time.perf_counter() - started >= seconds
        if is_over:
            return None
        position += 1
        return requests[(position - 1) % len(requests)]

    async def client() -> None:
        connection = await _Connection.open(port)
        try:
            while (message := take()) is not None:
                begun = time.perf_counter()
                async with asyncio.timeout(_ANSWER_SECONDS):
                    got, body = await connection.ask(message)
                latencies.append(time.perf_counter() - begun)
                if got != status:
                    raise UnexpectedAnswer(f"{message.split(b' HTTP')[0]!r}: {got} {body[:300]!r}")
        finally:
            connection.close()

    async with asyncio.TaskGroup() as clients:
        for _ in range(connections):
            clients.create_task(client())
    return Timing(latencies=sorted(latencies), seconds=time.perf_counter() - started)


async def ask(port: int, message: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to one request."""
    connection = await _Connection.open(port)
    try:
        return await connection.ask(message)
    finally:
        connection.close()


class _Connection:
    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._port = port
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "_Connection":
        return cls(port, *await asyncio.open_connection("127.0.0.1", port))

    def close(self) -> None:
        self._writer.close()

    async def ask(self, message: bytes) -> tuple[int, bytes]:
        """Status and body of the answer; a server may end a connection after so many requests."""
        try:
            return await self._ask(message)
        except (asyncio.IncompleteReadError, ConnectionError) as problem:
            if isinstance(problem, asyncio.IncompleteReadError) and problem.partial:
                raise
        self.close()
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return await self._ask(message)

    async def _ask(self, message: bytes) -> tuple[int, bytes]:
        self._writer.write(message)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await self._reader.readexactly(int(length[1])) if length else b""
        return int(head[9:12]), body
