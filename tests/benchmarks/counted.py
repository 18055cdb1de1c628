"""``fedorg`` that writes into the file ``queries`` how many statements it has sent to its database.

Run without jobs, so that each statement belongs to a request. Apart from the nodes that are timed: counting costs.
"""

import mmap
import struct
import sys
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from fedorg.__main__ import main

FILE: Final = "queries"
_NUMBER: Final = struct.Struct("Q")


def read(folder: Path) -> int:
    """How many statements the node in a folder has sent."""
    (number,) = _NUMBER.unpack((folder / FILE).read_bytes())
    return int(number)


def _count() -> None:
    Path(FILE).write_bytes(_NUMBER.pack(0))
    with Path(FILE).open("r+b") as file:
        shared = mmap.mmap(file.fileno(), _NUMBER.size)
    made = 0

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def _(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal made
        made += not statement.startswith("BEGIN")
        _NUMBER.pack_into(shared, 0, made)


if __name__ == "__main__":
    _count()
    sys.argv.append("--no-worker")
    main()
