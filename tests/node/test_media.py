"""Uploaded pictures: what is accepted, what is served of them, and what never gets through."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import blurhash as reference_blurhash
import pytest
from PIL import ExifTags, Image, ImageCms, ImageDraw, PngImagePlugin, features

from fedorg import media
from fedorg.errors import Invalid, TooLarge
from fedorg.media.blurhash import encode

LIMITS = media.MediaLimits()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The directory the made files go to, empty at first."""
    directory = tmp_path / "made"
    directory.mkdir()
    return directory


def saved(tmp_path: Path, image: Image.Image, encoding: str, **options: Any) -> Path:  # noqa: ANN401, options of Pillow
    path = tmp_path / "upload.exe"
    image.save(path, encoding, **options)
    return path


def noise(width: int, height: int) -> Image.Image:
    """A picture that compresses badly and has no symmetry."""
    return (
        Image.radial_gradient("L")
        .resize((width, height))
        .convert("RGB")
        .transform((width, height), Image.Transform.AFFINE, (1, 0.3, 0, 0.1, 1, 0))
    )


def rows_of(picture: Image.Image) -> list[list[Any]]:
    """Its pixels, line by line."""
    return [[picture.getpixel((x, y)) for x in range(picture.width)] for y in range(picture.height)]


def animation(count: int) -> list[Image.Image]:
    frames = []
    for number in range(count):
        frame = Image.new("RGB", (40, 30), (250, number * 20 % 255, 10))
        ImageDraw.Draw(frame).rectangle((number, 2, number + 5, 9), fill=(0, 0, 255))
        frames.append(frame)
    return frames


def near(found: Any, wanted: tuple[int, ...], tolerance: int = 12) -> bool:  # noqa: ANN401, pixels of any mode
    return all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("GIF", "image/png"),
        pytest.param(
            "AVIF", "image/jpeg", marks=pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF")
        ),
    ],
)
def test_a_still_picture_of_each_format_becomes_two_files(
    tmp_path: Path, target: Path, encoding: str, content_type: str
) -> None:
    """Every accepted format yields a full and a small picture that decode, under generated names."""
    upload = saved(tmp_path, noise(1200, 800), encoding)

    made = media.inspect_and_process(upload, target, "attachment", LIMITS)

    assert made.type == "image"
    assert not made.is_animated
    assert (made.original.width, made.original.height) == (1200, 800)
    assert made.preview.width * made.preview.height <= 230_400
    assert made.preview.width / made.preview.height == pytest.approx(1.5, abs=0.01)
    for file in (made.original, made.preview):
        assert file.content_type == content_type == media.content_type_of(file.name)
        assert file.size_bytes == (target / file.name).stat().st_size
        with Image.open(target / file.name) as image:
            assert image.size == (file.width, file.height)
            assert Image.MIME[image.format or ""] == content_type
    assert {path.name for path in target.iterdir()} == {made.original.name, made.preview.name}


def test_position_and_every_other_metadata_is_removed_and_the_picture_stands_upright(
    tmp_path: Path, target: Path
) -> None:
    """A photograph taken on its side is turned, and where and with what it was taken is gone."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "SECRETCAMERA"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (52.0, 31.0, 12.0)})
    picture = Image.new("RGB", (300, 200), "blue")
    picture.paste("red", (0, 0, 300, 100))
    upload = saved(tmp_path, picture, "JPEG", exif=exif, comment=b"SECRETCOMMENT", quality=95)
    assert b"SECRETCAMERA" in upload.read_bytes()

    made = media.inspect_and_process(upload, target, "attachment", LIMITS)

    assert (made.original.width, made.original.height) == (200, 300)
    for file in (made.original, made.preview):
        assert b"SECRET" not in (target / file.name).read_bytes()
        with Image.open(target / file.name) as image:
            assert not dict(image.getexif())
            assert near(image.getpixel((190, 150)), (254, 0, 0))
            assert near(image.getpixel((10, 150)), (0, 0, 254))


def test_a_large_photograph_is_made_smaller(tmp_path: Path, target: Path) -> None:
    """What is served has at most as many pixels as Mastodon serves."""
    upload = saved(tmp_path, Image.new("RGB", (5000, 3000), "green"), "JPEG")

    made = media.inspect_and_process(upload, target, "attachment", LIMITS)

    assert 8_200_000 < made.original.width * made.original.height <= 8_294_400
    assert made.original.width / made.original.height == pytest.approx(5 / 3, abs=0.01)


@pytest.mark.parametrize("size", [(30_000, 1), (1, 30_000), (1, 1), (300_000, 20)])
def test_ribbons_and_single_pixels_keep_within_the_limits(tmp_path: Path, target: Path, size: tuple[int, int]) -> None:
    """Extreme proportions neither fail nor escape the limits."""
    upload = saved(tmp_path, Image.new("RGB", size, "red"), "PNG")

    made = media.inspect_and_process(upload, target, "attachment", LIMITS)

    assert made.original.width * made.original.height <= 8_294_400
    assert 1 <= made.preview.width * made.preview.height <= 230_400


def test_print_colours_become_screen_colours(tmp_path: Path, target: Path) -> None:
    """A CMYK picture is served in RGB."""
    upload = saved(tmp_path, Image.new("CMYK", (50, 40), (0, 255, 255, 0)), "JPEG")

    made = media.inspect_and_process(upload, target, "attachment", LIMITS)

    with Image.open(target / made.original.name) as image:
        assert image.mode == "RGB"
        assert near(image.getpixel((5, 5)), (254, 0, 0))


def test_a_colour_profile_is_applied_and_removed(tmp_path: Path, target: Path) -> None:
    """Colours are converted to sRGB, so that they look right without the profile; a broken profile is ignored."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    shown = {profile: (10, 200, 30), swapped: (200, 10, 30), profile[:200]: (10, 200, 30), b"none": (10, 200, 30)}

    for given, wanted in shown.items():
        upload = saved(tmp_path, Image.new("RGB", (20, 20), (10, 200, 30)), "PNG", icc_profile=given)
        made = media.inspect_and_process(upload, target, "attachment", LIMITS)

        with Image.open(target / made.original.name) as image:
            assert "icc_profile" not in image.info
            assert near(image.getpixel((5, 5)), wanted)


def test_transparency_of_a_palette_survives(tmp_path: Path, target: Path) -> None:
    """A picture with a transparent palette entry is still transparent there."""
    picture = Image.new("P", (30, 30), 0)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    picture.paste(1, (0, 0, 15, 30))
    upload = saved(tmp_path, picture, "PNG", transparency=0)

    made = media.inspect_and_process(upload, target, "attachment", LIMITS)

    with Image.open(target / made.original.name) as image:
        assert image.convert("RGBA").getpixel((20, 5)) == (0, 0, 0, 0)
        assert image.convert("RGBA").getpixel((5, 5)) == (255, 0, 0, 255)


def test_sixteen_bit_grey_keeps_its_tones(tmp_path: Path, target: Path) -> None:
    """A deep grey picture is scaled to eight bits, not clipped to white."""
    upload = saved(tmp_path, Image.new("I;16", (10, 10), 0x8000), "PNG")

    made = media.inspect_and_process(upload, target, "attachment", LIMITS)

    with Image.open(target / made.original.name) as image:
        assert near(image.getpixel((5, 5)), (128, 128, 128), 1)


@pytest.mark.parametrize(
    ("encoding", "content_type"), [("GIF", "image/gif"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
def test_an_animation_keeps_moving(tmp_path: Path, target: Path, encoding: str, content_type: str) -> None:
    """Frames and their times survive; the preview stands still."""
    first, *rest = animation(5)
    upload = saved(
        tmp_path, first, encoding, save_all=True, append_images=rest, duration=[100, 200, 100, 300, 100], loop=0
    )

    made = media.inspect_and_process(upload, target, "attachment", LIMITS)

    assert made.is_animated
    assert made.original.content_type == content_type
    with Image.open(target / made.original.name) as image:
        assert getattr(image, "n_frames", 1) == 5
        times = []
        for number in range(5):
            image.seek(number)
            image.load()
            times.append(round(float(image.info["duration"])))
            assert near(image.convert("RGB").getpixel((39, 29)), (250, number * 20, 10), 20)
        assert times == [100, 200, 100, 300, 100]
    with Image.open(target / made.preview.name) as image:
        assert not getattr(image, "is_animated", False)


def test_a_transparent_animation_shows_no_trace_of_earlier_frames(tmp_path: Path, target: Path) -> None:
    """Each frame of a see-through GIF shows its own pixels only."""
    frames = []
    for number in range(3):
        frame = Image.new("RGBA", (30, 30), (0, 0, 0, 0))
        ImageDraw.Draw(frame).rectangle((number * 10, 0, number * 10 + 9, 29), fill=(255, 0, 0, 255))
        frames.append(frame)
    upload = saved(
        tmp_path, frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100, disposal=2, loop=0
    )

    made = media.inspect_and_process(upload, target, "attachment", LIMITS)

    with Image.open(target / made.original.name) as image:
        image.seek(2)
        last = image.convert("RGBA")
    alphas = [alpha for x in (5, 15, 25) if isinstance(pixel := last.getpixel((x, 15)), tuple) for alpha in pixel[3:]]
    assert alphas == [0, 0, 255]


@pytest.mark.parametrize(("kind", "size"), [("avatar", (400, 400)), ("header", (1500, 500))])
def test_profile_pictures_are_cropped_to_their_frame(
    tmp_path: Path, target: Path, kind: media.MediaKind, size: tuple[int, int]
) -> None:
    """An avatar or header of any shape fills its frame exactly, and is its own static version."""
    upload = saved(tmp_path, noise(700, 300), "JPEG")

    made = media.inspect_and_process(upload, target, kind, LIMITS)

    assert (made.original.width, made.original.height) == size
    assert made.preview is made.original
    assert [path.name for path in target.iterdir()] == [made.original.name]


def test_a_moving_avatar_has_a_static_version(tmp_path: Path, target: Path) -> None:
    """People who do not want movement get the first frame."""
    first, *rest = animation(3)
    upload = saved(tmp_path, first, "GIF", save_all=True, append_images=rest, duration=100, loop=0)

    made = media.inspect_and_process(upload, target, "avatar", LIMITS)

    with Image.open(target / made.original.name) as moving, Image.open(target / made.preview.name) as still:
        assert moving.size == still.size == (400, 400)
        assert getattr(moving, "n_frames", 1) == 3
        assert still.format == "PNG"
        assert not getattr(still, "is_animated", False)


def test_s53_what_was_hidden_in_an_upload_is_not_served(tmp_path: Path, target: Path) -> None:
    """S53: a picture that is also a page loses the page, in its comments as well as behind its end."""
    page = "<script>alert('polyglot')</script>"
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", page)
    upload = saved(tmp_path, noise(64, 64), "PNG", pnginfo=texts)
    upload.write_bytes(upload.read_bytes() + page.encode() + b"PK\x03\x04")

    made = media.inspect_and_process(upload, target, "attachment", LIMITS)

    for file in (made.original, made.preview):
        content = (target / file.name).read_bytes()
        assert b"polyglot" not in content
        assert b"PK\x03\x04" not in content


def _png_of_claimed_size(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )


def _picture_bytes(encoding: str) -> bytes:
    buffer = io.BytesIO()
    noise(200, 100).save(buffer, encoding)
    return buffer.getvalue()


REFUSED = {
    "empty": b"",
    "text": b"GIF, I say",
    "page": b"<!doctype html><img src=x onerror=alert(1)>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg behind a declaration": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "pdf": b"%PDF-1.7\n1 0 obj\n",
    "tiff": _picture_bytes("TIFF"),
    "bmp": _picture_bytes("BMP"),
    "film": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41",
    "jpeg cut short": _picture_bytes("JPEG")[:-900],
    "png cut short": _picture_bytes("PNG")[:-900],
    "gif cut short": _picture_bytes("GIF")[:-900],
    "webp cut short": _picture_bytes("WEBP")[:-400],
    "png beginning only": b"\x89PNG\r\n\x1a\n",
    "jpeg beginning only": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "gif beginning only": b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
    "png of damaged data": _picture_bytes("PNG")[:60] + b"\x00" * 50 + _picture_bytes("PNG")[110:],
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_is_not_a_whole_picture_is_refused(tmp_path: Path, target: Path, content: bytes) -> None:
    """The content decides, never the name, and nothing is left behind."""
    upload = tmp_path / "photo.jpg"
    upload.write_bytes(content)

    with pytest.raises(media.UnsupportedMedia, match="File type of uploaded media could not be verified"):
        media.inspect_and_process(upload, target, "attachment", LIMITS)

    assert not list(target.iterdir())


@pytest.mark.parametrize("size", [(7681, 4320), (60_000, 60_000), (2_000_000_000, 2)])
def test_s29_a_decompression_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, target: Path, size: tuple[int, int]
) -> None:
    """S29: a small file that claims a huge picture costs nothing."""
    upload = tmp_path / "bomb.png"
    upload.write_bytes(_png_of_claimed_size(*size))

    with pytest.raises(Invalid):
        media.inspect_and_process(upload, target, "attachment", LIMITS)


def test_s29_an_animation_is_bounded_in_frames_and_in_pixels(tmp_path: Path, target: Path) -> None:
    """S29: many tiny frames and few large ones are both refused."""
    first, *rest = animation(12)
    upload = saved(tmp_path, first, "GIF", save_all=True, append_images=rest, duration=50)

    with pytest.raises(Invalid, match="more than 11 frames"):
        media.inspect_and_process(upload, target, "attachment", media.MediaLimits(frames_max=11))
    with pytest.raises(Invalid, match="too large"):
        media.inspect_and_process(
            upload, target, "attachment", media.MediaLimits(animation_pixels_max=12 * 40 * 30 - 1)
        )

    assert not list(target.iterdir())


def test_a_file_of_too_many_bytes_is_refused(tmp_path: Path, target: Path) -> None:
    """The size in bytes is a limit of its own."""
    upload = saved(tmp_path, noise(50, 50), "PNG")

    with pytest.raises(TooLarge):
        media.inspect_and_process(
            upload, target, "attachment", media.MediaLimits(image_bytes_max=upload.stat().st_size - 1)
        )


def test_no_file_is_left_behind_when_writing_fails(tmp_path: Path, target: Path) -> None:
    """A picture that cannot be written in full leaves nothing."""
    upload = saved(tmp_path, noise(50, 50), "PNG")
    impossible = media.MediaLimits(preview_pixels_max=0)

    with pytest.raises(ZeroDivisionError):
        media.inspect_and_process(upload, target, "attachment", impossible)

    assert not list(target.iterdir())


@pytest.mark.parametrize("colour", ["black", "white", "red", "#123456"])
def test_the_blurhash_agrees_with_an_independent_encoder(colour: str) -> None:
    """Our hash is character for character that of another implementation."""
    plain = Image.new("RGB", (32, 32), colour)
    shaded = Image.blend(plain, noise(32, 32), 0.7)

    hashes = [encode(plain), encode(shaded)]

    assert hashes == [reference_blurhash.encode(rows_of(image), 4, 4) for image in (plain, shaded)]


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("0,0", (0, 0)),
        ("-0.55,0.43", (-0.55, 0.43)),
        ("1.0,-1", (1, -1)),
        (" .5 , +.25 ", (0.5, 0.25)),
        ("1e-1,0.", (0.1, 0)),
    ],
)
def test_a_focal_point_is_two_numbers(text: str, point: tuple[float, float]) -> None:
    """What clients send is understood."""
    assert media.parse_focus(text) == point


@pytest.mark.parametrize(
    "text",
    ["", ",", "0", "0,0,0", "1.1,0", "0,-1.01", "nan,0", "0,inf", "1e999,0", "0x1,0", "\u0660,\u0660", "0;0", "a,b"],
)
def test_a_wrong_focal_point_is_refused(text: str) -> None:
    """Anything else, and any point outside the picture, is an error for the caller."""
    with pytest.raises(Invalid):
        media.parse_focus(text)


@pytest.mark.parametrize("content_type", ["image/png", "image/JPEG", "video/mp4; codecs=avc1"])
def test_s3_pictures_and_films_are_shown_in_a_sandbox(content_type: str) -> None:
    """S3: a known type is served as that type, without sniffing and without rights."""
    headers = media.serving_headers(content_type)

    assert headers["Content-Type"] == content_type.partition(";")[0].lower()
    assert headers["Content-Disposition"] == "inline"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "image/svg+xml",
        "application/activity+json",
        "application/xhtml+xml",
        "",
        "image/png\r\nX-A: b",
        "x",
    ],
)
def test_s3_everything_else_is_an_unnamed_download(content_type: str) -> None:
    """S3: no other type, and no header hidden in one, reaches a browser."""
    headers = media.serving_headers(content_type)

    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == "attachment"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert not any("\n" in value or "\r" in value for value in headers.values())
