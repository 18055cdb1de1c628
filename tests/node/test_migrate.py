"""Migrations from outside: what they leave in a database of either kind, and which databases they refuse."""

import asyncio
import os
import shutil
import signal
import sys
from ast import literal_eval
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, NullPool, create_engine, insert, inspect

from fedorg.domain.domain_blocks import Severity
from fedorg.domain.jobs import ApplyStanding, SeverPeer
from fedorg.domain.statuses import PageQuery
from fedorg.store import directory, jobs, migrate, peer_rules
from fedorg.store.engine import Database, DatabaseUnavailable, open_database
from fedorg.store.tables import accounts, audit_log, metadata, peers
from tests.databases import PostgresqlServer
from tests.fediverse.nodes import end

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
THEN = datetime(2026, 1, 1, tzinfo=UTC)

PROGRAM = "import asyncio, sys; from fedorg.store.migrate import migrate; print(asyncio.run(migrate(sys.argv[1])))"

BROKEN_REVISION = '''"""Adds a table, changes another, and breaks."""

import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = "{head}"


def upgrade() -> None:
    op.create_table("half", sa.Column("id", sa.BigInteger, primary_key=True))
    op.add_column("accounts", sa.Column("half", sa.Text))
    op.execute("INSERT INTO no_such_table VALUES (1)")
'''


ENDLESS_REVISION = '''"""Adds a table, and never ends."""

import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = "{head}"


def upgrade() -> None:
    op.create_table("half", sa.Column("id", sa.BigInteger, primary_key=True))
    print("begun", flush=True)
    op.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 0 FROM n) SELECT count(*) FROM n")
'''

# ``fedorg`` with revisions of another place.
COMMAND = """
import sys
from pathlib import Path
from fedorg.__main__ import main
from fedorg.store import migrate

migrate.SCRIPTS = Path(sys.argv.pop(1))
main()
"""


@pytest.fixture
def by_hand(engine_url: str) -> Iterator[Connection]:
    """A migrated database in an administrator's hands: each statement is committed at once."""
    address = engine_url.replace("postgresql:", "postgresql+psycopg:")
    with create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as conn:
        yield conn


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
async def test_the_migrated_schema_is_the_one_in_the_code(database: Database) -> None:
    """Migrating makes exactly the tables of ``store.tables``, down to types, defaults, keys and indexes."""

    def defaults_differ(*found: str | None) -> bool | None:
        """By the bare text on SQLite, which keeps the parentheses; by Alembic's own rules on PostgreSQL."""
        in_database, in_code = (text and text.strip("()'") for text in (found[-3], found[-1]))
        return in_database != in_code if database.dialect == "sqlite" else None

    def is_of_both_engines(name: str | None, *_: object) -> bool:
        """The full-text index is each engine's own."""
        return name is None or not name.startswith(("search_words", "ix_search_words"))

    def differences(conn: Connection) -> list[object]:
        options = {
            "compare_type": True,
            "compare_server_default": defaults_differ,
            "include_name": is_of_both_engines,
        }
        return list(compare_metadata(MigrationContext.configure(conn, opts=options), metadata))

    assert await database.read(differences) == []


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
async def test_constraints_have_the_names_of_the_convention(database: Database) -> None:
    """A later revision finds each key by the same name on both engines."""

    def names(conn: Connection) -> set[str | None]:
        inspector = inspect(conn)
        return {
            found["name"]
            for table in metadata.tables
            for found in [
                inspector.get_pk_constraint(table),
                *inspector.get_unique_constraints(table),
                *inspector.get_foreign_keys(table),
            ]
        }

    in_code = {str(constraint.name) for table in metadata.tables.values() for constraint in table.constraints}
    # SQLite's AUTOINCREMENT is part of a column, whose key cannot have a name.
    nameless = {f"pk_{name}" for name, table in metadata.tables.items() if table.kwargs.get("sqlite_autoincrement")}

    in_database = await database.read(names)

    assert in_database - {None} == (in_code - nameless if database.dialect == "sqlite" else in_code)


async def test_an_empty_database_is_seen_as_empty_and_left_alone(empty_url: str, tmp_path: Path) -> None:
    """Looking at a database changes nothing; on SQLite no file appears."""
    state = await migrate.check(empty_url)

    assert state.is_empty
    assert not state.is_current
    assert state.pending[-1] == state.head
    assert "fedorg migrate" in state.explain()
    assert not [*tmp_path.glob("*")]  # noqa: ASYNC240  three files at most


async def test_migrating_applies_all_that_is_pending_once(empty_url: str) -> None:
    """Progress is told for each revision in order; a second run has nothing to do."""
    told: list[str] = []
    pending = (await migrate.check(empty_url)).pending

    applied = await migrate.migrate(empty_url, told.append)

    assert applied == told == list(pending)
    assert (await migrate.check(empty_url)).is_current
    assert await migrate.migrate(empty_url) == []


async def test_processes_that_start_at_once_take_turns(empty_url: str) -> None:
    """Three processes migrate the same empty database: all succeed and each revision is applied once."""
    pending = list((await migrate.check(empty_url)).pending)
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, empty_url, stdout=asyncio.subprocess.PIPE)
        for _ in range(3)
    ]

    printed = [(await process.communicate())[0].decode().strip() for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0]
    # One may end before the next revision and another one go on from there.
    assert sorted(revision for one in printed for revision in literal_eval(one)) == pending


async def test_a_revision_that_breaks_leaves_nothing(
    engine_url: str, by_hand: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revision is one transaction: after its failure the database is where it was, and can be used."""
    scripts, number = with_one_more(tmp_path, (await migrate.check(engine_url)).head, BROKEN_REVISION)

    with monkeypatch.context() as patch:
        patch.setattr(migrate, "SCRIPTS", scripts)
        with pytest.raises(Exception, match="no_such_table"):
            await migrate.migrate(engine_url)
        state = await migrate.check(engine_url)

    assert state.pending == (number,)
    assert not state.is_torn
    assert "half" not in inspect(by_hand).get_table_names()
    assert "half" not in {column["name"] for column in inspect(by_hand).get_columns("accounts")}
    assert (await migrate.check(engine_url)).is_current


async def test_ctrl_c_ends_a_migration_within_a_statement(engine_url: str, by_hand: Connection, tmp_path: Path) -> None:
    """However long the statement: the revision has not happened, those before it have, and it is said."""
    head = (await migrate.check(engine_url)).head
    scripts, number = with_one_more(tmp_path, head, ENDLESS_REVISION)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COMMAND, str(scripts), "migrate"),
        env={**os.environ, "FEDORG_DATABASE_URL": engine_url, "FEDORG_DATA_DIR": str(tmp_path / "data")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            await process.stdout.readuntil(b"begun")
            process.send_signal(signal.SIGINT)
            complaint = await process.stderr.read()
    finally:
        await end(process)

    assert (process.returncode, complaint.decode()) == (
        1,
        "Stopped. What was applied stays; run `fedorg migrate` again for the rest.\n",
    )
    assert (await migrate.check(engine_url)).current == head != number
    assert "half" not in inspect(by_hand).get_table_names()


def with_one_more(folder: Path, head: str, revision: str) -> tuple[Path, str]:
    """The revisions of this version and one after them, in a folder of their own; the number it has."""
    scripts, number = folder / "migrations", f"{int(head) + 1:04}"
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / f"{number}_more.py").write_text(revision.format(head=head, number=number))
    return scripts, number


async def test_what_was_decided_about_servers_is_kept_when_rules_get_ids(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers that were blocked or partners before have a block or an allow after, and jobs tell the accounts."""
    scripts = tmp_path / "migrations"
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    for script in (scripts / "versions").glob("0*.py"):
        if script.name[:4] >= "0054":
            script.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "SCRIPTS", scripts)
        # It gets that far, and sees then that tables of this version are missing.
        with pytest.raises(migrate.MigrationRefused, match="0053"):
            await migrate.migrate(empty_url)
    known = [("a.example", "blocked"), ("b.example", "blocked"), ("c.example", "partner")]
    said = {"id": 1, "action": "peer.tier", "target": "b.example", "details": {"tier": "blocked"}}
    with create_engine(empty_url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool).begin() as conn:
        for domain, tier in known:
            conn.execute(insert(peers).values(domain=domain, tier=tier, first_seen_at=FIRST))
        conn.execute(insert(audit_log).values(said | {"created_at": THEN}))

    await migrate.migrate(empty_url)

    database = await open_database(empty_url, readers=1, pool_size=2)
    a, b = await database.read(peer_rules.list_limiting_blocks, 10)
    (allow,) = await database.read(peer_rules.list_allows, PageQuery(limit=10))
    room = jobs.Room(own=10, beside=10, others=10, lane_max=10)
    queued = {
        one.job
        for _ in range(2)
        for one in await database.write(jobs.claim, now=THEN, lease=timedelta(minutes=1), room=room)
    }
    await database.close()
    assert [(one.domain, one.severity, one.created_at) for one in (a, b)] == [
        ("a.example", Severity.SUSPEND, FIRST),
        ("b.example", Severity.SUSPEND, THEN),
    ]
    assert a.id != b.id
    assert (allow.domain, allow.created_at) == ("c.example", FIRST)
    assert ApplyStanding(domain="a.example") in queued
    assert {one.domain for one in queued if isinstance(one, SeverPeer)} == {"a.example", "b.example"}


async def test_accounts_that_were_here_before_are_found_by_their_names(empty_url: str) -> None:
    """All of them, whatever they are called: the table that names are found by is filled when it is made."""
    await migrate.migrate(empty_url, until="0064")
    usual = {"actor_type": "Person", "fields": [], "emojis": [], "also_known_as": [], "created_at": THEN}
    rows = [
        {
            "id": number,
            "username": f"user{number}",
            "acct_key": f"user{number}@b.example",
            "domain": "b.example",
            "uri": f"https://b.example/{number}",
            "url": "",
            "display_name": "" if number % 2 else f"Änne Nr. {number}",
            **usual,
        }
        for number in range(2100)
    ]
    rows.append(
        {"id": 2100, "username": "anna", "acct_key": "anna", "domain": None, "uri": "", "url": "", **usual}
        | {"display_name": ""}
    )
    with create_engine(empty_url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool).begin() as conn:
        conn.execute(insert(accounts), rows)

    await migrate.migrate(empty_url)

    database = await open_database(empty_url, readers=1, pool_size=2)

    async def found(prefix: str) -> list[str]:
        asked = {"limit": 2000, "offset": 0, "followed_by": None}
        return [one.acct for one in await database.read(directory.search, None, prefix, **asked)]  # type: ignore[arg-type]

    by_name, by_word, by_handle, here = [await found(one) for one in ("änne", "nr. 2098", "user2099", "anna")]
    await database.close()
    assert len(by_name) == 1050
    assert (by_word, by_handle, here) == (["user2098@b.example"], ["user2099@b.example"], ["anna"])


async def test_what_hangs_in_the_air_stops_no_migration(tmp_path: Path) -> None:
    """A hashtag of a status that is gone, as an administrator leaves who deletes one with SQLite's own tool."""
    path = tmp_path / "node.db"
    await migrate.migrate(f"sqlite:///{path}", until="0064")
    with create_engine(f"sqlite:///{path}", poolclass=NullPool).begin() as conn:
        conn.exec_driver_sql("INSERT INTO tags (id, name, display_name, created_at) VALUES (1, 'tea', 'Tea', 0)")
        conn.exec_driver_sql("INSERT INTO status_tags (tag_id, status_id) VALUES (1, 99)")

    await migrate.migrate(f"sqlite:///{path}")

    assert (await migrate.check(f"sqlite:///{path}")).is_current


async def test_a_database_of_a_newer_version_is_refused(engine_url: str, by_hand: Connection) -> None:
    """A revision this version does not know is named, and nothing is done to it."""
    by_hand.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    state = await migrate.check(engine_url)

    assert state.unknown == "9999"
    assert not state.is_current
    assert not state.is_empty
    assert "9999" in state.explain()
    with pytest.raises(migrate.MigrationRefused, match="9999"):
        await migrate.migrate(engine_url)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("DROP TABLE audit_log", "table audit_log"),
        ("DELETE FROM alembic_version", "table accounts"),
        ("INSERT INTO alembic_version VALUES ('0000')", "revision 0000"),
    ],
)
async def test_a_half_migrated_database_is_refused(
    engine_url: str, by_hand: Connection, damage: str, named: str
) -> None:
    """Tables that do not fit the recorded revision are named, and nothing is done to them."""
    by_hand.exec_driver_sql(damage)

    state = await migrate.check(engine_url)

    assert named in state.torn
    assert not state.is_current
    assert not state.is_empty
    assert named in state.explain()
    with pytest.raises(migrate.MigrationRefused, match="half-migrated"):
        await migrate.migrate(engine_url)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """What is not a database is called so, and stays as it is."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)

    with pytest.raises(DatabaseUnavailable, match=r"letter\.txt.*not a database"):
        await migrate.check(f"sqlite:///{path}")
    with pytest.raises(DatabaseUnavailable, match=r"letter\.txt.*not a database"):
        await migrate.migrate(f"sqlite:///{path}")

    assert path.read_text().startswith("Dear Sir")


async def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    """The sentence has the address and the reason, never the password."""
    for url in ("postgresql://node:opensesame@127.0.0.1:1/fedorg", "postgresql://127.0.0.1:1/a?password=opensesame"):
        with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1") as refusal:
            await migrate.check(url)

        assert "opensesame" not in str(refusal.value)


async def test_a_server_that_lets_nothing_be_made_is_named(postgresql_server: PostgresqlServer) -> None:
    """A role without the right to make tables, and a server that follows another."""
    name = postgresql_server.create_empty()
    try:
        for option, reason in (
            ("role=pg_monitor", "permission denied for schema public"),
            ("default_transaction_read_only=on", "in a read-only transaction"),
        ):
            url = f"{postgresql_server.url(name)}?options={quote(f'-c {option}')}"
            with pytest.raises(DatabaseUnavailable, match=f"{name}.*: .*{reason}"):
                await migrate.migrate(url)
    finally:
        postgresql_server.drop(name)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_without_all_letters_is_refused(postgresql_server: PostgresqlServer, encoding: str) -> None:
    """Before anything is in it: no emoji, and no name in another script, could be kept there."""
    name = postgresql_server.create_empty(encoding)
    try:
        with pytest.raises(migrate.MigrationRefused, match=f"encoded in {encoding}"):
            await migrate.migrate(postgresql_server.url(name))
        assert (await migrate.check(postgresql_server.url(name))).is_empty
    finally:
        postgresql_server.drop(name)


async def test_the_folder_of_an_embedded_database_is_made(tmp_path: Path) -> None:
    """A first start needs no folder made by hand."""
    url = f"sqlite:///{tmp_path / 'new' / 'data' / 'node.db'}"

    assert await migrate.migrate(url)

    assert (await migrate.check(url)).is_current


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Where the database cannot be put, the refusal says where that was."""
    (tmp_path / "letter.txt").write_text("Dear Sir")

    with pytest.raises(DatabaseUnavailable, match=r"letter\.txt"):
        await migrate.migrate(f"sqlite:///{tmp_path / 'letter.txt' / 'node.db'}")
