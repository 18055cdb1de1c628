"""Films and sounds in the process that makes them anew: what comes out, and what never gets through."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from fedorg import media
from fedorg.errors import Invalid
from tests.node.recordings import SECRET, film, moving_gif, on_its_side, sound

LIMITS = media.FilmLimits()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The directory the made files go to, empty at first."""
    directory = tmp_path / "made"
    directory.mkdir()
    return directory


async def made_of(data: bytes, target: Path, limits: media.FilmLimits = LIMITS) -> media.Film:
    upload = target.parent / "upload.exe"
    upload.write_bytes(data)
    container = media.format_of(upload)
    assert container is not None
    made = await media.make_film(upload, container, target, limits)
    assert await media.inspect_film(upload, container, limits) == made.kind
    for file in (made.original, made.preview):
        if file is not None:
            assert SECRET.encode() not in (target / file.name).read_bytes()
            assert file.size_bytes == (target / file.name).stat().st_size
            assert file.content_type == media.content_type_of(file.name)
    return made


def opened(target: Path, made: media.Film) -> Any:  # noqa: ANN401 - a container of PyAV
    return av.open(io.BytesIO((target / made.original.name).read_bytes()))


@pytest.mark.parametrize(
    ("container", "codec", "sound_codec", "size"),
    [
        ("mp4", "libx264", "aac", (64, 48)),
        ("mp4", "libx264", None, (64, 48)),
        ("matroska", "mpeg4", "libmp3lame", (66, 34)),
        ("webm", "libvpx", "libopus", (64, 48)),
        ("mov", "mpeg4", None, (64, 48)),
    ],
)
async def test_every_film_becomes_one_that_browsers_play(
    target: Path, container: str, codec: str, sound_codec: str | None, size: tuple[int, int]
) -> None:
    """H.264 and AAC in MP4 whose index comes first; the preview is a picture that is not black; no text remains."""
    data = film(container, codec, sound_codec, size=size)

    made = await made_of(data, target)

    assert (made.kind, made.original.content_type) == ("video", "video/mp4")
    assert (made.original.width, made.original.height) == size
    assert made.playback.frame_rate == "10/1"
    assert made.playback.seconds == pytest.approx(0.6, abs=0.1)
    content = (target / made.original.name).read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    with opened(target, made) as plays:
        assert plays.streams.video[0].codec_context.name == "h264"
        assert plays.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert [one.codec_context.name for one in plays.streams.audio] == ([] if sound_codec is None else ["aac"])
        assert len(list(plays.decode(video=0))) == 6
    assert made.preview is not None
    with Image.open(target / made.preview.name) as preview:
        assert preview.size == size
        red = preview.convert("RGB").getpixel((5, 5))
        assert isinstance(red, tuple)
        assert red[0] > 150
    assert made.blurhash


async def test_a_film_that_was_taken_on_its_side_stands_upright(target: Path) -> None:
    """The turn that a header asks for is made, and the header is gone."""
    made = await made_of(on_its_side(film()), target)

    assert (made.original.width, made.original.height) == (48, 64)
    assert made.preview is not None
    assert (made.preview.width, made.preview.height) == (48, 64)
    with opened(target, made) as plays:
        assert next(plays.decode(video=0)).rotation == 0


async def test_a_moving_gif_becomes_a_silent_film_of_even_sizes(target: Path) -> None:
    """A browser plays it as smoothly as the picture moved, and it is smaller."""
    made = await made_of(moving_gif(), target)

    assert (made.kind, made.original.content_type) == ("gifv", "video/mp4")
    assert (made.original.width, made.original.height) == (40, 30)
    with opened(target, made) as plays:
        assert not plays.streams.audio
        assert len(list(plays.decode(video=0))) == 4


@pytest.mark.parametrize(
    ("container", "codec", "content_type"),
    [
        ("mp3", "libmp3lame", "audio/mpeg"),
        ("ogg", "libopus", "audio/ogg"),
        ("flac", "flac", "audio/flac"),
        ("mp4", "aac", "audio/mp4"),
        ("adts", "aac", "audio/mpeg"),
        ("wav", "pcm_s16le", "audio/mpeg"),
    ],
)
async def test_a_sound_stays_or_becomes_one_that_browsers_play(
    target: Path, container: str, codec: str, content_type: str
) -> None:
    """What is played everywhere is copied, the rest becomes MP3; it plays for as long as before, and tells no name."""
    made = await made_of(sound(container, codec), target)

    assert (made.kind, made.original.content_type, made.preview) == ("audio", content_type, None)
    assert made.playback.seconds == pytest.approx(0.17, abs=0.1)
    assert made.playback.audio_channels == "mono"
    with opened(target, made) as plays:
        assert list(plays.decode(audio=0))


async def test_a_large_or_fast_film_is_made_smaller_and_slower(target: Path) -> None:
    """What is served stays within the size and the rate of frames that every client plays."""
    limits = replace(LIMITS, shown_pixels_max=32 * 24, shown_frame_rate_max=5)

    made = await made_of(film(frames=10), target, limits)

    assert (made.original.width, made.original.height) == (32, 24)
    with opened(target, made) as plays:
        assert len(list(plays.decode(video=0))) == 5


@pytest.mark.parametrize(
    "limits",
    [
        replace(LIMITS, pixels_max=64 * 48 - 1),
        replace(LIMITS, frame_rate_max=9),
        replace(LIMITS, seconds_max=0),
        replace(LIMITS, streams_max=1),
        replace(LIMITS, wall_seconds_max=0.01),
        replace(LIMITS, memory_bytes_max=64 * 1024 * 1024),
        replace(LIMITS, written_bytes_max=100),
    ],
    ids=["size", "rate", "length", "streams", "time", "memory", "disk"],
)
async def test_s29_a_film_beyond_a_limit_is_refused(target: Path, limits: media.FilmLimits) -> None:
    """S29: dimensions, frames, hours, streams, and what the process may use are bounded, each by itself."""
    with pytest.raises(Invalid):
        await made_of(film("matroska", "mpeg4", "libmp3lame"), target, limits)


LISTS = {
    "playlist": b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "manifest": b"<?xml version='1.0'?><MPD><Period><BaseURL>http://127.0.0.1/</BaseURL></Period></MPD>",
    "session": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
    "transport stream": b"\x47" + bytes(187),
    "photograph": b"\x00\x00\x00\x18ftypheic" + bytes(40),
}


@pytest.mark.parametrize("content", LISTS.values(), ids=LISTS)
def test_what_names_other_files_or_addresses_is_given_to_no_reader(tmp_path: Path, content: bytes) -> None:
    """A list within an upload opens neither a file nor a socket: only formats that hold their own content are read."""
    upload = tmp_path / "film.mp4"
    upload.write_bytes(content)

    assert media.format_of(upload) is None


BROKEN = {
    "cut short": film()[:700],
    "beginning only": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41",
    "empty matroska": b"\x1aE\xdf\xa3" + bytes(60),
    "list behind the mark of a sound": b"ID3\x04\x00\x00\x00\x00\x00\x00" + LISTS["playlist"],
    "list behind the mark of a film": b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + LISTS["concat"],
    "noise after the mark": b"OggS" + bytes(range(256)) * 4,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
async def test_what_is_not_a_whole_film_is_refused(target: Path, content: bytes) -> None:
    """What begins like a film and is none ends with an error for its sender."""
    with pytest.raises(media.UnsupportedMedia, match="could not be verified"):
        await made_of(content, target)
