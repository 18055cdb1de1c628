"""Pictures of telephones: taken in as HEIC, HEIF and AVIF, and shown as JPEG everywhere."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, features

from fedorg import media
from fedorg.errors import Invalid
from fedorg.media import heif
from tests.node.serving import NodeServer
from tests.node.talking import entity, refusal, success
from tests.node.telephones import SECRET, heic, of_claimed_size

LIMITS = media.MediaLimits()
COULD_NOT = "File type of uploaded media could not be verified"


def avif(picture: Image.Image) -> bytes:
    kept = io.BytesIO()
    picture.save(kept, "AVIF")
    return kept.getvalue()


async def test_pictures_of_telephones_are_taken_in_and_shown_as_jpeg(node_server: NodeServer) -> None:
    """Clients are told the types; a HEIC or an AVIF comes back as JPEG without place and camera, as avatar too."""
    told = success(await node_server.anonymous.get("/api/v2/instance"))["configuration"]["media_attachments"]
    before = success(await node_server.anonymous.get("/api/v1/instance"))["configuration"]["media_attachments"]
    for types in (told["supported_mime_types"], before["supported_mime_types"]):
        assert {"image/heic", "image/heif", "image/avif"} <= set(types)
    anna = await node_server.person("anna")
    see_through = Image.new("RGBA", (120, 80), (200, 10, 30, 0))
    see_through.paste((200, 10, 30, 255), (0, 0, 60, 80))
    photograph = Image.new("RGB", (120, 80), (200, 10, 30))
    sent = {"photograph": heic(photograph), "see-through": heic(see_through)}
    if features.check("avif"):
        sent |= {"avif": avif(see_through)}
    assert SECRET.encode() in sent["photograph"]

    for name, data in sent.items():
        made = entity(await anna.api.post("/api/v2/media", files={"file": ("IMG_1.HEIC", data)}), "MediaAttachment")
        assert (made["type"], made["meta"]["original"]["size"]) == ("image", "120x80")
        assert made["blurhash"]
        for url in (made["url"], made["preview_url"]):
            served = await node_server.anonymous.get(url)
            assert served.headers["Content-Type"] == "image/jpeg"
            assert SECRET.encode() not in served.content
            with Image.open(io.BytesIO(served.content)) as image:
                assert not dict(image.getexif())
                pixels = image.convert("RGB")
                assert _near(pixels.getpixel((20, 40)), (200, 10, 30)), name
                assert _near(pixels.getpixel((100, 40)), (200, 10, 30) if name == "photograph" else (255, 255, 255))
    refused = await anna.api.post(
        "/api/v2/media", files={"file": ("a", of_claimed_size(sent["photograph"], 9000, 9000))}
    )
    assert "too large" in refusal(refused, 422)
    changed = await anna.api.patch("/api/v1/accounts/update_credentials", files={"avatar": ("a", sent["photograph"])})
    assert success(changed)["avatar"].endswith(".jpg")


def _near(found: object, wanted: tuple[int, ...]) -> bool:
    return isinstance(found, tuple) and all(abs(a - b) <= 12 for a, b in zip(found, wanted, strict=True))


def test_a_picture_taken_on_its_side_stands_upright(tmp_path: Path) -> None:
    """Turned by what the file says of it, once and not twice."""
    picture = Image.new("RGB", (300, 200), "blue")
    picture.paste("red", (0, 0, 300, 100))
    upload = tmp_path / "upload"
    upload.write_bytes(heic(picture, orientation=6))

    shown = heif.unpack(upload, LIMITS.source_pixels_max, heif.HeifLimits())

    assert shown.size == (200, 300)
    assert _near(shown.getpixel((190, 150)), (254, 0, 0))
    assert _near(shown.getpixel((10, 150)), (0, 0, 254))


def _damaged() -> dict[str, bytes]:
    whole = heic(Image.radial_gradient("L").resize((320, 240)).convert("RGB"))
    return {
        "beginning only": whole[:40],
        "cut short": whole[:-200],
        "of another size": of_claimed_size(whole, 321, 240),
        "that claims to be small": of_claimed_size(heic(Image.new("RGB", (1600, 1200))), 64, 48),
        "boxes without end": whole[:28] + b"\xff\xff\xff\xff" + whole[32:],
        "a film behind the mark": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heic\x00\x00" + bytes(400),
        "a page behind the mark": b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00heic" + b"<script>alert(1)</script>" * 9,
    }


DAMAGED = _damaged()


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_whole_picture_of_a_telephone_is_refused(tmp_path: Path, content: bytes) -> None:
    """S53: whatever its boxes claim, a file is a picture when its pixels are there, and else nothing is left of it."""
    upload, target = tmp_path / "upload", tmp_path / "made"
    upload.write_bytes(content)
    target.mkdir()

    with pytest.raises(media.UnsupportedMedia, match=COULD_NOT):
        media.inspect_and_process(upload, target, "attachment", LIMITS)

    assert not list(target.iterdir())


def test_s29_a_picture_of_a_telephone_is_bounded(tmp_path: Path) -> None:
    """S29: in what it claims, before a pixel is decoded; in memory and in time of the process that decodes it."""
    upload = tmp_path / "upload"
    small = heic(Image.new("RGB", (64, 48), "red"))
    for size in ((7681, 4320), (65_000, 65_000), (2_000_000_000, 2_000_000_000)):
        upload.write_bytes(of_claimed_size(small, *size))
        with pytest.raises(Invalid):
            media.inspect_and_process(upload, tmp_path, "attachment", LIMITS)
    upload.write_bytes(heic(Image.new("RGB", (7000, 4000), "red")))
    limits = heif.HeifLimits()
    with pytest.raises(OSError, match="not a whole picture"):
        heif.unpack(upload, LIMITS.source_pixels_max, replace(limits, memory_bytes_max=200 * 1024 * 1024))
    with pytest.raises(Invalid, match="too long"):
        heif.unpack(upload, LIMITS.source_pixels_max, replace(limits, wall_seconds_max=0.001))
    assert list(tmp_path.iterdir()) == [upload]
