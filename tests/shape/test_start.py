"""A start loads what a node needs, and nothing that only some commands or some databases do."""

import subprocess
import sys
from typing import Final

LATE: Final = frozenset(
    {"aiohttp", "aiosmtplib", "alembic", "markdown_it", "mnemonic", "nh3", "PIL", "psycopg", "rich", "selectolax"}
)


def test_a_node_on_the_embedded_database_loads_only_what_it_uses() -> None:
    """All of these are large, and a node that starts on a migrated SQLite file uses none of them."""
    program = "import atexit, sys, fedorg.__main__ as run; atexit.register(lambda: print(*sys.modules)); run.main()"

    loaded = subprocess.run(
        [sys.executable, "-c", program, "serve", "--help"], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "sqlalchemy.dialects.sqlite" in loaded
    assert "sqlalchemy.dialects.postgresql" not in loaded
    assert LATE.intersection(loaded) == set()
