"""What a process freed goes back to the system, although the last of it is still in use, or it refers to itself."""

import asyncio
import gc
import platform
import weakref
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


async def test_what_refers_to_itself_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring of objects that lasted for a while is found soon, though next to nothing is made any more."""
    monkeypatch.setattr(memory, "_SECONDS", 0.01)
    monkeypatch.setattr(memory, "_BETWEEN_SEARCHES_SECONDS", 0.0)
    ring = Ring()
    known = weakref.ref(ring)
    gc.collect(1)
    del ring
    gc.collect(1)
    assert known() is not None, "only a search among all finds it"

    giving = asyncio.create_task(memory.give_back_regularly())
    try:
        async with asyncio.timeout(30):
            while known() is not None:  # noqa: ASYNC110 - nobody tells when an object is gone
                await asyncio.sleep(0.01)
    finally:
        giving.cancel()


class Ring:
    """An object that refers to itself."""

    def __init__(self) -> None:
        self.itself = self


def resident_bytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_Dirty:"))
