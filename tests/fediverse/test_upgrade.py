"""From an older version to this one and back: what ran on an older schema runs on, and its backup is as it was."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from fedorg import config
from fedorg.services.backups import Restore
from fedorg.store import migrate
from fedorg.store.tables import metadata
from tests.databases import PostgresqlServer
from tests.fediverse.nodes import RunningNode, settle
from tests.node.test_backup import OLDER, as_older, members_of, silent, write_archive


@pytest.fixture
def old_and_empty(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Addresses of two empty databases of a kind."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'old.db'}", f"sqlite:///{tmp_path / 'back.db'}"
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    names = server.create_empty(), server.create_empty()
    yield server.url(names[0]), server.url(names[1])
    for name in names:
        server.drop(name)


async def test_an_older_node_is_upgraded_and_can_go_back(old_and_empty: tuple[str, str], tmp_path: Path) -> None:
    """This version refuses the older schema until it is migrated; then its people, follows and queues go on.

    The backup that was made before goes back into the older schema, row by row: what the older version needs.
    """
    old_url, back_url = old_and_empty
    aster = RunningNode(name="aster", folder=tmp_path / "aster")
    birch = RunningNode(name="birch", folder=tmp_path / "birch")
    try:
        await aster.create("alice")
        await birch.create("bella")
        await aster.start()
        await birch.start()
        async with aster.member("alice") as alice, birch.member("bella") as bella:
            await bella.follow(alice)
            await alice.post("/api/v1/statuses", {"status": "Before the upgrade"})
            await settle(aster, birch)
            archive = await _backup_of_older(aster, tmp_path)
            await aster.stop()

            aster.database_url = old_url
            await _load(archive, config.load(aster.environment))
            before = _rows(old_url)
            refused = await aster.run("serve", "--port", "1")
            assert refused.code == 1
            assert OLDER in refused.complaint
            assert "fedorg migrate" in refused.complaint
            assert _rows(old_url) == before

            await aster.command("migrate")
            await aster.command("migrate", "--check")
            await aster.start()
            for _ in range(3):
                await alice.post("/api/v1/statuses", {"status": "After the upgrade"})
            await bella.home_status("After the upgrade")
            assert await alice.get("/api/v1/timelines/home")

            await _load(archive, replace(config.load(aster.environment), database_url=back_url))
            assert _rows(back_url) == before
            assert (await migrate.check(back_url)).current == OLDER
    finally:
        await aster.close()
        await birch.close()


async def _backup_of_older(node: RunningNode, folder: Path) -> Path:
    """A backup of a node as the older version would have made it."""
    await node.command("backup", str(folder / "new.tar"))
    await migrate.migrate(f"sqlite:///{folder}/shape.db", until=OLDER)
    with sa.create_engine(f"sqlite:///{folder}/shape.db", poolclass=sa.NullPool).connect() as conn:
        inspector = sa.inspect(conn)
        columns = {name: [one["name"] for one in inspector.get_columns(name)] for name in inspector.get_table_names()}
    return write_archive(folder / "old.tar", as_older(members_of(folder / "new.tar"), columns))


async def _load(archive: Path, settings: config.Settings) -> None:
    """What ``fedorg restore`` of the older version does: into the schema of the backup, and no further."""
    with archive.open("rb") as stream:
        found = Restore(stream, settings)
        await migrate.migrate(settings.database, until=found.manifest.revision)
        found.run(silent)


def _rows(url: str) -> dict[str, list[str]]:
    """All that a database holds, whatever its schema."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with engine.connect() as conn:
        names = sorted(set(sa.inspect(conn).get_table_names()) & set(metadata.tables))
        return {
            name: sorted(str(tuple(row)) for row in conn.execute(sa.select(sa.text("*")).select_from(sa.table(name))))
            for name in names
        }
