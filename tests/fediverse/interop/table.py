"""The table of interoperability: what is said, in which direction, under which signature, and how it ended.

Each test that plays a scene carries its rows and its scheme along (``rows``); whoever reports the run prints them
(``print_table``), whether the tests ran in this process or in others.
"""

from collections.abc import Iterable
from typing import Any, Final

import pytest

from tests.fediverse.interop.world import ROWS_OF, SCHEMES, Row, Scene

_ROWS: Final = "interop.rows"
_SEEN: Final = "interop.seen"
_WAYS: Final = {"http": "HTTP signature", "proof": "proof"}


def rows(item: pytest.Item, scene: Scene, scheme: str) -> None:
    """Note on a test which rows it proves."""
    item.user_properties.append((_ROWS, [scheme, *(list(row) for row in ROWS_OF[scene])]))


def seen(request: pytest.FixtureRequest, ways: Iterable[str]) -> None:
    """Note on a test how the peer verified what it was sent."""
    request.node.user_properties.append((_SEEN, sorted(ways)))


def print_table(reporter: pytest.TerminalReporter) -> None:
    """Every row with how it ended under each scheme; nothing when no scene was played."""
    cells: dict[tuple[Row, str], str] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in reporter.stats.get(outcome, []):
            _fill(cells, dict(report.user_properties), outcome)
    if not cells:
        return
    reporter.write_sep("=", "what Fedify and a node say to each other")
    schemes = list(SCHEMES.values())
    _line(reporter, "activity", "direction", *schemes)
    for row in sorted({row for row, _ in cells}):
        _line(reporter, row.what, row.direction, *(cells.get((row, scheme), "NOT PLAYED") for scheme in schemes))
    for row, scheme in sorted(key for key, cell in cells.items() if not cell.startswith("ok")):
        reporter.write_line(f"FAILED: {row.what}, {row.direction}, {scheme}", red=True)


def _fill(cells: dict[tuple[Row, str], str], properties: dict[str, Any], outcome: str) -> None:
    if _ROWS not in properties:
        return
    scheme, *proven = properties[_ROWS]
    ways = " and ".join(_WAYS.get(way, way) for way in properties.get(_SEEN, ()))
    for what, direction in proven:
        how = f" ({ways})" if ways and direction == "sent" else ""
        # Whatever else happened to the test, a failure of it stays.
        if cells.get((Row(what, direction), scheme), "ok").startswith("ok"):
            cells[Row(what, direction), scheme] = f"ok{how}" if outcome == "passed" else outcome.upper()


def _line(reporter: pytest.TerminalReporter, what: str, direction: str, *cells: str) -> None:
    reporter.write_line(f"{what:<22}{direction:<11}" + "".join(f"{cell:<32}" for cell in cells).rstrip())
