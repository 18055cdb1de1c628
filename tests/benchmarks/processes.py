"""What a process and all its descendants use: processor time and memory, as Linux counts them. Spec: proc(5)."""

import os
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
# Where the times of a process, and of its children that have ended, stand behind its name.
_TIMES: Final = slice(11, 15)


def cpu_seconds(pid: int) -> float:
    """Processor time of a process, its descendants, and those of them that have ended."""
    return sum(_own_seconds(one) for one in _tree(pid))


def pss_bytes(pid: int) -> int:
    """Memory of a process and its descendants; what is shared is split among those who share it."""
    total = 0
    for one in _tree(pid):
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def _own_seconds(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        # It ended since it was listed; its parent's figures hold its time.
        return 0.0
    return sum(map(int, text.rpartition(")")[2].split()[_TIMES])) / _TICKS


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found
