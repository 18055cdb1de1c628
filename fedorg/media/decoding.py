"""From a file of unknown content to pixels, under limits that hold before anything large is allocated (S29).

What a file is, only its decoder says: never its name, nor the type a client claims. Only the decoders listed here are
ever tried. A decoder is third-party code on hostile input, so whatever it raises means: not a picture.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
    features,
)

from fedorg.errors import Invalid, TooLarge
from fedorg.media import heif
from fedorg.media.values import MediaLimits, UnsupportedMedia


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A verified picture: its first frame upright in sRGB, and how long each frame stands (none for a still)."""

    source: Path
    format: str
    still: Image.Image
    durations_ms: tuple[int, ...]
    loop: int | None
    has_transparency: bool

    @property
    def is_animated(self) -> bool:
        """Whether there is more than one frame."""
        return len(self.durations_ms) > 1


def decode(source: Path, limits: MediaLimits) -> Decoded:
    """Read and verify the whole file; ``UnsupportedMedia``, ``TooLarge`` or ``Invalid`` when it cannot be taken."""
    if source.stat().st_size > limits.image_bytes_max:
        raise TooLarge(f"The file is larger than {limits.image_bytes_max} bytes")
    if heif.is_heif(source):
        return _decode_apart(source, limits)
    with _opened(source) as image:
        _check_pixels(image, limits)
        kind = _KINDS[image.format or ""]
        if kind in _ANIMATED and getattr(image, "is_animated", False):
            return _decode_animation(source, kind, image, limits)
        return _still(source, kind, to_srgb(image))


def frames(decoded: Decoded) -> Iterator[Image.Image]:
    """The frames of a verified animation, one at a time, each whole and in RGBA."""
    with _opened(decoded.source) as image:
        for number in range(len(decoded.durations_ms)):
            image.seek(number)
            yield image.convert("RGBA")


def is_moving_gif(source: Path) -> bool:
    """Whether a file begins as a GIF of more than one frame; ``UnsupportedMedia`` for what is no picture."""
    with _opened(source) as image:
        return image.format == "GIF" and bool(getattr(image, "is_animated", False))


def to_srgb(image: Image.Image) -> Image.Image:
    """The pixels upright, in RGB or RGBA, in the sRGB colours that every screen assumes; no metadata remains."""
    upright = ImageOps.exif_transpose(image)
    profile = upright.info.get("icc_profile")
    if upright.mode in _DEEP_GREY:
        # Pillow clips 16 bits to 8; the picture is in the upper ones.
        upright = upright.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    wanted = "RGBA" if upright.has_transparency_data else "RGB"
    if upright.mode in {"P", "PA", "LA", "La", "RGBa", "1"}:
        upright = upright.convert(wanted)
    if isinstance(profile, bytes) and upright.mode in {"RGB", "RGBA", "CMYK", "L"}:
        upright = _with_profile_applied(upright, profile, wanted)
    pixels = upright.convert(wanted)
    pixels.info.clear()
    return pixels


_DECODERS: Final = (
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    GifImagePlugin.GifImageFile,
    WebPImagePlugin.WebPImageFile,
    *((AvifImagePlugin.AvifImageFile,) if features.check("avif") else ()),
)
# MPO is what some telephones call a JPEG with a second picture behind it; the first one counts.
_KINDS: Final = {decoder.format: decoder.format for decoder in _DECODERS} | {"MPO": "JPEG"}
_ANIMATED: Final = frozenset({"GIF", "PNG", "WEBP"})
_DEEP_GREY: Final = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
_SRGB: Final = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

_DECODER_FAULTS: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


@contextmanager
def _opened(source: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(source, formats=[decoder.format for decoder in _DECODERS]) as image:
            yield image
    except _DECODER_FAULTS as problem:
        raise UnsupportedMedia from problem


def _decode_apart(source: Path, limits: MediaLimits) -> Decoded:
    try:
        still = heif.unpack(source, limits.source_pixels_max, heif.HeifLimits())
    except _DECODER_FAULTS as problem:
        raise UnsupportedMedia from problem
    return _still(source, "HEIF", still)


def _still(source: Path, kind: str, still: Image.Image) -> Decoded:
    transparent = still.mode == "RGBA"
    return Decoded(source=source, format=kind, still=still, durations_ms=(), loop=None, has_transparency=transparent)


def _check_pixels(image: Image.Image, limits: MediaLimits) -> None:
    width, height = image.size
    if width * height > limits.source_pixels_max:
        raise Invalid(f"A picture of {width} by {height} pixels is too large")


def _decode_animation(source: Path, kind: str, image: Image.Image, limits: MediaLimits) -> Decoded:
    """Decode every frame once. The frames are counted on the way, since asking for their number reads them all."""
    size = image.size
    durations: list[int] = []
    transparent = False
    still: Image.Image | None = None
    while True:
        try:
            image.seek(len(durations))
        except EOFError:
            break
        if len(durations) >= limits.frames_max:
            raise Invalid(f"An animation of more than {limits.frames_max} frames is too long")
        if (len(durations) + 1) * size[0] * size[1] > limits.animation_pixels_max:
            raise Invalid("The animation is too large")
        image.load()
        if image.size != size:
            raise UnsupportedMedia
        durations.append(round(float(image.info.get("duration", 0))))
        frame = image.convert("RGBA")
        transparent = transparent or frame.getchannel("A").getextrema() != (255, 255)
        still = still or frame
    if still is None:
        raise UnsupportedMedia
    return Decoded(
        source=source,
        format=kind,
        still=still if transparent else still.convert("RGB"),
        durations_ms=tuple(durations),
        loop=image.info.get("loop"),
        has_transparency=transparent,
    )


def _with_profile_applied(image: Image.Image, profile: bytes, wanted: str) -> Image.Image:
    """The picture in sRGB; unchanged when its profile is broken or of another colour space, as browsers do."""
    try:
        converted = ImageCms.profileToProfile(image, BytesIO(profile), _SRGB, outputMode=wanted)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return image if converted is None else converted
