"""Pictures of telephones (HEIC, HEIF) are read in a process of their own: their decoders are large and young.

The process gets an open file, limits which it sets before it reads a byte, and no environment; what comes back are
pixels and their number, nothing that would have to be decoded once more. Made for a thread: it blocks.
"""

import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec
from PIL import Image

from fedorg.errors import Invalid, Unavailable

TOO_COSTLY: Final = "The picture takes too long to process: it is too large"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeifLimits:
    """What the process may use; it is asked for pixels up to ``source_pixels_max`` of the node's limits."""

    memory_bytes_max: int = 1024 * 1024 * 1024
    processor_seconds_max: int = 60
    wall_seconds_max: float = 60.0


class Pixels(msgspec.Struct, frozen=True, tag=True):
    """A picture upright in sRGB, whose pixels follow row by row."""

    mode: Literal["RGB", "RGBA"]
    width: int
    height: int


class TooLargePicture(msgspec.Struct, frozen=True, tag=True):
    """The picture claims more pixels than are taken in; none follow."""

    width: int
    height: int


Answer = Pixels | TooLargePicture


def is_heif(source: Path) -> bool:
    """Whether a file begins as a picture in HEIF that is not an AVIF."""
    with source.open("rb") as file:
        beginning = file.read(_BEGINNING_BYTES)
    if beginning[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(beginning[:4], "big"), len(beginning))
    brands = {beginning[at : at + 4] for at in (8, *range(16, end - 3, 4))}
    return beginning[8:12] in _BRANDS and not brands & _AVIF_BRANDS


def unpack(source: Path, pixels_max: int, limits: HeifLimits) -> Image.Image:
    """The picture upright in sRGB, in RGB or RGBA.

    ``Invalid`` for one of more pixels or that costs too much, ``OSError`` for what is no whole picture, ``Unavailable``
    when the process was ended from outside: it may be tried again.
    """
    with source.open("rb") as given, tempfile.TemporaryFile() as made:
        try:
            status = subprocess.run(  # noqa: S603 - our own program
                [sys.executable, "-I", "-m", "fedorg.media.heif_apart", str(pixels_max), *_words(limits)],
                stdin=given,
                stdout=made,
                stderr=subprocess.DEVNULL,
                env={"LC_ALL": "C.UTF-8"},
                timeout=limits.wall_seconds_max,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired as problem:
            raise Invalid(TOO_COSTLY) from problem
        if status in {-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}:
            raise Unavailable("The picture could not be processed now")
        if status in {-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGXFSZ}:
            raise Invalid(TOO_COSTLY)
        if status:
            raise OSError("not a whole picture")
        made.seek(0)
        answer = msgspec.json.decode(made.readline(_ANSWER_BYTES_MAX), type=Answer)
        if isinstance(answer, TooLargePicture) or answer.width * answer.height > pixels_max:
            raise Invalid(f"A picture of {answer.width} by {answer.height} pixels is too large")
        return Image.frombytes(answer.mode, (answer.width, answer.height), made.read())


_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_BEGINNING_BYTES: Final = 128
_ANSWER_BYTES_MAX: Final = 200


def _words(limits: HeifLimits) -> list[str]:
    return [str(limits.memory_bytes_max), str(limits.processor_seconds_max)]
