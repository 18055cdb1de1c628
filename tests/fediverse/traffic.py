"""A member who writes and one who reads, steadily, while something is wrong with what their node stands on.

Each status is asked for again, with the same ``Idempotency-Key``, until it is acknowledged. Every answer is kept with
the time it took. Whatever is refused has to be refused clearly: 503 or 507, as JSON, with ``Retry-After``.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from tests.fediverse import ledger
from tests.fediverse.chaos import ENTRY, numbers_in, read_all
from tests.fediverse.nodes import Member, RunningNode, settle, wait_for

CLIENT_SECONDS: Final = 40.0
"""How long a client waits for an answer."""
REST_SECONDS: Final = 45
"""As long as the node keeps what may be asked of it again: connections to others, what is left of a WebSocket."""

_WRITERS: Final = 3
_PAUSE_SECONDS: Final = 0.08
_REFUSALS: Final = frozenset({httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.INSUFFICIENT_STORAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came to one request, and how long it took; 0 for a connection that broke."""

    method: str
    status: int
    seconds: float
    at: float
    """When the request was made, by the monotonic clock."""


@dataclass(slots=True, kw_only=True)
class Traffic:
    """What was asked and answered so far."""

    writer: Member
    reader: Member
    acknowledged: dict[int, str] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Answers that no client could understand."""
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def goes_on(self, more: int = 5, *, seconds: float = 60.0) -> float:
        """Return once so many more statuses are acknowledged and a page was read; after how many seconds."""
        started = time.monotonic()
        enough = len(self.acknowledged) + more

        async def look() -> bool | None:
            read = any(one.method == "GET" and one.status == httpx.codes.OK for one in self.since(started))
            return (read and len(self.acknowledged) >= enough) or None

        await wait_for(look, "the service to go on", seconds)
        return time.monotonic() - started

    def since(self, moment: float) -> list[Answer]:
        """Answers to what was asked after a moment of the monotonic clock."""
        return [one for one in self.answers if one.at >= moment]

    def statuses(self, method: str, since: float = 0.0) -> Counter[int]:
        """How often each status was answered."""
        return Counter(one.status for one in self.since(since) if one.method == method)

    async def answers_since(self, moment: float, method: str) -> set[int]:
        """With which statuses was answered what was asked after a moment, of which there has to be something."""

        async def look() -> set[int] | None:
            return set(self.statuses(method, moment)) or None

        return await wait_for(look, f"answers to {method}")

    def p95(self, method: str) -> float:
        """Seconds within which 95 % of what was not refused was answered."""
        return percentile([one.seconds for one in self.answers if (one.method, one.status) == (method, 200)], 95)

    async def refused(self, status: int, method: str = "POST") -> None:
        """Return once a request was refused with a status."""

        async def look() -> bool | None:
            return bool(self.statuses(method)[status]) or None

        await wait_for(look, f"{method} to be answered with {status}")

    async def nothing_is_lost(self) -> None:
        """All that was acknowledged is there once, for the author and the follower; the node is stopped then."""
        assert self.wrong == []
        node = self.writer.node
        await settle(node)
        me = await self.writer.get("/api/v1/accounts/verify_credentials")
        own = await read_all(self.writer, f"/api/v1/accounts/{me['id']}/statuses")
        assert numbers_in(own, ENTRY) == sorted(self.acknowledged)
        assert {status["id"] for status in own} >= set(self.acknowledged.values())
        assert numbers_in(await read_all(self.reader, "/api/v1/timelines/home"), ENTRY) == sorted(self.acknowledged)
        await node.stop()
        assert ledger.faults(node) == {}

    def tell(self, what: str, **figures: object) -> None:
        """Print how it went."""
        for method in ("GET", "POST"):
            seconds = [one.seconds for one in self.answers if one.method == method and one.status == httpx.codes.OK]
            figures[method] = f"{dict(self.statuses(method))} {times(seconds)}"
        tell(what, **figures)

    async def write_on(self) -> None:
        """Write one status after the other."""
        while not self.stopped.is_set():
            number = next(self._numbers)
            form = {"status": f"entry {number}"}
            while number not in self.acknowledged:
                answer = await self._ask(self.writer, "POST", "/api/v1/statuses", form, key=f"entry-{number}")
                if answer is not None and answer.is_success:
                    self.acknowledged[number] = answer.json()["id"]
                elif answer is not None and answer.status_code not in _REFUSALS:
                    return
                await asyncio.sleep(_PAUSE_SECONDS)

    async def read_on(self) -> None:
        """Read the home timeline again and again."""
        while not self.stopped.is_set():
            await self._ask(self.reader, "GET", "/api/v1/timelines/home")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(
        self, member: Member, method: str, path: str, form: dict[str, Any] | None = None, *, key: str = ""
    ) -> httpx.Response | None:
        headers = {"Idempotency-Key": key} if key else {}
        started = time.monotonic()
        try:
            answer = await member.http.request(method, path, data=form, headers=headers, timeout=CLIENT_SECONDS)
        except httpx.TransportError as problem:
            self.answers.append(Answer(method=method, status=0, seconds=time.monotonic() - started, at=started))
            self.wrong.append(f"{method} {path}: {problem!r}")
            return None
        seconds = time.monotonic() - started
        self.answers.append(Answer(method=method, status=answer.status_code, seconds=seconds, at=started))
        if not answer.is_success and not is_clear(answer):
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer


def is_clear(answer: httpx.Response) -> bool:
    """Whether an answer says in JSON that it cannot be done now, and when to ask again."""
    if answer.status_code not in _REFUSALS or not answer.headers.get("Retry-After", "").isdigit():
        return False
    return bool(answer.json()["error"])


@asynccontextmanager
async def traffic(writer: Member, reader: Member) -> AsyncIterator[Traffic]:
    """Reading and writing until the block ends, and all that was begun is acknowledged."""
    going = Traffic(writer=writer, reader=reader)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(_WRITERS):
            tasks.create_task(going.write_on())
        tasks.create_task(going.read_on())
        try:
            await going.goes_on()
            yield going
        finally:
            going.stopped.set()


def percentile(values: list[float], percent: int) -> float:
    """What so many percent of the values are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0.0


def times(seconds: list[float]) -> str:
    """How long answers took, in words."""
    slowest = max(seconds, default=0.0)
    return f"p50 {percentile(seconds, 50):.3f} s p95 {percentile(seconds, 95):.3f} s slowest {slowest:.2f} s"


def tell(what: str, **figures: object) -> None:
    """Print figures of a fault: ``make test-long`` shows them, ``make test`` only those of what failed."""
    print(f"\n{what}: " + "; ".join(f"{name} {value}" for name, value in figures.items()))  # noqa: T201 - see above


async def resting_bytes(node: RunningNode) -> int:
    """Its own memory when all has come to rest: the least that is seen within ``REST_SECONDS``."""
    seen = [own_bytes(node)]
    for _ in range(REST_SECONDS):
        await asyncio.sleep(1)
        seen.append(own_bytes(node))
    return min(seen)


def own_bytes(node: RunningNode) -> int:
    """Memory that is the node's process's alone: what others do on this machine changes nothing of it."""
    assert node.process is not None
    lines = Path(f"/proc/{node.process.pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_Dirty:"))


def descriptors(node: RunningNode) -> int:
    """How many files and sockets a node has open."""
    assert node.process is not None
    return len(list(Path(f"/proc/{node.process.pid}/fd").iterdir()))
