"""Workloads that change something: everything that follows from it is waited for and paid for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from tests.benchmarks import load
from tests.benchmarks.processes import cpu_seconds, pss_bytes
from tests.benchmarks.report import Row
from tests.benchmarks.scene import (
    AUTHOR,
    FOLLOWERS,
    OTHERS,
    READER,
    Scene,
    first_answer,
    gain_followers,
    in_parallel,
    meet,
)

_POSTS: Final = 300
_ACTIVITIES: Final = 300
_BROADCASTS: Final = 10
_CONTACTS: Final = 50
# Hosts that were met before are asked about themselves within that time.
_LATER: Final = timedelta(seconds=30)
_MEBIBYTE: Final = 1024 * 1024


async def post(scene: Scene) -> Row:
    """Statuses of a member, whom one other follows, until nothing waits any more."""
    author = scene.people[OTHERS[0]]
    headers = {
        "Authorization": author.http.headers["Authorization"],
        "Content-Type": "application/x-www-form-urlencoded",
    }
    requests = [
        load.request(
            "POST",
            "/api/v1/statuses",
            scene.node.domain,
            headers,
            urlencode({"status": f"Posted {number}, with a #tag and some words for those who read it"}).encode(),
        )
        for number in range(_POSTS)
    ]
    before, started = cpu_seconds(scene.pid), time.perf_counter()
    timing = await load.drive(scene.node.port, requests, status=200)
    ended = await scene.settle()
    row = _row(scene, "post a status", "post", before, ended - started, timing)
    await _require_in_home(scene, "Posted", _POSTS)
    return row


async def receive(scene: Scene) -> Row:
    """Signed activities of an actor whom the reader follows, until they stand in the reader's home."""
    inbox = f"{scene.node.url}/inbox"
    requests = []
    for number in range(_ACTIVITIES):
        note = scene.crowd.note(number % 20, f"Received {number}, with some words for those who read it")
        headers, body = scene.crowd.sign(number % 20, inbox, "Create", note)
        requests.append(load.request("POST", "/inbox", scene.node.domain, headers, body))
    before, started = cpu_seconds(scene.pid), time.perf_counter()
    timing = await load.drive(scene.node.port, requests, status=202)
    ended = await scene.settle()
    row = _row(scene, "inbox Create", "activity", before, ended - started, timing)
    await _require_in_home(scene, "Received", _ACTIVITIES)
    return row


async def fan_out(scene: Scene) -> Row:
    """Statuses of somebody who is followed from 500 other hosts."""
    await gain_followers(scene, FOLLOWERS)
    # Each host is known by now, and none has a connection left from that.
    taken = scene.crowd.taken["Create"]
    before, started = cpu_seconds(scene.pid), time.perf_counter()
    for number in range(_BROADCASTS):
        await scene.people[AUTHOR].post("/api/v1/statuses", {"status": f"Broadcast {number}"})
    deliveries = _BROADCASTS * FOLLOWERS
    await scene.crowd.wait_for("Create", taken + deliveries)
    elapsed = time.perf_counter() - started
    await scene.settle()
    used = cpu_seconds(scene.pid) - before
    return Row(
        name="fan-out to 500 hosts",
        unit="delivery",
        milliseconds=used * 1000 / deliveries,
        rate=deliveries / elapsed,
    )


async def first_contact(scene: Scene) -> Row:
    """Follow people on hosts that were never heard of, as many at once as there are connections to other workloads."""
    return await _contacts(scene, "first contact", load.CONNECTIONS)


async def first_contact_alone(scene: Scene) -> Row:
    """The same, one after another."""
    return await _contacts(scene, "first contact, alone", 1)


async def _contacts(scene: Scene, name: str, at_once: int) -> Row:
    """Until they accepted; what is asked later is not counted."""
    await scene.settle(ahead=_LATER)
    first = len(scene.crowd.peers)
    scene.crowd.grow(first + _CONTACTS)
    fresh = scene.crowd.peers[first:]
    before, started = cpu_seconds(scene.pid), time.perf_counter()
    await in_parallel((meet(scene, peer.domain) for peer in fresh), at_once)
    elapsed = await scene.settle() - started
    used = cpu_seconds(scene.pid) - before
    asked = sum(scene.crowd.asked[peer.domain] for peer in fresh) / _CONTACTS
    connections = sum(len(scene.crowd.callers[peer.domain]) for peer in fresh) / _CONTACTS
    return Row(
        name=name,
        unit="host",
        milliseconds=used * 1000 / _CONTACTS,
        rate=_CONTACTS / elapsed,
        note=f"{asked:.1f} requests to the host over {connections:.1f} connections",
    )


async def cold_start(scene: Scene) -> Row:
    """A start on the database as it is, to the first answer; memory when nothing was asked yet."""
    await scene.node.stop()
    async with scene.node.http() as http:
        started = time.perf_counter()
        await scene.node.spawn()
        await first_answer(http)
        elapsed = time.perf_counter() - started
    used = cpu_seconds(scene.pid)
    await asyncio.sleep(1)
    return Row(
        name="cold start",
        unit="start",
        milliseconds=used * 1000,
        note=f"{elapsed:.2f} s to the first answer, {pss_bytes(scene.pid) / _MEBIBYTE:.0f} MiB when idle",
    )


async def memory_after(scene: Scene) -> Row:
    """Memory when all the rest was done."""
    return Row(name="memory", unit="", note=f"{pss_bytes(scene.pid) / _MEBIBYTE:.0f} MiB after the load")


WRITES: Final[dict[str, Callable[[Scene], Awaitable[Row]]]] = {
    "post a status": post,
    "inbox Create": receive,
    "fan-out to 500 hosts": fan_out,
    "first contact": first_contact,
    "first contact, alone": first_contact_alone,
}


async def _require_in_home(scene: Scene, word: str, number: int) -> None:
    """Raise unless so many statuses that begin with a word came to the reader's home."""
    reader, found, older = scene.people[READER], 0, ""
    while page := await reader.get(f"/api/v1/timelines/home?limit=40{older}"):
        fresh = sum(status["content"].startswith(f"<p>{word} ") for status in page)
        found += fresh
        older = f"&max_id={page[-1]['id']}"
        if not fresh and found:
            break
    if found != number:
        raise load.UnexpectedAnswer(f"{found} of {number} statuses came to the home timeline")


def _row(scene: Scene, name: str, unit: str, before: float, elapsed: float, timing: load.Timing) -> Row:
    used = cpu_seconds(scene.pid) - before
    number = len(timing.latencies)
    return Row(
        name=name,
        unit=unit,
        milliseconds=used * 1000 / number,
        rate=number / elapsed,
        p50=timing.milliseconds(0.5),
        p95=timing.milliseconds(0.95),
        p99=timing.milliseconds(0.99),
        note=f"answered {timing.rate:,.0f}/s",
    )
