"""Uploaded pictures turned into the files a node serves.

Every file is written anew from pixels: position data, comments, thumbnails and whatever else was hidden in the upload
are gone. An animated GIF that somebody attaches becomes a silent film elsewhere (``fedorg.media.films``);
every other animation stays an animated picture. The functions here block and use a processor fully for up to
seconds: run them in a thread or process pool.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageOps

from fedorg.media.blurhash import blurhash
from fedorg.media.decoding import Decoded, decode, frames
from fedorg.media.names import CONTENT_TYPES, generate_name
from fedorg.media.values import MediaFile, MediaKind, MediaLimits, ProcessedMedia

AVATAR_SIZE: Final = (400, 400)
HEADER_SIZE: Final = (1500, 500)


def inspect_and_process(source: Path, target_dir: Path, kind: MediaKind, limits: MediaLimits) -> ProcessedMedia:
    """Verify ``source`` by decoding it and write what is served into ``target_dir``.

    Raises ``UnsupportedMedia`` when it is not a whole picture of a known format, ``TooLarge`` or ``Invalid`` when it
    exceeds the limits; no file is left behind then. ``source`` stays as it is.
    """
    decoded = decode(source, limits)
    shaped = _shape_for(kind, limits)
    still = shaped(decoded.still)
    made: list[Path] = []
    try:
        if decoded.is_animated:
            original = _write_animation(target_dir, decoded, shaped, made)
        else:
            original = write_still(target_dir, still, _STILL_FORMATS[decoded.format], made)
        if kind == "attachment":
            small = shrunk(still, limits.preview_pixels_max)
            preview = write_still(target_dir, small, _STILL_FORMATS[decoded.format], made)
        elif decoded.is_animated:
            preview = write_still(target_dir, still, "PNG", made)
        else:
            preview = original
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise
    return ProcessedMedia(original=original, preview=preview, blurhash=blurhash(still), is_animated=decoded.is_animated)


# AVIF and HEIF are read but not written: not every client shows them.
_STILL_FORMATS: Final = {"JPEG": "JPEG", "PNG": "PNG", "GIF": "PNG", "WEBP": "WEBP", "AVIF": "JPEG", "HEIF": "JPEG"}
_ENDINGS: Final = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp"}
_ENCODER_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": 88, "progressive": True, "optimize": True},
    "PNG": {"compress_level": 6},
    "GIF": {},
    "WEBP": {"quality": 85},
}

_Shape = Callable[[Image.Image], Image.Image]


def _shape_for(kind: MediaKind, limits: MediaLimits) -> _Shape:
    match kind:
        case "attachment":
            return lambda image: shrunk(image, limits.attachment_pixels_max)
        case "avatar":
            return lambda image: ImageOps.fit(image, AVATAR_SIZE, Image.Resampling.LANCZOS)
        case "header":
            return lambda image: ImageOps.fit(image, HEADER_SIZE, Image.Resampling.LANCZOS)


def shrunk(image: Image.Image, pixels_max: int) -> Image.Image:
    """The picture in its proportions with at most so many pixels; a smaller one is not enlarged."""
    width, height = image.size
    if width * height <= pixels_max:
        return image
    scale = math.sqrt(pixels_max / (width * height))
    # The shorter side of a ribbon cannot go below one pixel, so the longer one pays for it.
    short = max(1, math.floor(min(width, height) * scale))
    long = min(math.floor(max(width, height) * scale), pixels_max // short)
    size = (long, short) if width >= height else (short, long)
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def write_still(target_dir: Path, image: Image.Image, encoding: str, made: list[Path]) -> MediaFile:
    """Write a still picture; its path is in ``made`` before there is a file."""
    path = _new_path(target_dir, encoding, made)
    with path.open("xb") as file:
        shown = _on_white(image) if encoding == "JPEG" else image
        shown.save(file, encoding, **_ENCODER_OPTIONS[encoding])
    return _media_file(path, image.size)


def _on_white(image: Image.Image) -> Image.Image:
    """The picture as it looks on paper, for formats without transparency."""
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image)
    return paper.convert("RGB")


def _write_animation(target_dir: Path, decoded: Decoded, shaped: _Shape, made: list[Path]) -> MediaFile:
    """All frames in the format they came in."""
    options = dict(_ENCODER_OPTIONS[decoded.format])
    if decoded.loop is not None:
        options["loop"] = decoded.loop
    if decoded.format == "GIF" and decoded.has_transparency:
        options["disposal"] = 2  # clear before each frame, else earlier ones shine through
    first = shaped(next(frames(decoded)))
    rest = _LaterFrames(decoded, shaped)
    path = _new_path(target_dir, decoded.format, made)
    with path.open("xb") as file:
        first.save(
            file, decoded.format, save_all=True, append_images=rest, duration=list(decoded.durations_ms), **options
        )
    return _media_file(path, first.size)


@dataclass(frozen=True, slots=True)
class _LaterFrames:
    """The frames after the first, decoded anew each time somebody walks through them: the PNG encoder does so twice."""

    decoded: Decoded
    shaped: _Shape

    def __iter__(self) -> Iterator[Image.Image]:
        return (self.shaped(frame) for frame in islice(frames(self.decoded), 1, None))


def _new_path(target_dir: Path, encoding: str, made: list[Path]) -> Path:
    path = target_dir / generate_name(CONTENT_TYPES[_ENDINGS[encoding]])
    made.append(path)
    return path


def _media_file(path: Path, size: tuple[int, int]) -> MediaFile:
    content_type = CONTENT_TYPES[path.suffix.removeprefix(".")]
    return MediaFile(
        name=path.name, content_type=content_type, size_bytes=path.stat().st_size, width=size[0], height=size[1]
    )
