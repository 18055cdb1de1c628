"""``fedorg …`` in a process of its own, forked from one that has loaded the command line: that takes longest of all."""

import asyncio
import multiprocessing
import os
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from pkgutil import iter_modules
from typing import Final

import fedorg.__main__
import fedorg.cli
import fedorg.store.sqlite

_FORKING: Final = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    [__name__, *(f"fedorg.cli.{found.name}" for found in iter_modules(fedorg.cli.__path__) if not found.ispkg)]
)
_READ_AT_START: Final = ("PYTHON", "LANG", "LC_")
_PATIENCE_SECONDS: Final = 240.0
_CODES: Final = threading.Lock()
"""Held where codes are read: to start a process looks at all of them, and of two who read a code one is told 255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended, and what it wrote."""

    code: int
    output: str
    complaint: str


def are_read_at_start(settings: Mapping[str, str]) -> bool:
    """Whether Python reads any of these when it starts, and no more when a command begins."""
    return any(name.startswith(_READ_AT_START) for name in settings)


async def run(words: Sequence[str], environment: Mapping[str, str], folder: Path) -> Finished:
    """Run a command to its end."""
    return await asyncio.to_thread(_run, words, dict(environment), folder)


def _run(words: Sequence[str], environment: dict[str, str], folder: Path) -> Finished:
    with tempfile.NamedTemporaryFile() as output, tempfile.NamedTemporaryFile() as complaint:
        process = _FORKING.Process(target=_begin, args=(words, environment, folder, (output.name, complaint.name)))
        with _CODES:
            process.start()
        if not wait([process.sentinel], _PATIENCE_SECONDS):
            process.kill()
            wait([process.sentinel])
        with _CODES:
            process.join()
        assert process.exitcode is not None
        said = [Path(file.name).read_text(encoding="utf-8") for file in (output, complaint)]
    return Finished(code=process.exitcode, output=said[0], complaint=said[1])


def _begin(words: Sequence[str], environment: dict[str, str], folder: Path, outputs: tuple[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, path in enumerate(outputs, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), number)
    sys.argv = ["fedorg", *words]
    fedorg.__main__.main()
