"""A node is backed up while it runs, lost, and put back on another engine, while the others go on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.databases import PostgresqlServer
from tests.fediverse.nodes import Member, RunningNode
from tests.node.talking import picture

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def nodes(tmp_path: Path) -> AsyncIterator[tuple[RunningNode, RunningNode]]:
    """Two nodes, with a person on each."""
    lost = RunningNode(name="Engineering", folder=tmp_path / "lost")
    other = RunningNode(name="Sales", folder=tmp_path / "other")
    try:
        await lost.create("alice")
        await other.create("bella")
        await lost.start()
        await other.start()
        yield lost, other
    finally:
        await lost.close()
        await other.close()


async def test_a_lost_node_comes_back_from_its_backup_and_hears_what_it_missed(
    nodes: tuple[RunningNode, RunningNode], tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    """Its people are signed in as before, follows hold, files are there, and nothing sent meanwhile is missing."""
    lost, other = nodes
    archive = tmp_path / "backup.tar"
    async with lost.member("alice") as alice, other.member("bella") as bella:
        await alice.follow(bella)
        await bella.follow(alice)
        shown = await alice.http.post("/api/v2/media", files={"file": ("a.png", picture(), "image/png")})
        kept = await alice.post("/api/v1/statuses", {"status": "Before", "media_ids[]": shown.json()["id"]})
        await bella.home_status("Before")

        await lost.command("backup", str(archive))
        assert archive.stat().st_mode & 0o777 == 0o600
        await lost.kill()
        await bella.post("/api/v1/statuses", {"status": "While you were away"})
        back = await restored(lost, archive, tmp_path, postgresql_server)
        try:
            await back.start()
            await other.command("peer", "retry", back.domain)
            await alice.home_status("While you were away")
            (file,) = (await alice.get(f"/api/v1/statuses/{kept['id']}"))["media_attachments"]
            assert (await alice.http.get(file["url"])).content.startswith(b"\x89PNG")
            await alice.post("/api/v1/statuses", {"status": "I am back"})
            await bella.home_status("I am back")
            assert await followers(alice) == [bella.handle.removeprefix("@")]
        finally:
            await back.stop()


async def restored(
    lost: RunningNode, archive: Path, tmp_path: Path, postgresql_server: PostgresqlServer
) -> RunningNode:
    """The same node at the same address, on an empty machine with a database of the other kind."""
    name = postgresql_server.create_empty()  # dropped with the server's other databases when a later run begins
    back = RunningNode(
        name="Engineering", folder=tmp_path / "new" / "machine", database_url=postgresql_server.url(name)
    )
    back.listener.close()
    back.listener, back.port = lost.listener, lost.port
    told = await back.run("restore", str(archive))
    assert told.code == 0, told.complaint
    assert "is back as it was" in told.complaint
    again = await back.run("restore", str(archive))
    assert (again.code, "not empty" in again.complaint) == (1, True)
    return back


async def followers(member: Member) -> list[Any]:
    """Who follows somebody."""
    own = await member.get("/api/v1/accounts/verify_credentials")
    listed = await member.get(f"/api/v1/accounts/{own['id']}/followers")
    return [account["acct"] for account in listed]
