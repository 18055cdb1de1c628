"""Films and sounds over the client API: answered at once, made anew by a job, posted when they are ready."""

import asyncio
import os
import re
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fedorg.domain.jobs import ProcessMedia
from fedorg.errors import Unavailable
from fedorg.ids import JobId, MediaId
from fedorg.jobs.run import run
from fedorg.media import films
from fedorg.node import INSPECTIONS_MAX
from tests.contract import assert_valid
from tests.fediverse.nodes import children_of
from tests.node.recordings import film, moving_gif, sound, with_cover
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, entity, picture, post, refusal, success, upload

NOT_READY = "Cannot attach files that have not finished processing. Try again in a moment!"
NOT_ALONE = "Cannot attach a video to a post that already contains images"


async def send(owner: Member, data: bytes, path: str = "/api/v2/media", **fields: str) -> Any:  # noqa: ANN401 - JSON
    answer = await owner.api.post(path, files={"file": ("upload", data)}, data=fields)
    made = answer.json()
    assert_valid(made, "MediaAttachment")
    assert answer.status_code == (202 if made["url"] is None else 200)
    return made


async def ready(working: WorkingServer, owner: Member, data: bytes, **fields: str) -> Any:  # noqa: ANN401 - JSON
    sent = await send(owner, data, **fields)
    assert sent["url"] is None
    await working.settle()
    answer = await owner.api.get(f"/api/v1/media/{sent['id']}")
    assert answer.status_code == 200
    return entity(answer, "MediaAttachment")


async def test_a_film_is_answered_at_once_and_made_by_a_job(node_server: NodeServer) -> None:
    """202 without an address, 206 until it is made, 200 then; described meanwhile; run twice, it is made once."""
    anna = await node_server.person("anna")
    sent = await send(anna, film(), description="A film")
    path = f"/api/v1/media/{sent['id']}"
    assert (sent["type"], sent["preview_url"], sent["description"]) == ("video", None, "A film")
    assert (await anna.api.get(path)).status_code == 206
    assert refusal(await anna.api.post("/api/v1/statuses", json={"status": "x", "media_ids": [sent["id"]]}), 422) == (
        NOT_READY
    )
    later = (node_server.clock() + timedelta(hours=1)).isoformat()
    scheduled = {"status": "x", "media_ids": [sent["id"]], "scheduled_at": later}
    assert refusal(await anna.api.post("/api/v1/statuses", json=scheduled), 422) == NOT_READY
    changed = await anna.api.put(path, data={"description": "A better film", "focus": "0,1"})
    assert (changed.status_code, changed.json()["description"]) == (206, "A better film")

    job = ProcessMedia(media_id=MediaId(int(sent["id"])))
    await run(node_server.node, job, JobId(1))
    made = entity(await anna.api.get(path), "MediaAttachment")
    await run(node_server.node, job, JobId(1))

    assert success(await anna.api.get(path)) == made
    assert made["description"] == "A better film"
    meta = made["meta"]
    assert meta["focus"] == {"x": 0.0, "y": 1.0}
    assert (meta["size"], meta["fps"], meta["length"], meta["audio_encode"]) == ("64x48", 10, "0:00:00.60", "aac")
    assert (meta["original"]["frame_rate"], meta["original"]["width"]) == ("10/1", 64)
    assert meta["small"]["size"] == "64x48"
    plays = await node_server.anonymous.get(made["url"], headers={"Range": "bytes=4-7"})
    assert (plays.status_code, plays.content, plays.headers["Content-Type"]) == (206, b"ftyp", "video/mp4")
    assert (await node_server.anonymous.get(made["preview_url"])).headers["Content-Type"] == "image/jpeg"
    status = await post(anna, "x", media_ids=[made["id"]])
    assert status["media_attachments"][0]["url"] == made["url"]


async def test_moving_pictures_and_sounds_are_made_too(working: WorkingServer) -> None:
    """A GIF that moves becomes a gifv, a sound an audio, both by the worker that runs every job."""
    anna = await working.person("anna")

    moving = await ready(working, anna, moving_gif())
    heard = await ready(working, anna, sound("wav", "pcm_s16le"))

    assert (moving["type"], moving["meta"]["original"]["frame_rate"]) == ("gifv", "10/1")
    assert moving["url"].endswith(".mp4")
    assert moving["blurhash"]
    assert (heard["type"], heard["preview_url"], heard["blurhash"]) == ("audio", None, None)
    assert heard["meta"]["audio_channels"] == "mono"


async def test_a_film_stands_alone(working: WorkingServer) -> None:
    """Neither a picture nor another film goes beside a film; a moving picture goes beside pictures."""
    anna = await working.person("anna")
    moving, seen, heard = [
        (await ready(working, anna, data))["id"] for data in (moving_gif(), film(), sound("mp3", "libmp3lame"))
    ]
    still = (await upload(anna))["id"]

    for ids in ([seen, still], [still, heard], [seen, heard], [moving, seen]):
        assert refusal(await anna.api.post("/api/v1/statuses", json={"media_ids": ids}), 422) == NOT_ALONE
    status = await post(anna, "x", media_ids=[moving, still])
    assert [one["type"] for one in status["media_attachments"]] == ["gifv", "image"]
    edit = {"status": "x", "media_ids": [moving, seen]}
    assert refusal(await anna.api.put(f"/api/v1/statuses/{status['id']}", json=edit), 422) == NOT_ALONE


async def test_older_clients_get_the_film_when_it_is_made(working: WorkingServer) -> None:
    """The first version of the address answers with the finished film, or says that nothing can be made of it."""
    anna = await working.person("anna")

    made = await send(anna, film(), "/api/v1/media")

    assert made["url"].endswith(".mp4")


async def test_a_film_is_shown_by_a_picture_of_its_owners_choice(node_server: NodeServer) -> None:
    """Sent with the film, while it waits or afterwards; the picture before goes; what is no picture is refused."""
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    files = {"file": ("a.mp4", film()), "thumbnail": ("a.png", picture("blue", (40, 20)))}
    sent = (await anna.api.post("/api/v2/media", files=files)).json()
    path = f"/api/v1/media/{sent['id']}"
    assert (sent["url"], sent["meta"]["small"]["size"]) == (None, "40x20")

    await run(node_server.node, ProcessMedia(media_id=MediaId(int(sent["id"]))), JobId(1))

    made = success(await anna.api.get(path))
    assert (made["preview_url"], made["blurhash"]) == (sent["preview_url"], sent["blurhash"])
    assert len(stored_files(node_server)) == 2
    changed = success(await anna.api.put(path, files={"thumbnail": ("b.png", picture("green", (20, 40)))}))
    assert (changed["meta"]["small"]["size"], changed["url"]) == ("20x40", made["url"])
    assert (await node_server.anonymous.get(made["preview_url"])).status_code == 404
    assert (await node_server.anonymous.get(changed["preview_url"])).status_code == 200
    other = {"thumbnail": ("c.png", picture())}
    assert refusal(await bert.api.put(path, files=other), 404) == "Record not found"
    for data in (film(), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b""):
        assert refusal(await anna.api.put(path, files={"thumbnail": ("d.png", data)}), 422)
    refused = await anna.api.post("/api/v2/media", files={"file": ("a.png", picture()), "thumbnail": ("b", b"no")})
    assert refusal(refused, 422)
    assert len(stored_files(node_server)) == 2


async def test_a_sound_is_shown_with_its_cover(working: WorkingServer) -> None:
    """The picture within it, or one of its owner's choice, in the API and beside a player on the page of the status."""
    anna = await working.person("anna")
    song = with_cover(sound("mp3", "libmp3lame"), picture("blue", (80, 80)))
    covered = await ready(working, anna, song, description="A <song>")
    assert (covered["type"], covered["meta"]["small"]["size"]) == ("audio", "80x80")
    assert covered["blurhash"]
    served = await working.server.anonymous.get(covered["preview_url"])
    assert served.headers["Content-Type"] == "image/jpeg"
    assert (await working.server.anonymous.get(covered["url"])).headers["Content-Type"] == "audio/mpeg"
    files = {"file": ("a.mp3", song), "thumbnail": ("a.png", picture("green", (50, 40)))}
    sent = (await anna.api.post("/api/v2/media", files=files)).json()
    await working.settle()
    chosen = success(await anna.api.get(f"/api/v1/media/{sent['id']}"))
    assert (chosen["type"], chosen["meta"]["small"]["size"]) == ("audio", "50x40")
    assert (await working.server.anonymous.get(chosen["preview_url"])).headers["Content-Type"] == "image/png"
    for other in (film(), moving_gif()):
        await post(anna, "x", media_ids=[(await ready(working, anna, other))["id"]])

    status = await post(anna, "Listen", media_ids=[covered["id"]])

    (attached,) = status["media_attachments"]
    assert attached["preview_url"] == covered["preview_url"]
    page = (await working.server.anonymous.get(status["url"], headers={"Accept": "text/html"})).text
    assert re.search(rf'<audio controls [^>]*src="{covered["url"]}"[^>]*aria-label="A &lt;song&gt;"', page)
    assert f'<img src="{covered["preview_url"]}"' in page
    profile = (await working.server.anonymous.get("/@anna", headers={"Accept": "text/html"})).text
    assert re.findall(r"<(audio|video) controls( muted loop)?", profile) == [
        ("audio", ""),
        ("video", " muted loop"),
        ("video", ""),
    ]
    assert not re.search(r'<img src="[^"]*\.(mp3|mp4)"', profile)


async def test_however_many_films_come_few_are_looked_into_at_once(node_server: NodeServer) -> None:
    """Each has a process of its own, and memory and processors of the machine are for more than these."""
    anna = await node_server.person("anna")
    whole = film()
    sending = asyncio.gather(*(send(anna, whole) for _ in range(6)))
    most = 0
    while not sending.done():
        most = max(most, len(_children()))
        await asyncio.sleep(0.01)

    assert len({sent["id"] for sent in await sending}) == 6
    assert 0 < most <= INSPECTIONS_MAX


async def test_a_film_that_cannot_be_made_says_so(node_server: NodeServer) -> None:
    """Its owner is told with 422 and can delete it; it cannot be posted; no byte of it stays."""
    anna = await node_server.person("anna")
    whole = film("matroska", "mpeg4", None, frames=40)
    sent = await send(anna, whole)
    path = f"/api/v1/media/{sent['id']}"
    for stored in stored_files(node_server):
        stored.write_bytes(b"OggS")

    await run(node_server.node, ProcessMedia(media_id=MediaId(int(sent["id"]))), JobId(1))

    assert "could not be processed" in refusal(await anna.api.get(path), 422)
    assert refusal(await anna.api.post("/api/v1/statuses", json={"media_ids": [sent["id"]]}), 422) == NOT_READY
    assert not stored_files(node_server)
    assert success(await anna.api.delete(path)) == {}


async def test_a_film_whose_making_is_ended_from_outside_is_made_later(node_server: NodeServer) -> None:
    """Whoever stops a node in the middle loses nothing: the upload stays, and the job makes it at the next try."""
    anna = await node_server.person("anna")
    sent = await send(anna, film("matroska", "mpeg4", None, frames=60))
    job = ProcessMedia(media_id=MediaId(int(sent["id"])))

    making = asyncio.create_task(run(node_server.node, job, JobId(1)))
    while not (children := _children()):  # noqa: ASYNC110 - another process sets no event
        await asyncio.sleep(0.01)
    os.kill(children[0], signal.SIGTERM)

    with pytest.raises(Unavailable):
        await making
    assert (await anna.api.get(f"/api/v1/media/{sent['id']}")).status_code == 206
    await run(node_server.node, job, JobId(1))
    assert success(await anna.api.get(f"/api/v1/media/{sent['id']}"))["url"].endswith(".mp4")


async def test_limits_are_told_and_kept(serve: Callable[..., Awaitable[NodeServer]]) -> None:
    """What clients are told is what is kept: sizes by kind, and the quota of the account."""
    node = await serve(media_bytes_max=900, video_bytes_max=16_000, media_quota_bytes=7000)
    anna = await node.person("anna")
    told = success(await node.anonymous.get("/api/v2/instance"))["configuration"]["media_attachments"]
    assert (told["video_size_limit"], told["image_size_limit"]) == (16_000, 900)
    assert {"video/mp4", "audio/mpeg", "image/gif"} <= set(told["supported_mime_types"])

    refused = await anna.api.post("/api/v2/media", files={"file": ("a.gif", moving_gif((200, 150)))})
    assert "File must be less than 900 bytes" in refusal(refused, 413)
    refused = await anna.api.post("/api/v2/media", files={"file": ("a.wav", sound("wav", "pcm_s16le"))})
    assert "16000 bytes" in refusal(refused, 413)
    await send(anna, film())
    await send(anna, film())
    for path in ("/api/v1/media", "/api/v2/media"):
        refused = await anna.api.post(path, files={"file": ("a.mp4", film())})
        assert "more than the 7000 bytes" in refusal(refused, 422)


async def test_a_film_that_is_deleted_while_it_waits_leaves_nothing(node_server: NodeServer) -> None:
    """The upload goes at once, and a job that comes later makes nothing."""
    anna = await node_server.person("anna")
    sent = await send(anna, film())
    assert len(stored_files(node_server)) == 1
    for stored in stored_files(node_server):
        assert (await node_server.anonymous.get(f"/media/{stored.name}")).status_code == 404

    assert success(await anna.api.delete(f"/api/v1/media/{sent['id']}")) == {}
    await run(node_server.node, ProcessMedia(media_id=MediaId(int(sent["id"]))), JobId(1))

    assert not stored_files(node_server)


@pytest.mark.parametrize("data", [film()[:300], b"OggS" + bytes(400), b"ID3" + bytes(99)], ids=["mp4", "ogg", "mp3"])
async def test_what_only_begins_like_a_film_is_refused_at_once(node_server: NodeServer, data: bytes) -> None:
    """422 in Mastodon's words, and nothing is kept."""
    anna = await node_server.person("anna")

    answer = await anna.api.post("/api/v2/media", files={"file": ("film.mp4", data)})

    assert refusal(answer, 422) == "File type of uploaded media could not be verified"
    assert not stored_files(node_server)


def _children() -> list[int]:
    """The processes that look into films now, of all that this one has started."""
    return children_of(os.getpid(), films.__name__)


def stored_files(node_server: NodeServer) -> list[Path]:
    return [path for path in node_server.node.settings.media_dir.rglob("*") if path.is_file()]
