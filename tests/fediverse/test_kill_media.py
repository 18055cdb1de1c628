"""A node may be killed while it makes a file: what it took in is made afterwards, and nothing is left lying about."""

import asyncio
import contextlib
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fediverse import ledger
from tests.fediverse.nodes import Member, RunningNode, settle, wait_for
from tests.node.recordings import film
from tests.node.talking import picture

DAYS_AGO = time.time() - 2 * 86_400


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[RunningNode]:
    """A node on its embedded database."""
    running = RunningNode(name="aster", folder=tmp_path / "aster")
    try:
        yield running
    finally:
        await running.close()


@pytest.mark.long
async def test_files_outlive_the_node_that_was_making_them(node: RunningNode) -> None:
    """The maker of a film ends with its node, and the next one makes it; what the dead one left is swept.

    Of a picture whose sender got no answer nothing stays.
    """
    await node.start()
    await node.create("alice")
    async with node.member("alice") as alice:
        sent = await upload(alice, film("matroska", "mpeg4", size=(640, 480), frames=300))
        assert sent.status_code == httpx.codes.ACCEPTED
        maker = await wait_for(lambda: maker_of(node), "a film to be made")
        cut_off = asyncio.create_task(upload(alice, picture(size=(3000, 2000))))
        await wait_for(lambda: is_at_work(node), "a picture to be made")
        await node.kill()
        with contextlib.suppress(httpx.TransportError):
            assert not (await cut_off).is_success
        await wait_for(lambda: is_gone(maker), "the maker to end")
        assert list((node.folder / "scratch").iterdir())

        grow_old(node)
        await node.start()
        await settle(node)
        made = await alice.get(f"/api/v1/media/{sent.json()['id']}")
        played = await alice.http.get(made["url"], headers={"Range": "bytes=4-7"})

        assert played.content == b"ftyp"
        shown = {made[name].rpartition("/")[2] for name in ("url", "preview_url")}
        await wait_for(lambda: is_swept(node, shown), "what was left to be swept")
    await node.stop()
    assert ledger.faults(node) == {}


async def upload(owner: Member, data: bytes) -> httpx.Response:
    return await owner.http.post("/api/v2/media", files={"file": ("upload", data)})


async def maker_of(node: RunningNode) -> int | None:
    """The process that makes a film for a node, once it has begun to write."""
    return _maker_of(node)


def _maker_of(node: RunningNode) -> int | None:
    assert node.process is not None
    listed = Path(f"/proc/{node.process.pid}/task")
    children = [one for task in listed.iterdir() for one in (task / "children").read_text().split()]
    is_writing = any(made.stat().st_size for made in (node.folder / "scratch").glob("*/made/*"))
    return int(children[0]) if children and is_writing else None


async def is_gone(process: int) -> bool | None:
    return _is_gone(process) or None


def _is_gone(process: int) -> bool:
    try:
        # One that ended and that nobody asked about yet is as good as gone.
        return "(zombie)" in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return True


async def is_at_work(node: RunningNode) -> bool | None:
    return len(list((node.folder / "scratch").glob("*/received"))) > 1 or None


def grow_old(node: RunningNode) -> None:
    """Two days pass for what lies in a stopped node; what it put off is due."""
    ledger.let_time_pass(node)
    with contextlib.closing(sqlite3.connect(node.folder / "fedorg.db")) as conn, conn:
        conn.execute("UPDATE loose_files SET since = ?", (int(DAYS_AGO * 1000),))
    for one in (node.folder / "scratch").iterdir():
        os.utime(one, (DAYS_AGO, DAYS_AGO))


async def is_swept(node: RunningNode, shown: set[str]) -> Any:  # noqa: ANN401 - what is waited for
    stored = {one.name for one in (node.folder / "media").rglob("*") if one.is_file()}
    assert shown <= stored
    return (stored == shown and not list((node.folder / "scratch").iterdir())) or None
