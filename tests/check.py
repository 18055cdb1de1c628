"""The one list of checks: format, lint, types, architecture, tests; stops at the first failure.

``python -m tests.check`` is what ``make test`` and CI run. Words after it go to pytest and choose tests. Tracing what
nodes run takes as long again as running it: ``make coverage`` does that apart.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


def main() -> int:
    """Run each check in order; the exit code of the first that fails, or 0."""
    chosen = sys.argv[1:]
    checks = [
        [str(BIN / "ruff"), "format", "--check", "."],
        [str(BIN / "ruff"), "check", "."],
        [str(BIN / "mypy")],
        [str(BIN / "lint-imports")],
        *_tests(chosen),
    ]
    for command in checks:
        started = time.monotonic()
        print(f"» {' '.join(Path(part).name if '/' in part else part for part in command)}", flush=True)  # noqa: T201 - this is a command line
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        print(f"  {'ok' if code == 0 else 'FAILED'} in {time.monotonic() - started:.1f} s", flush=True)  # noqa: T201 - likewise
        if code:
            return code
    return 0


def _tests(chosen: list[str]) -> list[list[str]]:
    """Every test once. Those of the protocol library come first: they alone have to cover all of its branches.

    The whole play with a server built on Fedify is left to ``make interop``, which CI runs as well.
    """
    workers = ["-n", os.environ.get("FEDORG_TEST_WORKERS", "3"), "--dist", "loadscope"]
    pytest = [str(BIN / "pytest"), "-m", "not long", *workers]
    if chosen:
        return [[*pytest, *chosen]]
    apart = ["--ignore=tests/federation", "--ignore=tests/fediverse/test_with_fedify.py"]
    report = [str(BIN / "coverage"), "report", "--skip-covered", "--show-missing"]
    return [
        [*pytest, "tests/federation", "--cov=federation", "--cov-report=", "--cov-fail-under=0"],
        [*report, "--include=federation/*", "--fail-under=100"],
        [*pytest, *apart, "--durations=20"],
    ]


if __name__ == "__main__":
    sys.exit(main())
