"""A start loads what a node needs, and nothing that only some commands or some databases do."""

import subprocess
import sys
from typing import Final

LATE: Final = frozenset({"alembic", "psycopg"})


def test_a_node_on_the_embedded_database_loads_neither_alembic_nor_psycopg() -> None:
    """Both are large, and a node that starts on a migrated SQLite file uses none of them."""
    program = "import sys, fedorg.cli; print(*sorted({name.partition('.')[0] for name in sys.modules}))"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert "sqlalchemy" in loaded
    assert LATE.isdisjoint(loaded)
