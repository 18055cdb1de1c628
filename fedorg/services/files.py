"""Stored files and the folder in which they are made: whatever ends a process, nothing of them stays for ever.

A file is held as loose before it is stored and settled in the transaction whose rows refer to it; a transaction after
which nothing refers to it holds it again. What is loose for a day, upkeep deletes. What lies in the scratch folder for
a day belongs to nobody who still runs.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from fedorg.errors import Invalid
from fedorg.ids import AccountId
from fedorg.media import MediaFile, Storage
from fedorg.node import Node
from fedorg.store import loose_files, media

LOOSE_AGE: Final = timedelta(days=1)
_CHUNK: Final = 500


def scratch(node: Node) -> tempfile.TemporaryDirectory[str]:
    """A folder of one's own to make files in, gone with the block that uses it."""
    node.settings.scratch_dir.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=node.settings.scratch_dir, ignore_cleanup_errors=True)


async def store(node: Node, folder: Path, files: Sequence[MediaFile]) -> None:
    """Store files that lie in a folder, all or none; they are loose until they are kept."""
    await store_as(node, {file.name: (folder / file.name, file.content_type) for file in files})


async def store_as(node: Node, named: dict[str, tuple[Path, str]]) -> None:
    """Store files under generated names, each from a path and with a content type; likewise."""
    await node.write(loose_files.hold, list(named), node.now())
    try:
        await asyncio.to_thread(_put_all, node.storage, named)
    except BaseException:
        await drop(node, list(named))
        raise


def require_room(conn: Connection, node: Node, account_id: AccountId, size_bytes: int) -> None:
    """Raise ``Invalid`` where files of an account would take more than it has; whoever keeps them holds it first."""
    most = node.settings.media_quota_bytes
    if most and media.sum_bytes(conn, account_id) + size_bytes > most:
        raise Invalid(f"Validation failed: Your files would take more than the {most} bytes that each account has")


def keep(conn: Connection, names: Collection[str]) -> None:
    """Rows refer to these files from this transaction on."""
    loose_files.settle(conn, names)


def let_go(conn: Connection, node: Node, names: Collection[str]) -> None:
    """Nothing refers to these files after this transaction; the caller drops them then."""
    loose_files.hold(conn, names, node.now())


async def drop(node: Node, names: Collection[str]) -> None:
    """Delete files that nothing refers to."""
    if names:
        await asyncio.to_thread(_delete_all, node.storage, sorted(names))
        await node.write(loose_files.settle, names)


async def sweep(node: Node) -> int:
    """Delete what those left behind that were ended in the middle; how many files that were."""
    before = node.now() - LOOSE_AGE
    count = await asyncio.to_thread(_empty, node.settings.scratch_dir, before)
    count += await asyncio.to_thread(node.storage.sweep, before)
    while found := await node.read(loose_files.list_before, before, _CHUNK):
        await drop(node, found)
        count += len(found)
    return count


def _put_all(storage: Storage, named: dict[str, tuple[Path, str]]) -> None:
    for name, (path, content_type) in named.items():
        storage.put(path, name, content_type)


def _delete_all(storage: Storage, names: Sequence[str]) -> None:
    for name in names:
        storage.delete(name)


def _empty(folder: Path, before: datetime) -> int:
    stale = [one for one in folder.glob("*") if one.stat().st_mtime < before.timestamp()]
    for one in stale:
        if one.is_dir():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)
    return len(stale)
