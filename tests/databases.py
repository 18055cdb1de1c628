"""Fresh databases for tests, cheaply: one migrated template for a whole run, a copy of it for each test.

The PostgreSQL server is the one at ``FEDORG_TEST_POSTGRESQL``, or the one on this machine. Names of databases say which
machine and process made them and when, so that a later run can drop what a crashed one left behind.
"""

import asyncio
import hashlib
import itertools
import os
import re
import socket
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Final, LiteralString

import psycopg
import psycopg.errors
from psycopg import sql
from sqlalchemy import URL, make_url

from fedorg.store import migrate
from fedorg.store.tables import metadata

NO_POSTGRESQL: Final = "no PostgreSQL server answers at"

_SERVER: Final = "postgresql://postgres@127.0.0.1:5432"
_HOST: Final = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
_ABANDONED_SECONDS: Final = 6 * 3600
_NAME: Final = re.compile(r"fedorg_test_(?P<host>[0-9a-f]{8})_(?P<pid>\d+)_(?P<started>\d+)_\w+")


def server_address() -> URL:
    """The PostgreSQL server for tests, without a database; its password is hidden when it is printed."""
    return make_url(os.environ.get("FEDORG_TEST_POSTGRESQL", _SERVER))


class PostgresqlServer:
    """The server and the databases this process made on it. Raises ``psycopg.OperationalError`` if it is not there."""

    def __init__(self) -> None:
        self._address = server_address()
        self._prefix = f"fedorg_test_{_HOST}_{os.getpid()}_{int(time.time())}"
        self._numbers = itertools.count()
        self._template: str | None = None
        self._shape: str | None = None
        self._emptied: list[str] = []
        self._maintenance = psycopg.connect(
            self.url(self._address.database or "postgres"), autocommit=True, connect_timeout=3
        )
        self._drop_left_behind()

    def url(self, name: str) -> str:
        """The address of a database on this server."""
        return self._address.set(database=name).render_as_string(hide_password=False)

    def create_empty(self, encoding: LiteralString = "UTF8") -> str:
        """The name of a new database without tables."""
        return self._create("template0", f" ENCODING '{encoding}' LOCALE 'C'" if encoding != "UTF8" else "")

    def create_migrated(self) -> str:
        """The name of a database with the schema of this version and no rows: one given back, or a new one."""
        if self._template is None:
            self._template = self._create("template0")
            _migrate(self.url(self._template))
            with psycopg.connect(self.url(self._template)) as connection:
                self._shape = _shape(connection)
        return self._emptied.pop() if self._emptied else self._create(self._template)

    def give_back(self, name: str) -> None:
        """Empty a database from ``create_migrated`` for the next test: making and dropping one costs seconds of disk.

        One whose schema a test has changed is dropped.
        """
        self._end_connections(name)
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            is_whole = _shape(connection) == self._shape
            if is_whole:
                _empty(connection)
        if is_whole:
            self._emptied.append(name)
        else:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Drop it, whoever is still connected."""
        self._maintenance.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def close(self) -> None:
        """Drop the template too; nothing of this run is left."""
        for name in self._emptied:
            self.drop(name)
        if self._template is not None:
            self.drop(self._template)
        self._maintenance.close()

    def _end_connections(self, name: str) -> None:
        """Until none is left: what a process that was killed had begun may be committed for as long as one is."""
        ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        while self._maintenance.execute(ending, (name,)).fetchall():
            time.sleep(0.001)

    def _create(self, template: str, options: LiteralString = "") -> str:
        name = f"{self._prefix}_{next(self._numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        self._maintenance.execute(statement + sql.SQL(options))
        return name

    def _drop_left_behind(self) -> None:
        rows = self._maintenance.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'fedorg!_test!_%' ESCAPE '!'"
        )
        for (name,) in rows.fetchall():
            match = _NAME.fullmatch(name)
            if match is not None and _is_abandoned(match):
                self.drop(name)


class SqliteFiles:
    """SQLite databases in files."""

    def create_migrated(self, path: Path) -> str:
        """The address of a new database with the schema of this version."""
        path.touch(mode=0o600)
        path.write_bytes(_migrated_sqlite())
        return f"sqlite:///{path}"


@cache
def _migrated_sqlite() -> bytes:
    """The file, migrated once in each process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "template.db")
        _migrate(f"sqlite:///{path}")
        return path.read_bytes()


def _shape(connection: psycopg.Connection) -> str:
    """Everything a test could change of a schema, as one text."""
    columns = """
        SELECT string_agg(concat_ws(' ', table_name, column_name, data_type, is_nullable), ','
                          ORDER BY table_name, column_name)
        FROM information_schema.columns WHERE table_schema = 'public'"""
    indexes = "SELECT string_agg(indexdef, ',' ORDER BY indexdef) FROM pg_indexes WHERE schemaname = 'public'"
    revision = "SELECT string_agg(version_num, ',') FROM alembic_version"
    try:
        return "\n".join(str(connection.execute(query).fetchone()) for query in (columns, indexes, revision))
    except psycopg.errors.UndefinedTable:
        return ""


def _empty(connection: psycopg.Connection) -> None:
    """Delete every row, in any order, and let numbers begin anew."""
    names = (sql.Identifier(table.name) for table in metadata.sorted_tables)
    deletions = [sql.SQL("DELETE FROM {}").format(name) for name in names]
    connection.execute("SET session_replication_role = replica")
    connection.execute(sql.SQL("; ").join(deletions))
    connection.execute("ALTER SEQUENCE events_id_seq RESTART")


def _migrate(url: str) -> None:
    """On a thread of its own, because the one of a test has an event loop."""
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, migrate.migrate(url)).result()


def _is_abandoned(match: re.Match[str]) -> bool:
    if time.time() - int(match["started"]) > _ABANDONED_SECONDS:
        return True
    return match["host"] == _HOST and not _is_running(int(match["pid"]))


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
