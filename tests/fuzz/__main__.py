"""Throw mutated documents at the protocol library: ``python -m tests.fuzz [seconds]``, 60 unless told.

Starts from the recorded documents of other implementations. What breaks is written to ``tests/fuzz/corpus`` as
``crash-…``, and stays there as a test once it is mended.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

try:
    import atheris  # type: ignore[import-untyped]
except ImportError:
    sys.exit(
        "Fuzzing needs atheris, which is built for CPython 3.11 to 3.13 on Linux x86-64; make test runs its corpus."
    )

with atheris.instrument_imports(include=["federation"]):
    from tests.fuzz.targets import run

HERE: Final = Path(__file__).parent
PEERS: Final = HERE.parent / "federation" / "peers"
SECONDS: Final = "60"


def main() -> None:
    """Fuzz until the time is over or something breaks; libFuzzer ends the process itself."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else SECONDS
    with tempfile.TemporaryDirectory() as found:
        options = [
            f"-max_total_time={seconds}",
            "-max_len=65536",
            "-timeout=10",
            f"-artifact_prefix={HERE / 'corpus'}/",
        ]
        corpora = [found, str(PEERS), str(HERE / "corpus")]
        atheris.Setup([sys.argv[0], *options, *corpora], run)
        atheris.Fuzz()


main()
