"""Files whose maker was killed between storing them and writing the row, or between deleting the row and them."""

import os
from datetime import timedelta
from pathlib import Path

from fedorg.ids import MediaId
from fedorg.jobs import upkeep
from fedorg.media import MediaFile, generate_name
from fedorg.services import files, films
from tests.node.recordings import film
from tests.node.serving import NodeServer
from tests.node.talking import picture, success, upload


async def test_what_a_killed_process_left_is_swept_and_nothing_else(node_server: NodeServer, tmp_path: Path) -> None:
    """A day later: stored and never referred to, or referred to no more; what the dead made, not the living."""
    node, anna = node_server.node, await node_server.person("anna")
    kept, gone = await upload(anna), await upload(anna)
    success(await anna.api.post("/api/v1/statuses", json={"status": "x", "media_ids": [kept["id"]]}))
    avatar = await anna.api.patch("/api/v1/accounts/update_credentials", files={"avatar": ("a", picture())})
    shown = {one.rpartition("/")[2] for one in (kept["url"], kept["preview_url"], success(avatar)["avatar"])}
    waiting = (await anna.api.post("/api/v2/media", files={"file": ("a", film())})).json()
    name = generate_name("image/png")
    (tmp_path / name).write_bytes(picture())
    orphan = MediaFile(name=name, content_type="image/png", size_bytes=1, width=1, height=1)
    await files.store(node, tmp_path, [orphan])
    await node.write(films.forget, node, anna.user.account_id, MediaId(int(gone["id"])))
    assert len(stored(node_server)) == 3 + 2 + 1 + 1
    dead, living = node.settings.scratch_dir / "dead", node.settings.scratch_dir / "living"
    for folder in (dead, living):
        folder.mkdir(parents=True)
        (folder / "received").touch()

    # Of a restore that was killed, and in the middle of storing a file.
    half, begun, going = dead.with_name("half"), incoming(node_server) / "begun", incoming(node_server) / "going"
    for file in (half, begun, going):
        file.touch()

    node_server.clock.advance(timedelta(hours=23))
    moment = node_server.clock().timestamp()
    for one in (dead, half, begun):
        os.utime(one, (moment - 2 * 86_400, moment - 2 * 86_400))
    for one in (living, going):
        os.utime(one, (moment, moment))
    await upkeep.keep_up(node)
    assert list(incoming(node_server).iterdir()) == [going]
    going.unlink()
    assert len(stored(node_server)) == 3 + 2 + 1 + 1
    assert list(node.settings.scratch_dir.iterdir()) == [living]
    assert waiting["id"]
    node_server.clock.advance(timedelta(hours=2))
    await upkeep.keep_up(node)

    assert stored(node_server) == shown


def incoming(server: NodeServer) -> Path:
    return server.node.settings.media_dir / "incoming"


def stored(server: NodeServer) -> set[str]:
    return {path.name for path in server.node.settings.media_dir.rglob("*") if path.is_file()}
