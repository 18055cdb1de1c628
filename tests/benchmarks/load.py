"""A client that costs little: ready-made requests over kept connections, and how long each answer took."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ANSWER_SECONDS: Final = 60


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
    port: int, requests: Sequence[bytes], *, status: int, connections: int = 8, seconds: float | None = None
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
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while (message := take()) is not None:
                begun = time.perf_counter()
                writer.write(message)
                async with asyncio.timeout(_ANSWER_SECONDS):
                    got, body = await _answer(reader)
                latencies.append(time.perf_counter() - begun)
                if got != status:
                    raise UnexpectedAnswer(f"{message.split(b' HTTP')[0]!r}: {got} {body[:300]!r}")
        finally:
            writer.close()

    async with asyncio.TaskGroup() as clients:
        for _ in range(connections):
            clients.create_task(client())
    return Timing(latencies=sorted(latencies), seconds=time.perf_counter() - started)


async def ask(port: int, message: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to one request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(message)
        return await _answer(reader)
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    body = await reader.readexactly(int(length[1])) if length else b""
    return int(head[9:12]), body
