"""Backups: what is in them, what comes out again on either engine, and what is refused before anything is changed."""

import gc
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fedorg import app
from fedorg.config import Settings
from fedorg.errors import Conflict, FedorgError, Invalid, SettingsError
from fedorg.media import FileStorage
from fedorg.services import backups
from fedorg.services.backups import Restore, Summary
from fedorg.store import migrate
from fedorg.store.migrate import MigrationRefused
from fedorg.store.tables import metadata
from tests.node.serving import NodeServer
from tests.node.talking import WorkingServer, post, run_jobs, upload

THEN = datetime(2026, 1, 1, tzinfo=UTC)
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


async def test_a_large_table_is_copied_piece_by_piece(
    node_server: NodeServer, empty_url: str, engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more of it is in memory at once, it is told how far it is, and PostgreSQL knows how many rows it has."""
    settings, archive = node_server.node.settings, tmp_path / "backup.tar"
    monkeypatch.setattr(backups, "_PIECE_BYTES", 10_000)
    await node_server.node.write(write_tags)
    before, steps = rows_of(engine_url), set[int]()

    def note(what: str, done: int, _total: int) -> None:
        if what == "rows":
            steps.add(done)

    backups.write(settings, archive, node_server.clock(), note)
    pieces = [name for name in members_of(archive) if name.endswith("-tags.jsonl.gz")]
    assert (len(pieces) > 1, {500, 1000, 1500} < steps) == (True, True)
    steps.clear()
    with archive.open("rb") as stream:
        await migrate.migrate(empty_url)
        Restore(stream, replace(settings, database_url=empty_url, data_dir=tmp_path / "place")).run(note)

    assert rows_of(empty_url) == before
    assert {500, 1000, 1500} < steps
    if empty_url.startswith("postgresql:"):
        with sa.create_engine(empty_url.replace(":", "+psycopg:", 1), poolclass=sa.NullPool).connect() as conn:
            known = conn.execute(sa.text("SELECT reltuples FROM pg_class WHERE relname = 'tags'")).scalar_one()
        assert known == len(before["tags"])


def write_tags(conn: sa.Connection) -> None:
    """Enough for several pieces."""
    names = [hashlib.sha256(bytes([number % 256, number // 256])).hexdigest() for number in range(1600)]
    rows = [{"id": number, "name": name, "display_name": name} for number, name in enumerate(names, 1)]
    conn.execute(sa.insert(metadata.tables["tags"]).values(created_at=THEN), rows)


async def test_files_that_have_gone_by_take_no_memory(node_server: NodeServer, empty_url: str, tmp_path: Path) -> None:
    """A node may have a million: what stands of each before it in the archive is forgotten with it."""
    settings, archive = node_server.node.settings, tmp_path / "backup.tar"
    store(settings, *(f"{number:032x}.png" for number in range(20)))
    gc.collect()
    kept = list[int]()

    def count(what: str, done: int, total: int) -> None:
        if (what, done) == ("files", total):
            kept.append(sum(isinstance(one, tarfile.TarInfo) for one in gc.get_objects()))

    backups.write(settings, archive, node_server.clock(), count)
    with archive.open("rb") as stream:
        await migrate.migrate(empty_url)
        Restore(stream, replace(settings, database_url=empty_url, data_dir=tmp_path / "place")).run(count)

    assert len(kept) == 2
    assert max(kept) < 5


async def test_half_a_file_of_an_earlier_try_is_replaced(
    node_server: NodeServer, empty_url: str, tmp_path: Path
) -> None:
    """As a power cut leaves it that ends a restore."""
    settings, archive, name = node_server.node.settings, tmp_path / "backup.tar", f"{7:032x}.png"
    place = replace(settings, database_url=empty_url, data_dir=tmp_path / "place")
    store(settings, name)
    backups.write(settings, archive, node_server.clock(), silent)
    store(place, name)[0].write_bytes(b"")

    await restore(archive, place)

    assert FileStorage(place.media_dir).read(name) == name.encode()


def store(settings: Settings, *names: str) -> list[Path]:
    """Files where a node keeps them, each of which holds its own name."""
    paths = [settings.media_dir / name[:2] / name[2:4] / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    return paths


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
