"""The disk is full, or what a process may write is used up: it is said clearly, and all goes on once there is room."""

import io
import json
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from PIL import Image
from sqlalchemy import create_engine, text

from tests.fediverse import ledger
from tests.fediverse.nodes import Member, RunningNode
from tests.fediverse.test_faults_database import two_people
from tests.fediverse.traffic import is_clear, traffic

DISK_BYTES = 24 * 1024 * 1024
ROOM_LEFT = (4096, 65_536, 400_000, 900_000, 1_200_000, 1_800_000, 2_500_000, 3_000_000, 3_800_000, 16_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Where a node lies, and how its room is taken and given back while it runs."""

    folder: Path
    fill: Callable[..., None]
    free: Callable[[RunningNode], None]
    refusal: int


@pytest.fixture(params=["tmpfs", "limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A small file system where one may be mounted; and a limit on the size of files, which everybody may set."""
    if request.param == "limit":
        yield Disk(folder=tmp_path / "aster", fill=forbid_writing, free=allow_writing, refusal=503)
        return
    mounted = tmp_path / "disk"
    mounted.mkdir()
    as_root = [] if os.getuid() == 0 else ["sudo", "-n"]
    options = f"size={DISK_BYTES},mode=777"
    try:
        command = [*as_root, "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(mounted)]
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"nobody may mount here, so that only the limit on files is tried: {problem}")
    yield Disk(folder=mounted / "aster", fill=fill_up, free=make_room, refusal=507)
    subprocess.run([*as_root, "umount", "--lazy", mounted], check=True)


async def test_a_full_disk_is_told_and_nothing_is_lost(disk: Disk) -> None:
    """People read on, who writes or uploads is told, the log ends nobody; with room it all goes on by itself."""
    node = RunningNode(name="aster", folder=disk.folder, settings={"TMPDIR": str(disk.folder)})
    async with two_people(node) as (alice, bob):
        shown = await upload(alice.http)
        assert shown.is_success, shown.text
        async with traffic(alice, bob) as going:
            disk.fill(node)
            full = time.monotonic()
            await going.refused(disk.refusal)
            for size in (64, 1024):
                refused = await upload(alice.http, size=size)
                assert is_clear(refused), f"{refused.status_code} {refused.text}"
            assert await going.answers_since(full, "GET") == {200}
            assert (await bob.http.get(shown.json()["url"])).is_success
            assert (await bob.http.get("/health")).is_success
            if disk.fill is fill_up:
                told = json.loads((await node.run("doctor", "--json")).output)
                assert {one["check"] for one in told if "Make room" in one["advice"]} == {"storage", "database"}
            disk.free(node)
            back = await going.goes_on()
        assert len(await try_uploads(disk, alice)) > 1
        assert (await upload(alice.http)).is_success
        going.tell(f"disk full ({disk.folder.parent.name})", back_after=f"{back:.2f} s")
        await going.nothing_is_lost()
        assert left_over(node) == set()


async def try_uploads(disk: Disk, member: Member) -> set[int]:
    """Wherever the room ends, an upload is kept or refused clearly; which statuses came."""
    statuses = set()
    for left in ROOM_LEFT:
        disk.fill(member.node, left)
        answer = await upload(member.http, size=1024)
        disk.free(member.node)
        assert answer.is_success or is_clear(answer), f"{left} bytes: {answer.status_code} {answer.text}"
        statuses.add(answer.status_code)
    return statuses


async def upload(http: httpx.AsyncClient, *, size: int = 64) -> httpx.Response:
    """Upload a picture that hardly compresses."""
    body = io.BytesIO()
    Image.effect_noise((size, size), 99).save(body, "PNG")
    return await http.post("/api/v2/media", files={"file": ("a.png", body.getvalue(), "image/png")})


def fill_up(node: RunningNode, left: int = 0) -> None:
    """Write until no more than so many bytes fit."""
    disk = node.folder.parent
    with suppress(OSError), (disk / "ballast").open("ab", buffering=0) as file:
        while shutil.disk_usage(disk).free > left:
            file.write(b"x" * 4096)


def make_room(node: RunningNode) -> None:
    """Take that away."""
    (node.folder.parent / "ballast").unlink()


def forbid_writing(node: RunningNode, left: int = 1) -> None:
    """From now on the node may change nothing of a file but its first bytes."""
    assert node.process is not None
    _, most = resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (left, most))


def allow_writing(node: RunningNode) -> None:
    """And now all of it."""
    assert node.process is not None
    _, most = resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (most, most))


def left_over(node: RunningNode) -> set[str]:
    """Files of a stopped node that no attachment names."""
    engine = create_engine(ledger.database_of(node))
    with engine.connect() as conn:
        rows = conn.execute(text("SELECT file, preview FROM media_attachments")).all()
    engine.dispose()
    named = {name for row in rows for name in row}
    kept = {"fedorg.db", "fedorg.db-shm", "fedorg.db-wal", "node.log", "process-0.lock"}
    return {path.name for path in node.folder.rglob("*") if path.is_file()} - named - kept
