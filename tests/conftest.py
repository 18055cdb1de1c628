"""What every test may ask for: databases of both kinds, empty or migrated.

``engine_url`` and ``database`` make a test run twice, on SQLite and on PostgreSQL (``-k sqlite`` picks one). Where no
PostgreSQL server answers, those variants are skipped and the summary says so; with ``CI`` set they fail instead.
"""

import asyncio
import gc
import os
import re
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest
import uvloop
from hypothesis import HealthCheck, settings
from typing_extensions import override
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from fedorg.store.engine import Database, open_database
from tests.databases import NO_POSTGRESQL, PostgresqlServer, SqliteFiles, server_address
from tests.sharing import sharing

# Neither a slow machine nor a busy one is a fault of what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def shared_work() -> Iterator[None]:
    """Nodes inside the test process share what costs most and is the same for all of them."""
    with sharing():
        yield


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """The PostgreSQL server for tests; skips, or fails in CI, if it does not answer."""
    try:
        server = PostgresqlServer()
    except psycopg.OperationalError as problem:
        refusal = f"{NO_POSTGRESQL} {server_address()}: {str(problem).splitlines()[0]}"
        if os.environ.get("CI"):
            pytest.fail(refusal)
        pytest.skip(refusal)
    yield server
    server.close()


@pytest.fixture(scope="session")
def sqlite_files() -> SqliteFiles:
    """Makes migrated SQLite files."""
    return SqliteFiles()


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Each kind of database in turn."""
    kind: str = request.param
    return kind


@pytest.fixture
def empty_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new database without tables; on SQLite there is not even a file."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.create_empty()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def engine_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new database with the schema of this version and no rows."""
    if dialect == "sqlite":
        files: SqliteFiles = request.getfixturevalue("sqlite_files")
        yield files.create_migrated(tmp_path / "node.db")
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.create_migrated()
    yield server.url(name)
    server.give_back(name)


@pytest.fixture
async def database(engine_url: str) -> AsyncIterator[Database]:
    """An opened database with the schema of this version and no rows."""
    opened = await open_database(engine_url, readers=2, pool_size=4)
    yield opened
    await opened.close()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the event loop that nodes run on."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_configure() -> None:
    """Programs that tests start end by Ctrl-C, also where a shell began the tests in the background, deaf to it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: item.path.name not in _LONGEST)


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of later searches for garbage: it is large, and none."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly that half of the storage tests did not run."""
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(NO_POSTGRESQL in str(report.longrepr) for report in skipped)
    if count:
        terminalreporter.write_sep(
            "=", f"{count} tests SKIPPED: {NO_POSTGRESQL} {server_address()}", yellow=True, bold=True
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """With ``--dist loadscope``, the tests of a module that may share servers run in one process."""
    return _ByServers(config, log) if config.getoption("dist") == "loadscope" else None


class _ByServers(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    @override
    def _split_scope(self, nodeid: str) -> str:
        variant = _VARIANT.search(nodeid)
        return nodeid.partition("::")[0] + (variant[0] if variant else "")


# First parameters for each of which servers and databases are made anew.
_VARIANT: Final = re.compile(r"\[(?:sqlite|postgresql|rfc9421|cavage)\b(?:-part\d)?")
_LONGEST: Final = frozenset(
    {"test_contract.py", "test_mail_servers.py", "test_start.py", "test_wheel.py", "test_worker.py"}
)
