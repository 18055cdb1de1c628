"""Workloads that only read: one request, over and over, by eight kept connections."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.benchmarks import load
from tests.benchmarks.crowd import USER
from tests.benchmarks.processes import cpu_seconds
from tests.benchmarks.report import Row
from tests.benchmarks.scene import AUTHOR, THREAD, Scene

_WARM_SECONDS: Final = 0.5
_COUNTED: Final = 10
_NUMBERED: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One request; ``size_of`` says how many things its answer must hold."""

    name: str
    request: Callable[[Scene], bytes]
    size: int = 1
    size_of: Callable[[Any], int] = lambda _: 1
    is_anew: bool = False
    """Whether each request bears a number of its own, so that none is answered from what was kept."""


def _actor(scene: Scene) -> bytes:
    path = f"/users/{AUTHOR}"
    headers = scene.crowd.peers[0].sign_get(f"{scene.node.url}{path}", by=USER, key_name="crowd")
    return load.request("GET", path, scene.node.domain, headers)


def _context_size(entity: dict[str, list[object]]) -> int:
    return 1 + len(entity["ancestors"]) + len(entity["descendants"])


_HOME: Final = Read(
    name="home", request=lambda scene: scene.request("/api/v1/timelines/home?limit=20"), size=20, size_of=len
)
_CONTEXT: Final = Read(
    name="context",
    request=lambda scene: scene.request(f"/api/v1/statuses/{scene.ids['thread']}/context"),
    size=THREAD,
    size_of=_context_size,
)

_READS: Final = (
    _HOME,
    Read(
        name="local",
        request=lambda scene: scene.request("/api/v1/timelines/public?local=true&limit=20"),
        size=20,
        size_of=len,
    ),
    Read(
        name="account statuses",
        request=lambda scene: scene.request(f"/api/v1/accounts/{scene.ids[AUTHOR]}/statuses?limit=20"),
        size=20,
        size_of=len,
    ),
    Read(
        name="notifications",
        request=lambda scene: scene.request("/api/v1/notifications?limit=20"),
        size=20,
        size_of=len,
    ),
    _CONTEXT,
    Read(name="status", request=lambda scene: scene.request(f"/api/v1/statuses/{scene.ids['status']}")),
    Read(name="actor, signed", request=_actor),
    Read(name="instance", request=lambda scene: scene.request("/api/v2/instance", None)),
    Read(
        name="webfinger",
        request=lambda scene: scene.request(f"/.well-known/webfinger?resource=acct:{AUTHOR}@{scene.node.domain}", None),
    ),
)


# Of these nothing is kept.
_SEARCHES: Final = (
    Read(
        name="account search",
        request=lambda scene: scene.request(f"/api/v2/search?type=accounts&q={USER[:2]}&limit=20"),
        size=20,
        size_of=lambda found: len(found["accounts"]),
        is_anew=True,
    ),
    Read(
        name="hashtag search",
        request=lambda scene: scene.request("/api/v2/search?type=hashtags&q=ta&limit=10"),
        size=10,
        size_of=lambda found: len(found["hashtags"]),
        is_anew=True,
    ),
    Read(name="trends", request=lambda scene: scene.request("/api/v1/trends/statuses", None), is_anew=True),
)

# What depends on who asks is measured a second time without what was kept.
READS: Final = (
    *_SEARCHES,
    *(
        variant
        for read in _READS
        for variant in (read, replace(read, name=f"{read.name}, made anew", is_anew=True))
        if variant is read or read.name in ("home", "local", "account statuses", "notifications", "context", "status")
    ),
)


async def measure(scene: Scene, read: Read, seconds: float) -> Row:
    """What a request costs, from answers that were looked at once."""
    request = read.request(scene)
    status, body = await load.ask(scene.node.port, request)
    if status != 200 or read.size_of(json.loads(body)) != read.size:
        raise load.UnexpectedAnswer(f"{read.name}: {status} {body[:500]!r}")
    requests = _numbered(request) if read.is_anew else [request]
    await load.drive(scene.node.port, requests, status=200, seconds=_WARM_SECONDS)
    before = cpu_seconds(scene.pid)
    timing = await load.drive(scene.node.port, requests[::-1], status=200, seconds=seconds)
    used = cpu_seconds(scene.pid) - before
    return Row(
        name=read.name,
        unit="request",
        milliseconds=used * 1000 / len(timing.latencies),
        rate=timing.rate,
        p50=timing.milliseconds(0.5),
        p95=timing.milliseconds(0.95),
        p99=timing.milliseconds(0.99),
        kilobytes=len(body) / 1000,
    )


async def count_queries(scene: Scene, reads: tuple[Read, ...]) -> Mapping[str, float]:
    """Statements per request, by the name of the workload; the node must run as ``counted``."""
    found = {}
    for read in reads:
        request = read.request(scene)
        await load.drive(scene.node.port, [request], status=200, connections=1)
        before = scene.queries()
        requests = _numbered(request)[:_COUNTED] if read.is_anew else [request] * _COUNTED
        await load.drive(scene.node.port, requests, status=200, connections=1)
        found[read.name] = (scene.queries() - before) / _COUNTED
    return found


def _numbered(request: bytes) -> list[bytes]:
    """The request, each time with another parameter that means nothing."""
    start, _, rest = request.partition(b" HTTP/1.1")
    mark = b"&" if b"?" in start else b"?"
    return [b"%b%bnumber=%d HTTP/1.1%b" % (start, mark, number, rest) for number in range(_NUMBERED)]
