"""Members who write, answer and favourite at a steady rate while their nodes are killed under them at random moments.

Every request is made as a careful client makes it: asked again, with the same ``Idempotency-Key``, until it is
answered. Some entries are given up at the first broken connection, as a careless client does: they may exist or not.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import httpx

from tests.fediverse.nodes import Member, RunningNode, wait_for

RATE: Final = 20.0  # entries a second
IN_FLIGHT_MAX: Final = 32
ANSWER_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 120.0
ENTRY: Final = re.compile(r"entry (\d+)\b")
ANSWER: Final = re.compile(r"answer (\d+)\b")

_ENTRIES_BETWEEN_MAX: Final = 24
_SHORT: Final = 0.3
_STARTING: Final = 1.5
_KILLED_WHILE_STARTING: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Alice writes, Bob beside her follows; on the other node Dora follows, Carl is mentioned, and Eve comes late."""

    alice: Member
    bob: Member
    carl: Member
    dora: Member
    eve: Member


@dataclass(slots=True, kw_only=True)
class Record:
    """What was asked, and what was acknowledged: entry number to the id on Alice's node."""

    acknowledged: dict[int, str] = field(default_factory=dict)
    given_up: set[int] = field(default_factory=set)
    replies: dict[int, int] = field(default_factory=dict)  # entry to the entry it answers
    favoured_by: Mapping[str, set[int]] = field(default_factory=lambda: {"bob": set(), "dora": set()})
    answered: set[int] = field(default_factory=set)  # entries that Dora replied to

    def mentioning(self, name: str, numbers: Iterable[int]) -> set[int]:
        """Those of the entries that mention somebody."""
        return {number for number in numbers if _MENTIONED.get(number % 5) == name}


_MENTIONED: Final = {0: "carl", 1: "bob"}


async def write_until(stopped: asyncio.Event, cast: Cast, record: Record) -> None:
    """Alice's entries, at most ``RATE`` a second; ends when all that were begun are answered."""
    free = asyncio.Semaphore(IN_FLIGHT_MAX)
    number = 0
    async with asyncio.TaskGroup() as entries:
        while not stopped.is_set():
            await free.acquire()
            entries.create_task(_write(cast, record, number)).add_done_callback(lambda _: free.release())
            number += 1
            await asyncio.sleep(1 / RATE)


async def react_until(stopped: asyncio.Event, cast: Cast, record: Record) -> None:
    """Bob and Dora favour what they see, Dora answers it too, Eve begins to follow."""
    eve_follows = asyncio.create_task(_follow(cast.eve, cast.alice))
    while not stopped.is_set():
        await asyncio.gather(
            _favour_newest(cast.bob, record.favoured_by["bob"]),
            _favour_newest(cast.dora, record.favoured_by["dora"], answered=record.answered),
        )
        await asyncio.sleep(0.3)
    await eve_follows


async def kill_at_random(random: Random, nodes: tuple[RunningNode, ...], kills: int, record: Record) -> None:
    """At least so many times -9, one node or all of them, now and then one that is just starting.

    Between two kills some entries are acknowledged, so that a slow machine is killed at as many stages of its work.
    """
    killed = 0
    while killed < kills:
        await _acknowledged(record, len(record.acknowledged) + random.randint(1, _ENTRIES_BETWEEN_MAX))
        await asyncio.sleep(random.uniform(0, _SHORT))
        victims = random.choice([*((node,) for node in nodes), nodes])
        killed += await _kill(victims)
        await asyncio.sleep(random.uniform(0, _SHORT))
        if random.random() < _KILLED_WHILE_STARTING:
            for victim in victims:
                await victim.spawn()
            await asyncio.sleep(random.uniform(0, _STARTING))
            killed += await _kill(victims)
        await asyncio.gather(*(victim.start() for victim in victims))


async def insist(
    member: Member, method: str, path: str, data: Mapping[str, Any] | None = None, *, key: str = ""
) -> Any:  # noqa: ANN401 - JSON
    """The JSON of a request that is made again while the node is down."""
    headers = {"Idempotency-Key": key} if key else {}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await member.http.request(method, path, data=data, headers=headers, timeout=ANSWER_SECONDS)
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
                    return answer.json()
            await asyncio.sleep(0.05)


async def read_all(member: Member, path: str) -> list[dict[str, Any]]:
    """Every item of a paged list, newest first."""
    items: list[dict[str, Any]] = []
    while True:
        page = await member.get(path, {"limit": "40"} | ({"max_id": items[-1]["id"]} if items else {}))
        if not page:
            return items
        items += page


def numbers_in(statuses: Iterable[Mapping[str, Any]], pattern: re.Pattern[str]) -> list[int]:
    """The numbers that the texts of statuses name, with repetitions."""
    found = (pattern.search(status["content"]) for status in statuses)
    return sorted(int(match[1]) for match in found if match)


async def _acknowledged(record: Record, count: int) -> None:
    async def look() -> bool | None:
        return len(record.acknowledged) >= count or None

    await wait_for(look, f"{count} acknowledged entries", PATIENCE_SECONDS)


async def _write(cast: Cast, record: Record, number: int) -> None:
    words = f"entry {number}"
    name = _MENTIONED.get(number % 5)
    if name is not None:
        mentioned: Member = getattr(cast, name)
        words += f" for {mentioned.handle}"
    form = {"status": words}
    if number % 7 == 3 and record.acknowledged:
        answered = max(record.acknowledged)
        record.replies[number] = answered
        form["in_reply_to_id"] = record.acknowledged[answered]
    if number % 10 != 9:
        status = await insist(cast.alice, "POST", "/api/v1/statuses", form, key=f"entry-{number}")
        record.acknowledged[number] = status["id"]
        return
    try:
        answer = await cast.alice.http.post("/api/v1/statuses", data=form)
    except httpx.TransportError:
        record.given_up.add(number)
        return
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        record.given_up.add(number)
        return
    assert answer.is_success, f"{answer.status_code} {answer.text[:300]}"
    record.acknowledged[number] = answer.json()["id"]


async def _favour_newest(reader: Member, favoured: set[int], *, answered: set[int] | None = None) -> None:
    home = await insist(reader, "GET", "/api/v1/timelines/home")
    entry = next((status for status in home if ENTRY.search(status["content"])), None)
    if entry is None:
        return
    (number,) = numbers_in([entry], ENTRY)
    await insist(reader, "POST", f"/api/v1/statuses/{entry['id']}/favourite")
    favoured.add(number)
    if answered is not None and number not in answered:
        author = f"@{entry['account']['acct']}"
        form = {"status": f"{author} answer {number}", "in_reply_to_id": entry["id"]}
        await insist(reader, "POST", "/api/v1/statuses", form, key=f"answer-{number}")
        answered.add(number)


async def _follow(follower: Member, followed: Member) -> None:
    (account,) = await insist(follower, "GET", f"/api/v1/accounts/search?q={followed.handle}&resolve=true")
    await insist(follower, "POST", f"/api/v1/accounts/{account['id']}/follow")


async def _kill(victims: tuple[RunningNode, ...]) -> int:
    await asyncio.gather(*(victim.kill() for victim in victims))
    return len(victims)
