"""Attacks by files, and by those who would use a node to look at something else for them."""

import asyncio
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
import pytest_asyncio
from PIL import Image

from fedorg import web
from tests.node.attacks.ground import Ground
from tests.node.attacks.raw import serving
from tests.node.fake_peer import FakePeer
from tests.node.talking import picture, success, upload

pytestmark = pytest.mark.asyncio(loop_scope="module")

_PART: Final = re.compile(r"<[^>]+>")
HTML: Final = b"<html><script>alert(1)</script>"
SVG: Final = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
ACTIVITY: Final = b'{"@context": "https://www.w3.org/ns/activitystreams", "type": "Person", "id": "https://x.example/"}'


def gif_with(tail: bytes) -> bytes:
    """A picture that is something else as well."""
    kept = io.BytesIO()
    Image.new("P", (8, 8)).save(kept, "GIF", comment=tail)
    return kept.getvalue() + tail


FILES: Final = {
    "a page": ("x.html", HTML, "text/html"),
    "a page called a picture": ("x.png", HTML, "image/png"),
    "a drawing that runs": ("x.svg", SVG, "image/svg+xml"),
    "a drawing called a picture": ("x.png", SVG, "image/png"),
    "a document": ("x.json", ACTIVITY, "application/activity+json"),
    "a document called a picture": ("x.png", ACTIVITY, "image/png"),
    "a program": ("x.png", b"\x7fELF" + bytes(200), "image/png"),
    "a script for the shell": ("x.png", b"#!/bin/sh\nid\n", "image/png"),
    "a picture of commands": ("x.mvg", b"push graphic-context\nfill 'url(https://x.example/|id)'\n", "image/png"),
    "PostScript": ("x.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(id) run\n", "image/png"),
    "a font": ("x.png", b"OTTO" + bytes(100), "image/png"),
    "a playlist of files": ("x.png", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "video/mp4"),
    "nothing": ("x.png", b"", "image/png"),
    "a truncated picture": ("x.png", picture()[:60], "image/png"),
}


@pytest.mark.parametrize("file", FILES.values(), ids=list(FILES))
async def test_s53_what_is_no_picture_is_not_kept(ground: Ground, file: tuple[str, bytes, str]) -> None:
    """S53: whatever a file calls itself, only what is decoded as a known kind becomes one; nothing else is left."""
    before = stored(ground)

    answer = await ground.alice.api.post("/api/v2/media", files={"file": file})

    assert answer.status_code == 422, answer.text
    assert stored(ground) == before


def stored(ground: Ground) -> set[Path]:
    """Every file below the folder of media."""
    return {path for path in ground.server.node.settings.media_dir.rglob("*") if path.is_file()}


@pytest.mark.parametrize("tail", [HTML, SVG, ACTIVITY, b"PK\x03\x04" + bytes(60), b"<?php system('id'); ?>"])
async def test_s53_a_picture_that_is_something_else_too_is_only_a_picture(ground: Ground, tail: bytes) -> None:
    """S3, S53: what hides in a picture, before or behind it, is not in the file that is served."""
    answer = await ground.alice.api.post("/api/v2/media", files={"file": ("x.gif", gif_with(tail), "image/gif")})
    kept = success(answer)

    for address in (kept["url"], kept["preview_url"]):
        served = await ground.server.anonymous.get(address.removeprefix(ground.url))
        assert tail not in served.content
        assert served.headers["Content-Type"].startswith("image/")


@pytest.mark.parametrize(
    "name",
    [
        "../../x.png",
        "/etc/x.png",
        "..\\..\\x.png",
        "x.png\x00.html",
        "x" * 5000 + ".png",
        "x.php",
        "con.png",
        "|id.png",
        "$(id).png",
    ],
)
async def test_s53_a_name_from_outside_names_nothing(ground: Ground, name: str) -> None:
    """S53: what a file is called plays no part in where it is kept or how it is served."""
    folder = ground.server.node.settings.data_dir
    elsewhere = set(folder.iterdir())

    answer = await ground.alice.api.post("/api/v2/media", files={"file": (name, picture(), "image/png")})

    kept = success(answer)["url"].rpartition("/")[2]
    assert len(kept) == 36
    assert kept.endswith(".png")
    assert set(folder.iterdir()) == elsewhere


async def test_s3_files_are_served_so_that_nothing_runs(ground: Ground) -> None:
    """S3: a kind of the list, no guessing, a policy under which an opened file does nothing; other names are none."""
    kept = await upload(ground.alice)
    path = kept["url"].removeprefix(ground.url)
    for method in ("GET", "HEAD"):
        served = await ground.server.anonymous.request(method, path, headers={"Accept": "text/html"})
        assert served.headers["Content-Type"] == "image/png"
        assert served.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in served.headers["Content-Security-Policy"]
        assert "default-src 'none'" in served.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in served.headers
    for wrong in (
        *(path.replace(".png", ending) for ending in (".html", ".svg", ".jpg", ".png.html", ".PNG", ".png%00.html")),
        *(f"/media/{name}" for name in ("", "..%2ffedorg.db", "../node.db", "%2e%2e%2fnode.db", "....//node.db")),
        *(f"/static/{name}" for name in ("../config.py", "..%2f__init__.py", "%2e%2e/web/base.py")),
    ):
        answer = await ground.server.anonymous.get(wrong)
        assert answer.status_code in (301, 308, 404, 405), wrong


@pytest_asyncio.fixture(loop_scope="module")
async def canary() -> AsyncIterator[tuple[str, list[int]]]:
    """The address of something inside, and who came to it."""
    visits: list[int] = []

    async def visited(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        visits.append(1)

    async with serving(visited) as port:
        yield f"http://localhost:{port}/x", visits


async def test_s30_a_visitor_makes_the_node_look_at_nothing(ground: Ground, canary: tuple[str, list[int]]) -> None:
    """S30: no address that somebody without a login names anywhere, in any parameter of any route, is fetched.

    There is no proxy for pictures; what an address is asked of is always a row or a rule of this node.
    """
    url, visits = canary
    names = ("url", "uri", "q", "resource", "acct", "src", "image", "redirect_uri", "next", "resolve", "website", "id")
    asked: dict[str, Any] = dict.fromkeys(names, url) | {"resolve": "true", "redirect_uris": url, "client_name": "x"}
    app = web.create_app(ground.server.node)
    for rule in app.url_map.iter_rules():
        if rule.websocket or "streaming" in rule.rule:
            continue
        path = _PART.sub(lambda part: "1" if part[0].startswith("<id:") else quote(url, safe=""), rule.rule)
        await ground.server.anonymous.get(path, params=asked)
        if "POST" in (rule.methods or set()) and not path.endswith("inbox"):
            await ground.server.anonymous.post(path, data=asked)
    await ground.working.settle()

    assert visits == []


ADDRESSES: Final = (
    "javascript:alert(1)",
    "data:image/svg+xml,<svg>",
    "file:///etc/passwd",
    "//x.example/x",
    "https://u:p@x.example/",
    "https://x.example/\u202egnp.exe",
)


async def test_s30_addresses_that_peers_name_for_browsers_are_plain(ground: Ground, peer: FakePeer) -> None:
    """S30, S22: pictures and files that a peer names are addresses of the web without a login in them, or nothing."""
    for url in ADDRESSES:
        image = {"type": "Image", "mediaType": "image/png", "url": url}
        peer.documents["/users/mallory"] |= {"icon": image, "image": image}
        status = await ground.status(await ground.create(peer, attachment=[{"type": "Document", "url": url}]))
        await ground.do(peer, "Update", peer.documents["/users/mallory"])
        account = await ground.account(peer.actor("mallory"))

        assert status is not None
        assert account is not None
        assert status["media_attachments"] == [], url
        for address in (account["avatar"], account["header"]):
            assert address.startswith(f"{ground.url}/static/"), url
