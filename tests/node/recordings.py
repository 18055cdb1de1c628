"""Small films, moving pictures and sounds, made here."""

import io
from fractions import Fraction
from typing import Any

import av
from PIL import Image

SECRET = "SECRETPLACE"
_RATE = 10


def film(
    container: str = "mp4",
    codec: str = "libx264",
    sound: str | None = "aac",
    *,
    size: tuple[int, int] = (64, 48),
    frames: int = 6,
) -> bytes:
    """A film that begins black; its title is ``SECRET``."""
    kept = io.BytesIO()
    with av.open(kept, "w", format=container) as out:
        out.metadata["title"] = SECRET
        pictures: Any = out.add_stream(codec, rate=_RATE)
        pictures.width, pictures.height = size
        pictures.pix_fmt = "yuv420p"
        sounds: Any = None if sound is None else out.add_stream(sound, rate=48_000, layout="mono")
        for number in range(frames):
            picture = Image.new("RGB", size, "black" if number == 0 else (220, 20 * number % 255, 0))
            out.mux(pictures.encode(_frame(picture)))
        out.mux(pictures.encode(None))
        if sounds is not None:
            _write_silence(out, sounds)
    return kept.getvalue()


def sound(container: str, codec: str) -> bytes:
    """A moment of silence; its title is ``SECRET``."""
    kept = io.BytesIO()
    with av.open(kept, "w", format=container) as out:
        out.metadata["title"] = SECRET
        stream: Any = out.add_stream(codec, rate=48_000, layout="stereo" if codec == "vorbis" else "mono")
        _write_silence(out, stream)
    return kept.getvalue()


def with_cover(mp3: bytes, cover: bytes) -> bytes:
    """An MP3 whose only tag is a picture (ID3v2.3, APIC)."""
    if mp3.startswith(b"ID3"):
        mp3 = mp3[10 + sum(byte << 7 * place for place, byte in enumerate(reversed(mp3[6:10]))) :]
    picture = b"\x00image/png\x00\x03\x00" + cover
    frame = b"APIC" + len(picture).to_bytes(4, "big") + bytes(2) + picture
    size = bytes(len(frame) >> 7 * place & 0x7F for place in (3, 2, 1, 0))
    return b"ID3\x03\x00\x00" + size + frame + mp3


def moving_gif(size: tuple[int, int] = (41, 31)) -> bytes:
    """Four frames of an odd size."""
    first, *rest = (Image.new("RGB", size, (250, 60 * number, 0)) for number in range(4))
    kept = io.BytesIO()
    first.save(kept, "GIF", save_all=True, append_images=rest, duration=100)
    return kept.getvalue()


def on_its_side(upright: bytes) -> bytes:
    """The MP4 of a telephone that was held upright: a matrix in the header of the film says how to turn it."""
    identity, turned = bytearray(36), bytearray(36)
    identity[0:4] = identity[16:20] = b"\x00\x01\x00\x00"
    turned[4:8], turned[12:16] = b"\x00\x01\x00\x00", b"\xff\xff\x00\x00"
    identity[32:36] = turned[32:36] = b"\x40\x00\x00\x00"
    at = upright.index(bytes(identity), upright.index(b"tkhd"))
    return upright[:at] + bytes(turned) + upright[at + 36 :]


def _frame(picture: Image.Image) -> av.VideoFrame:
    frame = av.VideoFrame(*picture.size, "rgb24")
    plane = frame.planes[0]
    row = picture.width * 3
    pixels = picture.tobytes()
    padding = bytes(plane.line_size - row)
    plane.update(b"".join(pixels[at : at + row] + padding for at in range(0, len(pixels), row)))
    return frame


def _write_silence(out: Any, stream: Any) -> None:  # noqa: ANN401 - objects of PyAV
    layout = stream.layout.name
    for number in range(8):
        frame = av.AudioFrame(format="s16", layout=layout, samples=1024)
        frame.rate, frame.pts, frame.time_base = 48_000, number * 1024, Fraction(1, 48_000)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))
