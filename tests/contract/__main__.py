"""``python -m tests.contract``: how much of Mastodon's client API a real node offers, and how well."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.contract import document
from tests.contract.scene import open_scene
from tests.contract.walk import Outcome, Report, State, chosen, walk
from tests.databases import NO_POSTGRESQL, PostgresqlServer, server_address
from tests.sharing import sharing

_SLOW_SECONDS = 5.0


def main() -> int:
    """Walk on each engine; 0 when at least as many operations are valid as ``--at-least`` says, on every one."""
    asked = _arguments()
    if document.find() is None:
        _say(f"SKIPPED: {document.absence()}")
        return 1 if os.environ.get("CI") else 0
    reports = {}
    for engine in ("sqlite", "postgresql") if asked.engine == "both" else (asked.engine,):
        with tempfile.TemporaryDirectory() as folder, _databases(engine) as urls:
            if urls is None:
                _say(f"SKIPPED on postgresql: {NO_POSTGRESQL} {server_address()}")
                if os.environ.get("CI") or asked.engine == "postgresql":
                    return 1
                continue
            _say(f"» {engine}")
            reports[engine] = asyncio.run(_walk(Path(folder), urls, asked.only, is_talkative=asked.verbose))
        for line in reports[engine].lines():
            _say(line)
    worst = min(reports.values(), key=lambda report: report.valid)
    if len(reports) > 1:
        for engine, report in reports.items():
            _say(f"{engine}: {report.last_line()}")
    _say(worst.last_line())
    floor = len(worst.operations) if asked.only else asked.at_least
    is_broken = any(outcome in report.invalid for report in reports.values() for outcome in report.conventions)
    return 1 if worst.valid < floor or is_broken else 0


async def _walk(folder: Path, urls: tuple[str, str], words: list[str], *, is_talkative: bool) -> Report:
    with_conventions = not words or "conventions" in words
    tell = _tell if is_talkative else lambda _: None
    with sharing():
        async with open_scene(folder, *urls) as scene:
            return await walk(scene, chosen(words), tell, with_conventions=with_conventions)


@contextmanager
def _databases(engine: str) -> Iterator[tuple[str, str] | None]:
    """Addresses of two empty databases, "" for the embedded one; None when no PostgreSQL answers."""
    if engine == "sqlite":
        yield "", ""
        return
    try:
        server = PostgresqlServer()
    except psycopg.OperationalError:
        yield None
        return
    first, second = server.create_empty(), server.create_empty()
    try:
        yield server.url(first), server.url(second)
    finally:
        server.drop(first)
        server.drop(second)
        server.close()


def _tell(outcome: Outcome) -> None:
    if outcome.state is not State.MISSING or outcome.seconds > _SLOW_SECONDS:
        _say(f"  {outcome.seconds:5.1f} s  {outcome.state:8} {outcome.name}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.contract", description=main.__doc__)
    parser.add_argument("only", nargs="*", help="a section, or a part of an operation's name, to check alone")
    parser.add_argument("--engine", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--at-least", type=int, default=210, help="how many operations must be valid (default: 210)")
    parser.add_argument("--verbose", action="store_true", help="tell each operation as it is checked, with its time")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
