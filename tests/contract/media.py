"""Media. Spec: Mastodon API, methods/media."""

from typing import Any, Final

from tests.contract import document
from tests.contract.checks import Operation, Section, ids, shows
from tests.contract.people import Person
from tests.contract.scene import Scene
from tests.node.recordings import film, moving_gif, sound
from tests.node.talking import picture

section: Final = Section("media")


def _file(content: bytes = b"", kind: str = "image/png") -> dict[str, Any]:
    return {"file": ("picture.png", content or picture(size=(640, 480)), kind)}


async def _upload(op: Operation, owner: Person) -> Any:  # noqa: ANN401 - JSON
    media = await op.call(owner, files=_file(), data={"description": "A red wall", "focus": "-0.42,0.69"})
    shows(media, type="image", description="A red wall", remote_url=None)
    shows(media["meta"]["original"], width=640, height=480)
    shows(media["meta"]["focus"], x=-0.42, y=0.69)
    assert media["blurhash"], media
    shown = await owner.status("", media_ids=[media["id"]])
    assert ids(shown["media_attachments"]) == [media["id"]]
    seen = await owner.http.get(media["url"])
    assert seen.headers["Content-Type"].startswith("image/"), seen.headers
    assert (await owner.http.get(media["preview_url"])).is_success
    return media


async def _refused(op: Operation, owner: Person) -> None:
    await op.refuse(422, owner, "Validation failed")
    await op.refuse(422, owner, files=_file(b"not a picture at all", "text/plain"))
    await op.refuse(422, owner, files=_file(), data={"description": "x" * 20_000})


@section("POST /api/v2/media", "write:media")
async def upload(op: Operation, scene: Scene) -> None:
    """A picture with what it shows, ready for a status."""
    await _upload(op, scene.alice)
    await _refused(op, scene.alice)
    for content, kind in ((film(), "video"), (moving_gif(), "gifv"), (sound("mp3", "libmp3lame"), "audio")):
        await _recording(op, scene, content, kind)


async def _recording(op: Operation, scene: Scene, content: bytes, kind: str) -> None:
    """A film or a sound: 202, then 206 until it is ready."""
    sent = await op.send(scene.alice, files={"file": ("recording", content, "application/octet-stream")})
    assert sent.status_code in {200, 202}, f"{kind}: {sent.status_code} {sent.text[:200]}"
    for fault in document.answer_faults(op.row.operation, sent.status_code, sent.json()):
        op.note(f"{kind}: {fault}")

    async def look() -> Any:  # noqa: ANN401 - JSON
        answer = await scene.alice.http.get(f"/api/v1/media/{sent.json()['id']}")
        assert answer.status_code in {200, 206}, answer.text
        return answer.json() if answer.status_code == 200 else None

    made = await scene.until(look, f"a recording to become {kind}", 60)
    assert document.entity_faults(made, "MediaAttachment") == [], made
    shows(made, type=kind)
    assert made["meta"]["original"]["duration"] > 0, made["meta"]
    if kind != "audio":
        assert made["meta"]["original"]["frame_rate"], made["meta"]
        assert made["preview_url"], made


@section("POST /api/v1/media", "write:media")
async def upload_at_once(op: Operation, scene: Scene) -> None:
    """The same for older clients."""
    await _upload(op, scene.alice)
    await _refused(op, scene.alice)


@section("GET /api/v1/media/{id}", "write:media")
async def one(op: Operation, scene: Scene) -> None:
    """One's own, as long as no status shows it."""
    media = await scene.alice.upload(description="Before")
    shows(await op.call(scene.alice, id=media["id"]), id=media["id"], description="Before")
    await op.refuse(404, scene.bob, "Record not found", id=media["id"])
    shown = await scene.alice.upload()
    await scene.alice.status("Shown", media_ids=[shown["id"]])
    await op.refuse(404, scene.alice, "Record not found", id=shown["id"])


@section("PUT /api/v1/media/{id}", "write:media")
async def describe(op: Operation, scene: Scene) -> None:
    """What it shows, where its middle is, and a preview of one's own."""
    media = await scene.alice.upload()
    told = await op.call(scene.alice, id=media["id"], json={"description": "A wall", "focus": "0.1,0.2"})
    shows(told, id=media["id"], description="A wall")
    shows(told["meta"]["focus"], x=0.1, y=0.2)
    preview = {"thumbnail": ("preview.png", picture("blue"), "image/png")}
    told = await op.call(scene.alice, id=media["id"], files=preview)
    shows(told, description="A wall")
    shows(await scene.alice.get(f"/api/v1/media/{media['id']}"), description="A wall", preview_url=told["preview_url"])
    await op.refuse(404, scene.bob, "Record not found", id=media["id"], json={"description": "Theirs"})
    await op.refuse(422, scene.alice, id=media["id"], json={"description": "x" * 20_000})


@section("DELETE /api/v1/media/{id}", "write:media")
async def delete(op: Operation, scene: Scene) -> None:
    """One that no status shows goes; one that is shown stays."""
    media = await scene.alice.upload()
    await op.refuse(404, scene.bob, "Record not found", id=media["id"])
    assert await op.call(scene.alice, id=media["id"]) == {}
    assert (await scene.alice.http.get(f"/api/v1/media/{media['id']}")).status_code == 404
    shown = await scene.alice.upload()
    await scene.alice.status("Shown", media_ids=[shown["id"]])
    await op.refuse(422, scene.alice, "Media attachment is currently used by a status", id=shown["id"])
