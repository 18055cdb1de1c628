"""Backups: what is in them, what comes out again on either engine, and what is refused before anything is changed."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fedorg import app
from fedorg.config import Settings
from fedorg.errors import Conflict, FedorgError, Invalid, SettingsError
from fedorg.services import backups
from fedorg.services.backups import Restore, Summary
from fedorg.store import migrate
from fedorg.store.migrate import MigrationRefused
from fedorg.store.tables import metadata
from tests.node.serving import NodeServer
from tests.node.talking import WorkingServer, post, run_jobs, upload

OLDER = "0053"
"""A revision that is not the newest; its tables are a part of today's."""


def silent(_what: str, _done: int, _total: int) -> None: ...


def members_of(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as whole:
        return {member.name: whole.extractfile(member).read() for member in whole}  # type: ignore[union-attr] # all are files


def write_archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as whole:
        for name, body in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            whole.addfile(member, io.BytesIO(body))
    return path


async def restore(archive: Path, settings: Settings) -> Summary:
    with archive.open("rb") as stream:
        found = Restore(stream, settings)
        await migrate.migrate(settings.database, until=found.manifest.revision)
        summary = found.run(silent)
        await migrate.migrate(settings.database)
    return summary


def rows_of(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All that a database holds, table by table."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with engine.connect() as conn:
        found = {}
        for table in metadata.sorted_tables:
            rows = [tuple(map(repr, row)) for row in conn.execute(sa.select(table))]
            found[table.name] = sorted(rows)
        return found


async def fill(server: NodeServer) -> None:
    """Some of everything, with a file."""
    async with run_jobs(server) as working:
        anna, bert = await working.person("anna"), await working.person("bert")
        attachment = await upload(anna, description="A picture")
        status = await post(anna, "Ünïcode \u2028 #tag @bert", **{"media_ids[]": attachment["id"]})
        await bert.api.post(f"/api/v1/statuses/{status['id']}/favourite")
        await post(bert, "An answer", in_reply_to_id=status["id"])
        await working.settle()


async def test_everything_comes_back_on_either_engine(
    node_server: NodeServer, empty_url: str, engine_url: str, tmp_path: Path
) -> None:
    """Row by row and file by file, onto the same engine and onto SQLite; the words can be searched again."""
    await fill(node_server)
    settings, archive = node_server.node.settings, tmp_path / "backup.tar"
    written = backups.write(settings, archive, node_server.clock(), silent)
    assert (written.missing, written.files, archive.stat().st_mode & 0o777) == (0, 2, 0o600)
    before = rows_of(engine_url)
    for number, url in enumerate((empty_url, f"sqlite:///{tmp_path}/other.db")):
        place = replace(settings, database_url=url, data_dir=tmp_path / f"place{number}")
        put_back = await restore(archive, place)
        assert (put_back.rows, put_back.files) == (written.rows, written.files)
        assert rows_of(url) == before
        async with app.open_node(place) as node:
            words = await node.read(
                lambda conn: conn.execute(sa.text("SELECT count(*) FROM search_documents")).scalar()
            )
            assert words == len(before["search_documents"]) == 2
        with pytest.raises(Invalid, match="not empty"):
            await restore(archive, place)
    with pytest.raises(Conflict, match="exists already"):
        backups.write(settings, archive, node_server.clock(), silent)


async def test_a_backup_of_an_older_version_is_brought_up_to_date(
    node_server: NodeServer, empty_url: str, tmp_path: Path
) -> None:
    """It is loaded into the schema of its own revision, and migrated then; one of a newer version is refused."""
    await fill(node_server)
    settings = node_server.node.settings
    backups.write(settings, tmp_path / "new.tar", node_server.clock(), silent)
    old_url = f"sqlite:///{tmp_path}/old.db"
    await migrate.migrate(old_url, until=OLDER)
    with sa.create_engine(old_url, poolclass=sa.NullPool).connect() as conn:
        inspector = sa.inspect(conn)
        columns = {name: [one["name"] for one in inspector.get_columns(name)] for name in inspector.get_table_names()}
    members = as_older(members_of(tmp_path / "new.tar"), columns)
    archive = write_archive(tmp_path / "old.tar", members)

    place = replace(settings, database_url=empty_url, data_dir=tmp_path / "place")
    await restore(archive, place)
    async with app.open_node(place) as node:
        found = await node.read(
            lambda conn: conn.execute(sa.select(metadata.tables["statuses"].c.text)).scalars().all()
        )
    assert min(found) == "An answer"

    manifest = json.loads(members["manifest.json"]) | {"revision": "9999"}
    newer = write_archive(tmp_path / "newer.tar", members | {"manifest.json": json.dumps(manifest).encode()})
    with pytest.raises(MigrationRefused, match="newer version"):
        await restore(newer, replace(place, database_url=f"sqlite:///{tmp_path}/third.db"))


def as_older(members: dict[str, bytes], columns: dict[str, list[str]]) -> dict[str, bytes]:
    """A backup as a version would have written it whose tables had these columns."""
    manifest = json.loads(members["manifest.json"])
    manifest |= {"revision": OLDER, "tables": {}}
    written: dict[str, bytes] = {}
    for name, body in members.items():
        if not name.startswith("tables/"):
            continue
        lines = [json.loads(line) for line in gzip.decompress(body).split(b"\n") if line]
        shape, rows = lines[0], lines[1:]
        if shape["name"] not in columns:
            continue
        kept = [index for index, (column, _) in enumerate(shape["columns"]) if column in columns[shape["name"]]]
        shape["columns"] = [shape["columns"][index] for index in kept]
        lines = [shape, *([row[index] for index in kept] for row in rows)]
        manifest["tables"][shape["name"]] = len(rows)
        written[name] = gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    end = json.loads(members["end.json"]) | {"rows": sum(manifest["tables"].values())}
    media = {name: body for name, body in members.items() if name.startswith("media/")}
    return {"manifest.json": json.dumps(manifest).encode(), **written, **media, "end.json": json.dumps(end).encode()}


def without_end(members: dict[str, bytes]) -> dict[str, bytes]:
    return {name: body for name, body in members.items() if name != "end.json"}


def with_a_way_out(members: dict[str, bytes]) -> dict[str, bytes]:
    return {**without_end(members), "media/../../etc/passwd": b"x", "end.json": members["end.json"]}


def with_half_a_table(members: dict[str, bytes]) -> dict[str, bytes]:
    name = next(name for name in members if "accounts" in name)
    return members | {name: members[name][: len(members[name]) // 2]}


def with_other_lines(members: dict[str, bytes], change: Callable[[list[bytes]], list[bytes]]) -> dict[str, bytes]:
    """A backup of which the lines of a table, its shape and then its rows, were changed."""
    name = next(name for name in members if name.endswith("-accounts.jsonl.gz"))
    lines = gzip.decompress(members[name]).splitlines()
    return members | {name: gzip.compress(b"\n".join(change(lines)) + b"\n")}


def with_bytes_turned_in_a_table(members: dict[str, bytes]) -> dict[str, bytes]:
    name = next(name for name in members if name.endswith("-accounts.jsonl.gz"))
    body = members[name]
    return members | {name: body[:20] + bytes(byte ^ 0xFF for byte in body[20:30]) + body[30:]}


def with_what_is_no_text(members: dict[str, bytes]) -> dict[str, bytes]:
    return with_other_lines(members, lambda lines: [lines[0].replace(b"username", b"\xff"), *lines[1:]])


def with_a_row_too_short(members: dict[str, bytes]) -> dict[str, bytes]:
    return with_other_lines(members, lambda lines: [*lines[:-1], json.dumps(json.loads(lines[-1])[:-1]).encode()])


def with_a_row_of_nothing(members: dict[str, bytes]) -> dict[str, bytes]:
    return with_other_lines(members, lambda lines: [lines[0], json.dumps([None] * len(json.loads(lines[1]))).encode()])


def with_a_row_twice(members: dict[str, bytes]) -> dict[str, bytes]:
    return with_other_lines(members, lambda lines: [*lines, lines[-1]])


def without_accounts(members: dict[str, bytes]) -> dict[str, bytes]:
    return {name: body for name, body in members.items() if not name.endswith("-accounts.jsonl.gz")}


def without_manifest(members: dict[str, bytes]) -> dict[str, bytes]:
    return {name: body for name, body in members.items() if name != "manifest.json"}


DAMAGES: tuple[tuple[Callable[[dict[str, bytes]], dict[str, bytes]], str], ...] = (
    (without_end, "not whole"),
    (with_a_way_out, "no node has stored"),
    (with_half_a_table, "damaged"),
    (with_bytes_turned_in_a_table, "damaged"),
    (with_what_is_no_text, "cannot be read"),
    (with_a_row_too_short, "row of accounts that does not fit"),
    (with_a_row_of_nothing, "row of accounts that does not fit"),
    (with_a_row_twice, "row of accounts that does not fit"),
    (without_accounts, "not"),
    (without_manifest, "no backup"),
)


async def test_a_damaged_backup_changes_nothing(node_server: NodeServer, empty_url: str, tmp_path: Path) -> None:
    """It is refused in a sentence, and the database is as empty as before; a whole one is taken then."""
    await fill(node_server)
    settings = node_server.node.settings
    backups.write(settings, tmp_path / "backup.tar", node_server.clock(), silent)
    members = members_of(tmp_path / "backup.tar")
    place = replace(settings, database_url=empty_url, data_dir=tmp_path / "place")

    for change, words in DAMAGES:
        archive = write_archive(tmp_path / "changed.tar", change(members))
        with pytest.raises(FedorgError, match=words):
            await restore(archive, place)
        assert all(rows == [] for rows in rows_of(empty_url).values())

    whole = (tmp_path / "backup.tar").read_bytes()
    picture = next(body for name, body in members.items() if name.startswith("media/"))
    (tmp_path / "changed.tar").write_bytes(whole.replace(picture, picture[:-1] + bytes([picture[-1] ^ 0xFF])))
    with pytest.raises(Invalid, match=r"damaged: media/"):
        await restore(tmp_path / "changed.tar", place)
    assert all(rows == [] for rows in rows_of(empty_url).values())

    assert (await restore(tmp_path / "backup.tar", place)).rows > 0


async def test_a_node_never_changes_its_name(node_server: NodeServer, empty_url: str, tmp_path: Path) -> None:
    """Neither by a backup made or put back under another, nor by another setting on the same database."""
    await fill(node_server)
    settings = node_server.node.settings
    backups.write(settings, tmp_path / "backup.tar", node_server.clock(), silent)
    elsewhere = replace(settings, public_url="http://localhost:1", database_url=empty_url, data_dir=tmp_path / "place")

    with pytest.raises(Invalid, match="can never change"):
        await restore(tmp_path / "backup.tar", elsewhere)
    misnamed = replace(settings, public_url="http://localhost:1")
    with pytest.raises(SettingsError, match="can never change"):
        backups.write(misnamed, tmp_path / "other.tar", node_server.clock(), silent)
    assert not (tmp_path / "other.tar").exists()
    with pytest.raises(SettingsError, match="can never change"):
        async with app.open_node(replace(elsewhere, database_url=settings.database_url)):
            pass


async def test_what_hangs_in_the_air_stops_no_restore(working: WorkingServer, empty_url: str, tmp_path: Path) -> None:
    """An account deleted with SQLite's own tool, which looks at no reference, takes along what was its and no more."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await post(anna, "Gone")
    question = await post(anna, "Gone as well")
    await post(bert, "An answer", in_reply_to_id=question["id"])
    await working.settle()
    settings = replace(working.server.node.settings, database_url=f"sqlite:///{tmp_path}/by_hand.db")
    backups.write(working.server.node.settings, tmp_path / "whole.tar", working.server.clock(), silent)
    await restore(tmp_path / "whole.tar", settings)
    with sa.create_engine(settings.database_url, poolclass=sa.NullPool).begin() as conn:
        conn.execute(sa.text("DELETE FROM accounts WHERE username = 'anna'"))
    backups.write(settings, tmp_path / "backup.tar", working.server.clock(), silent)

    for number, url in enumerate((empty_url, f"sqlite:///{tmp_path}/other.db")):
        await restore(
            tmp_path / "backup.tar", replace(settings, database_url=url, data_dir=tmp_path / f"place{number}")
        )
        found = rows_of(url)
        assert [row for row in found["accounts"] if "'anna'" in row] == []
        assert len(found["statuses"]) == 1
        async with app.open_node(replace(settings, database_url=url, data_dir=tmp_path / f"place{number}")):
            pass
