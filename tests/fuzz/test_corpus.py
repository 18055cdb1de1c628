"""What the fuzzer starts from, and all it ever broke, is read or refused and nothing else."""

from pathlib import Path

import pytest

from tests.fuzz.targets import run

HERE = Path(__file__).parent
SEEDS = sorted([*(HERE / "corpus").iterdir(), *(HERE.parent / "federation" / "peers").iterdir()])


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_no_document_breaks_the_library(path: Path) -> None:
    """Bytes of a stranger cause a named refusal at most, and what is understood survives being written."""
    run(path.read_bytes())
