"""Results as a table for people and as JSON for comparison."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one workload cost; ``milliseconds`` of processor time for each ``unit``, None where it is not about that."""

    name: str
    unit: str
    milliseconds: float | None = None
    rate: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    queries: float | None = None
    kilobytes: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run; ``floor`` is the processor time of a do-nothing route, ``signature`` of an RSA-2048 signature, in ms."""

    server: str
    database: str
    floor: float
    signature: float
    rows: Sequence[Row]

    def row(self, name: str) -> Row | None:
        """The row of a workload."""
        return next((row for row in self.rows if row.name == name), None)


_COLUMNS: Final = ("workload", "unit", "CPU ms", "floors", "per s", "p50", "p95", "p99", "queries", "kB", "")


def table(result: Result, kept: Result | None = None) -> str:
    """A Markdown table; with ``kept`` also how the cost compares with that run's, each in units of its own floor."""
    columns = [*_COLUMNS[:4], *(["to kept"] if kept else []), *_COLUMNS[4:]]
    rows = [_cells(result, row, kept) for row in result.rows]
    lines = [f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows)]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    costs = f"floor {result.floor:.3f} ms, RSA signature {result.signature:.3f} ms"
    return "\n".join([f"{result.server}, {result.database}; {costs}; {machine}", "", *lines])


def write(path: Path, results: Sequence[Result]) -> None:
    """Keep results for a later ``--compare``."""
    path.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")


def read(path: Path) -> list[Result]:
    """Results that were kept."""
    return [_result(one) for one in json.loads(path.read_text())]


def _result(values: dict[str, Any]) -> Result:
    return Result(**{**values, "rows": [Row(**row) for row in values["rows"]]})


def _cells(result: Result, row: Row, kept: Result | None) -> list[str]:
    ratio = None if row.milliseconds is None else row.milliseconds / result.floor
    cells = [row.name, row.unit, _number(row.milliseconds, 2), _number(ratio, 1)]
    if kept is not None:
        before = kept.row(row.name)
        is_known = ratio is not None and before is not None and before.milliseconds
        cells.append(_number(ratio / (before.milliseconds / kept.floor), 2) if is_known else "")  # type: ignore[operator, union-attr]
    cells += [_number(row.rate, 0), *(_number(one, 1) for one in (row.p50, row.p95, row.p99))]
    return [*cells, _number(row.queries, 1), _number(row.kilobytes, 1), row.note]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
