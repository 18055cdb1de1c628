"""The one list of checks: format, lint, types, architecture, tests; stops at the first failure.

Most tests of the node run on both engines. ``make test`` has all of them on SQLite, and on PostgreSQL those that are
about the store itself; ``make test-postgresql`` has the rest, and CI runs both.

``python -m tests.check`` is what ``make test`` and CI run. Words after it go to pytest and choose tests. Tracing what
nodes run takes as long again as running it: ``make coverage`` does that apart.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
APART: Final = ("--ignore=tests/federation", "--ignore=tests/fediverse/test_with_fedify.py")
# Parts of the names of tests that are about the store: what they find on one engine says nothing of the other.
STORE: Final = "engine or queue or migrate or plans or standing or worker or visibility_services or timelines_services"
POSTGRESQL: Final = "--postgresql"


def main() -> int:
    """Run each check in order; the exit code of the first that fails, or 0."""
    chosen = sys.argv[1:]
    if chosen[:1] == [POSTGRESQL]:
        return _run([_pytest(f"postgresql and not ({STORE})", *(chosen[1:] or APART))])
    return _run(
        [
            [str(BIN / "ruff"), "format", "--check", "."],
            [str(BIN / "ruff"), "check", "."],
            [str(BIN / "mypy")],
            [str(BIN / "lint-imports")],
            *_tests(chosen),
        ]
    )


def _run(checks: list[list[str]]) -> int:
    for command in checks:
        started = time.monotonic()
        print(f"» {' '.join(Path(part).name if '/' in part else part for part in command)}", flush=True)  # noqa: T201 - this is a command line
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        print(f"  {'ok' if code == 0 else 'FAILED'} in {time.monotonic() - started:.1f} s", flush=True)  # noqa: T201 - likewise
        if code:
            return code
    return 0


def _tests(chosen: list[str]) -> list[list[str]]:
    """The tests of ``make test``, or the chosen ones on both engines.

    Those of the protocol library come first: they alone have to cover all of its branches.
    The whole play with a server built on Fedify is left to ``make interop``, which CI runs as well.
    """
    if chosen:
        return [_pytest("", *chosen)]
    report = [str(BIN / "coverage"), "report", "--skip-covered", "--show-missing"]
    return [
        [*_pytest("", "tests/federation"), "--cov=federation", "--cov-report=", "--cov-fail-under=0"],
        [*report, "--include=federation/*", "--fail-under=100"],
        [*_pytest(f"not postgresql or {STORE}", *APART), "--durations=20"],
    ]


def _pytest(which: str, *words: str) -> list[str]:
    workers = ["-n", os.environ.get("FEDORG_TEST_WORKERS", "4"), "--dist", "loadscope", "--no-loadscope-reorder"]
    return [str(BIN / "pytest"), "-m", "not long", "-k", which, *workers, *words]


if __name__ == "__main__":
    sys.exit(main())
