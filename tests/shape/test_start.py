"""A start loads what a node needs, and nothing that only some commands or some databases do."""

import subprocess
import sys
from typing import Final

LATE: Final = frozenset(
    {"aiohttp", "aiosmtplib", "alembic", "markdown_it", "mnemonic", "nh3", "PIL", "psycopg", "rich", "selectolax"}
)


def test_a_node_on_the_embedded_database_loads_only_what_it_uses() -> None:
    """All of these are large, and a node that starts on a migrated SQLite file uses none of them."""
    loaded = load("serve", "--help", late=("fedorg.jobs.worker", "fedorg.serving", "fedorg.web"))

    assert {"quart", "sqlalchemy.dialects.sqlite"} <= loaded
    assert "sqlalchemy.dialects.postgresql" not in loaded
    assert LATE.intersection(loaded) == set()


def test_a_command_loads_neither_what_answers_requests_nor_what_makes_them() -> None:
    """Half of all that a node loads: whoever types a command waits for it."""
    loaded = load("user", "--help")

    assert "fedorg.store.users" in loaded
    assert (LATE | {"quart", "hypercorn", "fedorg.web", "fedorg.jobs.worker"}).intersection(loaded) == {"rich"}


def load(*words: str, late: tuple[str, ...] = ()) -> set[str]:
    """What a command has loaded when it ends, and some modules that it loads late."""
    program = f"""
import atexit, importlib, sys, fedorg.__main__ as run
from fedorg.loading import loading
with loading():
    for name in {late}:
        importlib.import_module(name)
atexit.register(lambda: print(*sys.modules))
run.main()
"""
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
