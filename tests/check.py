"""The one list of checks: format, lint, types, architecture, tests; stops at the first failure.

Whatever looks at the code alone is done at once with the tests of the protocol library, since each keeps one processor
busy; the tests of the node have them all.

Most tests of the node run on both engines. ``make test`` has all of them on SQLite, and on PostgreSQL those that are
about the store itself; ``make test-postgresql`` has the rest. What nodes in processes of their own do together beyond
the basics, what fails under them (one of many processes, a disk, a clock) and what brings them back takes minutes:
``make test-fediverse`` has it, on both engines. CI runs all three.

``python -m tests.check`` is what ``make test`` and CI run. Words after it go to pytest and choose tests. Tracing what
nodes run takes as long again as running it: ``make coverage`` does that apart.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
FEDIVERSE: Final = "tests/fediverse"
# That nodes in processes of their own federate, speak with somebody else's server, and lose nothing when killed.
BASICS: Final = tuple(f"{FEDIVERSE}/test_{name}.py" for name in ("fedify_peer", "kill", "servers", "two_nodes"))
# A whole play of its own: ``make interop``.
INTEROP: Final = f"{FEDIVERSE}/test_with_fedify.py"
OTHERS: Final = tuple(
    name
    for found in sorted(ROOT.glob(f"{FEDIVERSE}/test_*.py"))
    if (name := str(found.relative_to(ROOT))) not in (*BASICS, INTEROP)
)
APART: Final = tuple(f"--ignore={path}" for path in ("tests/federation", INTEROP, *OTHERS))
# Parts of the names of tests that are about the store: what they find on one engine says nothing of the other.
STORE: Final = "engine or queue or migrate or plans or standing or worker or visibility_services or timelines_services"
POSTGRESQL: Final = "--postgresql"
TOGETHER: Final = "--fediverse"
# More than a small machine has processors, because tests of real servers wait half of their time.
WORKERS: Final = os.environ.get("FEDORG_TEST_WORKERS", "4")


def main() -> int:
    """Do each step in order; the exit code of the first that fails, or 0."""
    chosen = sys.argv[1:]
    if chosen[:1] == [POSTGRESQL]:
        return _run([[_pytest(f"postgresql and not ({STORE})", *(chosen[1:] or APART))]])
    if chosen[:1] == [TOGETHER]:
        return _run([[_pytest("", *(chosen[1:] or OTHERS), "--durations=10")]])
    static = [
        [str(BIN / "mypy")],
        [str(BIN / "ruff"), "format", "--check", "."],
        [str(BIN / "ruff"), "check", "."],
        [str(BIN / "lint-imports")],
    ]
    return _run([static, [_pytest("", *chosen)]] if chosen else _whole(static))


def _whole(static: list[list[str]]) -> list[list[list[str]]]:
    """The steps of ``make test``.

    Those of the protocol library come first: they alone have to cover all of its branches.
    The rest of ``tests/fediverse`` is left to ``make test-fediverse`` and ``make interop``, which CI runs as well.
    """
    report = [str(BIN / "coverage"), "report", "--skip-covered", "--show-missing"]
    traced = ["--cov=federation", "--cov-report=", "--cov-fail-under=0"]
    return [
        [*static, [*_pytest("", "tests/federation", workers="2"), *traced]],
        [[*report, "--include=federation/*", "--fail-under=100"]],
        [[*_pytest(f"not postgresql or {STORE}", *APART), "--durations=20"]],
    ]


def _run(steps: list[list[list[str]]]) -> int:
    for commands in steps:
        code = _run_alone(commands[0]) if len(commands) == 1 else _run_together(commands)
        if code:
            return code
    return 0


def _run_alone(command: list[str]) -> int:
    started = time.monotonic()
    _say(f"» {_words(command)}")
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    _say(_outcome(code, started))
    return code


def _run_together(commands: list[list[str]]) -> int:
    """Start them all at once, and tell what each had to say when it has ended; the first exit code that is not 0."""
    started = time.monotonic()
    with ThreadPoolExecutor(len(commands)) as beside:
        waiting = {beside.submit(_listen, command): command for command in commands}
        codes = []
        for done in as_completed(waiting):
            code, output = done.result()
            _say(f"» {_words(waiting[done])}\n{output.rstrip()}\n{_outcome(code, started)}")
            codes.append(code)
    return next((code for code in codes if code), 0)


def _listen(command: list[str]) -> tuple[int, str]:
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def _words(command: list[str]) -> str:
    return " ".join(Path(part).name if part.startswith(str(BIN)) else part for part in command)


def _outcome(code: int, started: float) -> str:
    return f"  {'ok' if code == 0 else 'FAILED'} after {time.monotonic() - started:.1f} s"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is a command line


def _pytest(which: str, *words: str, workers: str = WORKERS) -> list[str]:
    beside = ["-n", workers, "--dist", "loadscope", "--no-loadscope-reorder"]
    return [str(BIN / "pytest"), "-m", "not long", "-k", which, *beside, *words]


if __name__ == "__main__":
    sys.exit(main())
