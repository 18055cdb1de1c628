"""``python -m tests.benchmarks``: what a node costs, beside what nothing costs. See ``docs/performance.md``."""

import argparse
import asyncio
import contextlib
import importlib.util
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from federation.keys import generate_rsa
from tests.benchmarks import aging, load, reads, report, writes
from tests.benchmarks.processes import cpu_seconds
from tests.benchmarks.report import Result, Row
from tests.benchmarks.scene import ROOT, Scene, open_scene

_SIGNATURES: Final = 1000
_SERVERS: Final = ("hypercorn", "granian")


def main() -> int:
    """Measure on each server that is installed, or on the one that is asked for."""
    asked = _arguments()
    kept = {(one.server, one.database): one for one in report.read(asked.compare)} if asked.compare else {}
    servers = [asked.server] if asked.server else [one for one in _SERVERS if one == "hypercorn" or _is_there(one)]
    results = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for server in servers:
            result = runner.run(_measure(server, _options(asked), asked))
            _say("", report.table(result, kept.get((result.server, result.database))), "")
            results.append(result)
    if asked.json:
        report.write(asked.json, results)
    return 0


def _options(asked: argparse.Namespace) -> tuple[str, ...]:
    """What ``fedorg serve`` is told of processes."""
    given = {"--processes": asked.processes, "--workers": asked.workers}
    return tuple(word for name, number in given.items() if number is not None for word in (name, str(number)))


async def _measure(server: str, options: tuple[str, ...], asked: argparse.Namespace) -> Result:
    floor, signature = await _floor(server, asked.seconds), _signature()
    chosen = tuple(read for read in reads.READS if _is_wanted(read.name, asked.only))
    rows: list[Row] = []

    def keep(row: Row) -> None:
        rows.append(row)
        cost = "" if row.milliseconds is None else f"{row.milliseconds:.2f} ms"
        _say(f"  {row.name}: {cost} {row.note}")

    with tempfile.TemporaryDirectory() as folder:
        async with open_scene(Path(folder), {"FEDORG_SERVER": server}, asked.database, options) as scene:
            _say(f"» {server}: seeded")
            if _is_wanted("cold start", asked.only):
                keep(await writes.cold_start(scene))
            for read in chosen:
                keep(await reads.measure(scene, read, asked.seconds))
            if asked.large:
                await aging.age(scene)
                await scene.rest()
                _say(f"» {aging.STATUSES:,} more statuses, {aging.ACCOUNTS:,} more accounts")
                for read in [one for one in chosen if one.is_anew]:
                    keep(replace(await reads.measure(scene, read, asked.seconds), name=f"{read.name}, large"))
            for name, workload in writes.WRITES.items():
                if _is_wanted(name, asked.only):
                    keep(await workload(scene))
            keep(await writes.memory_after(scene))
            rows = await _with_queries(scene, chosen, rows)
    kind = "PostgreSQL" if asked.database else "SQLite"
    return Result(server=" ".join((server, *options)), database=kind, floor=floor, signature=signature, rows=rows)


async def _with_queries(scene: Scene, chosen: tuple[reads.Read, ...], rows: list[Row]) -> list[Row]:
    await scene.restart(("-m", "tests.benchmarks.counted"))
    made = await reads.count_queries(scene, chosen)
    return [replace(row, queries=made.get(row.name)) for row in rows]


async def _floor(server: str, seconds: float) -> float:
    """Milliseconds of processor time for a request that asks for nothing."""
    async with _serving_nothing(server) as (port, pid):
        request = load.request("GET", "/", f"localhost:{port}", {})
        await load.drive(port, [request], status=200, seconds=0.5)
        before = cpu_seconds(pid)
        timing = await load.drive(port, [request], status=200, seconds=seconds)
        return (cpu_seconds(pid) - before) * 1000 / len(timing.latencies)


@contextlib.asynccontextmanager
async def _serving_nothing(server: str) -> AsyncIterator[tuple[int, int]]:
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        number = listener.fileno()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.benchmarks.floor", server, str(number), pass_fds=(number,), cwd=ROOT
        )
        try:
            yield listener.getsockname()[1], process.pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


def _signature() -> float:
    """Milliseconds of processor time for an RSA-2048 signature with a key that is loaded."""
    key = generate_rsa()
    started = time.process_time()
    for _ in range(_SIGNATURES):
        key.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
    return (time.process_time() - started) * 1000 / _SIGNATURES


def _is_there(server: str) -> bool:
    return importlib.util.find_spec(server) is not None


def _is_wanted(name: str, words: list[str]) -> bool:
    return not words or any(word in name for word in words)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="workloads whose names hold this; may be repeated")
    parser.add_argument("--large", action="store_true", help="measure reads again among a million statuses")
    parser.add_argument("--server", choices=_SERVERS, help="measure on one server only")
    parser.add_argument("--processes", type=int, help="as of fedorg serve: so many web servers, jobs beside them")
    parser.add_argument("--workers", type=int, help="as of fedorg serve: so many processes for jobs")
    parser.add_argument("--database", default="", help="postgresql://… of an empty database; without it, SQLite")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each read is asked for")
    parser.add_argument("--json", type=Path, help="keep the results in a file")
    parser.add_argument("--compare", type=Path, help="print ratios to results that were kept")
    return parser.parse_args()


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)  # noqa: T201 - this is a command line


if __name__ == "__main__":
    sys.exit(main())
