"""docs/security.md and the tests say the same: each invariant has a row, and each row a test that names it."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
TESTS: Final = ROOT / "tests"
# The numbers between were never given.
INVARIANTS: Final = [f"S{number}" for number in (*range(1, 16), *range(20, 33), *range(40, 64))]
# They come with what they are about.
NOT_THERE_YET: Final = {"S40", "S61"}
_ROW: Final = re.compile(r"^\| (S\d+) \|(.*)\|$", re.MULTILINE)
_TEST: Final = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows() -> dict[str, str]:
    """Number of the invariant to the rest of its row."""
    found = _ROW.findall((ROOT / "docs" / "security.md").read_text())
    assert len(found) == len(dict(found)), "an invariant has two rows"
    return dict(found)


def docstring_of(path: str, name: str) -> str:
    """What a test promises; fails when there is no such test."""
    source = (TESTS / path).read_text()
    found = re.search(rf"^(?:async )?def {name}\(.*?\"\"\"(.*?)\"\"\"", source, re.MULTILINE | re.DOTALL)
    assert found, f"docs/security.md names {path}::{name}, which is not there"
    return found[1]


def test_every_invariant_has_a_row_and_a_test_that_names_it() -> None:
    """The list is whole, each test in it exists, and each says by its name or promise which invariant it attacks."""
    table = rows()

    assert list(table) == INVARIANTS
    assert {number for number, row in table.items() if "not there yet" in row} == NOT_THERE_YET
    for number, row in table.items():
        named = _TEST.findall(row)
        assert bool(named) is (number not in NOT_THERE_YET), number
        for path, name in named:
            promise = docstring_of(path, name)
            names_it = f"test_{number.lower()}_" in name or re.search(rf"\b{number}\b", promise)
            assert names_it, f"{path}::{name} does not name {number}"


def is_ours(name: str) -> bool:
    """Whether a module is called so, or a module defines or exports it."""
    for package in (ROOT, ROOT / "fedorg"):
        place = package / Path(*name.split("."))
        modules = [place.parent.with_suffix(".py"), place.parent / "__init__.py"]
        made = re.compile(rf"^\s*(?:(?:async )?def |class |\"){place.name}\b", re.MULTILINE)
        if place.is_dir() or place.with_suffix(".py").is_file():
            return True
        if any(module.is_file() and made.search(module.read_text()) for module in modules):
            return True
    return False


def test_what_holds_an_invariant_is_there() -> None:
    """Every module, class and function that a row names, so that the table leads somebody who reads it to the code."""
    held = {number: re.findall(r"`([A-Za-z_.]+)`", row.split("|")[1]) for number, row in rows().items()}

    assert {number for number, names in held.items() if not names} == NOT_THERE_YET
    assert [(number, name) for number, names in held.items() for name in names if not is_ours(name)] == []
