"""Files over the client API: taken in, described, served, and nobody else's."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fedorg.media import ProcessedMedia, inspect_and_process
from fedorg.node import DECODERS_MAX
from fedorg.services import media, pictures
from fedorg.store import media as stored_media
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, entity, picture, post, refusal, success, upload


async def send(owner: Member, data: bytes, name: str = "picture.png", path: str = "/api/v2/media") -> int:
    answer = await owner.api.post(path, files={"file": (name, data)})
    if not answer.is_success:
        refusal(answer, answer.status_code)
    return answer.status_code


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_file_is_kept_described_and_deleted(working: WorkingServer, version: str) -> None:
    """The answer to an upload is the finished entity; description and focus change until a status shows the file."""
    anna = await working.person("anna")
    sent = {"file": ("a name of no meaning.exe", picture())}
    made = entity(await anna.api.post(f"/api/{version}/media", files=sent, data={"focus": "0,0.5"}), "MediaAttachment")
    assert (made["type"], made["meta"]["original"]["size"], made["meta"]["focus"]["y"]) == ("image", "64x48", 0.5)
    path = f"/api/v1/media/{made['id']}"

    changed = entity(await anna.api.put(path, data={"description": "Red", "focus": "-1,1"}), "MediaAttachment")

    assert (changed["description"], changed["meta"]["focus"]) == ("Red", {"x": -1.0, "y": 1.0})
    assert entity(await anna.api.get(path), "MediaAttachment") == changed
    assert success(await anna.api.delete(path)) == {}
    assert refusal(await anna.api.get(path), 404) == "Record not found"
    assert (await anna.api.get(made["url"])).status_code == 404


async def test_s26_few_pictures_are_made_at_a_time(working: WorkingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """S26: one of 33 megapixels takes 400 megabytes, and a hundred kilobytes to send; also of those who hang up."""
    anna = await working.person("anna")
    lock, now, most = threading.Lock(), 0, 0

    def slowly(*given: Any) -> ProcessedMedia:  # noqa: ANN401 - as the original takes them
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.1)
        try:
            return inspect_and_process(*given)
        finally:
            with lock:
                now -= 1

    monkeypatch.setattr(media, "inspect_and_process", slowly)
    monkeypatch.setattr(pictures, "inspect_and_process", slowly)
    impatient = [asyncio.create_task(send(anna, picture())) for _ in range(6)]
    await asyncio.sleep(0.05)
    for one in impatient:
        one.cancel()
    await asyncio.gather(*impatient, return_exceptions=True)
    avatars = [
        anna.api.patch("/api/v1/accounts/update_credentials", files={"avatar": ("a.png", picture())}) for _ in range(3)
    ]
    sent = await asyncio.gather(*(send(anna, picture()) for _ in range(3)), *avatars)

    assert sent[:3] == [200] * 3
    assert most <= DECODERS_MAX


async def test_a_file_belongs_to_who_sent_it(working: WorkingServer) -> None:
    """S45: somebody else can neither read, change, delete nor attach it; attached, it is changed by its status only."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await upload(anna)
    path = f"/api/v1/media/{made['id']}"

    assert refusal(await bert.api.get(path), 404) == "Record not found"
    assert refusal(await bert.api.put(path, data={"description": "Mine"}), 404) == "Record not found"
    assert refusal(await bert.api.delete(path), 404) == "Record not found"
    assert refusal(await bert.api.post("/api/v1/statuses", json={"status": "x", "media_ids": [made["id"]]}), 422)
    await post(anna, "x", media_ids=[made["id"]])
    for answer in (await anna.api.get(path), await anna.api.put(path, data={}), await bert.api.delete(path)):
        assert refusal(answer, 404) == "Record not found"
    assert refusal(await anna.api.delete(path), 422) == "Media attachment is currently used by a status"


async def test_what_is_no_picture_is_refused(working: WorkingServer) -> None:
    """Nothing, text, a page and half a picture are 422; so are a bad focus and a long description."""
    anna = await working.person("anna")

    assert refusal(await anna.api.post("/api/v2/media", data={"description": "x"}), 422)
    for data in (b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture()[:80]):
        assert await send(anna, data) == 422
    for fields in ({"focus": "2,0"}, {"focus": "here"}, {"description": "x" * 1501}):
        answer = await anna.api.post("/api/v2/media", files={"file": ("a.png", picture())}, data=fields)
        assert refusal(answer, 422)


async def test_stored_files_are_served_and_do_nothing(working: WorkingServer) -> None:
    """S3: a fixed type, no guessing, a sandbox; cached for long, in ranges if asked; no other name leads anywhere."""
    anna = await working.person("anna")
    made = await upload(anna)
    visitor = working.server.anonymous

    whole = await visitor.get(made["url"])

    assert whole.status_code == 200
    assert whole.headers["Content-Type"] == "image/png"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in whole.headers["Content-Security-Policy"]
    assert "immutable" in whole.headers["Cache-Control"]
    part = await visitor.get(made["url"], headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content) == (206, whole.content[2:6])
    assert part.headers["Content-Range"] == f"bytes 2-5/{len(whole.content)}"
    tail = await visitor.get(made["url"], headers={"Range": "bytes=-3"})
    assert tail.content == whole.content[-3:]
    assert (await visitor.get(made["url"], headers={"Range": "bytes=999999-"})).status_code == 416
    same = await visitor.get(made["url"], headers={"If-None-Match": whole.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    head = await visitor.head(made["url"])
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(whole.content)))
    for name in ("0" * 32 + ".png", "..%2f..%2fnode.db", "x.png", "0" * 32 + ".exe"):
        assert (await visitor.get(f"/media/{name}")).status_code == 404, name
    # Whoever holds a copy, such as a proxy in front, is told as well that it is gone.
    assert (await anna.api.delete(f"/api/v1/media/{made['id']}")).status_code == 200
    for headers in ({}, {"If-None-Match": whole.headers["ETag"]}):
        assert (await visitor.get(made["url"], headers=headers)).status_code == 404


async def test_files_sent_at_once_do_not_take_more_than_an_account_has(
    serve: Callable[..., Awaitable[NodeServer]],
) -> None:
    """However many come at one moment, those that still fit are kept and the others refused."""
    node_server = await serve(media_quota_bytes=2000)
    anna = await node_server.person("anna")
    colours = ("red", "green", "blue", "yellow", "black", "white", "brown", "pink", "grey", "orange")

    answers = await asyncio.gather(
        *(anna.api.post("/api/v2/media", files={"file": ("a.png", picture(colour))}) for colour in colours)
    )

    kept = [answer for answer in answers if answer.status_code == 200]
    assert 0 < len(kept) < len(colours)
    assert all("than the 2000 bytes" in refusal(answer, 422) for answer in answers if answer not in kept)
    assert await node_server.node.read(stored_media.sum_bytes, anna.user.account_id) <= 2000
