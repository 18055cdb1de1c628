"""What a process freed goes back to the system, although the last of it is still in use."""

import platform
from pathlib import Path

import pytest

from fedorg import memory

BLOCKS = 8000
# Too large for Python to keep it for its own objects.
BLOCK_BYTES = 4096


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library keeps what it likes")
def test_what_was_freed_goes_back() -> None:
    """Of many blocks only the last stays, and nearly all that the others took is given back."""
    blocks = [bytearray(b"x") * BLOCK_BYTES for _ in range(BLOCKS)]
    full = resident_bytes()
    last = blocks.pop()
    blocks.clear()

    memory.give_back()

    assert full - resident_bytes() > BLOCKS * BLOCK_BYTES * 0.8
    assert last == b"x" * BLOCK_BYTES


def resident_bytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_Dirty:"))
