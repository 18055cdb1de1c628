"""Films and sounds are read in a process of their own: what a hostile file does to a decoder, it does to nobody else.

The process gets a file, an empty folder and limits on memory, processor time and size of what it writes, which it sets
before it reads a byte; no environment, and no say in which reader of formats is tried. What it cannot make within its
time is refused. Should it be ended from outside, nothing is known about the file: the caller tries again.
"""

import asyncio
import contextlib
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from fedorg.domain.limits import VIDEO_FRAME_RATE_MAX, VIDEO_PIXELS_MAX, VIDEO_SECONDS_MAX
from fedorg.domain.media import Playback
from fedorg.errors import Invalid, Unavailable
from fedorg.media.values import MediaFile, UnsupportedMedia

FilmKind = Literal["gifv", "video", "audio"]

TOO_COSTLY: Final = "The file takes too long to process: it is too long or too large"
MALFORMED_STATUS: Final = 65
NO_ROOM_STATUS: Final = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmLimits:
    """What is taken in, what is made of it (``shown_``), and what the process that does may use."""

    pixels_max: int = VIDEO_PIXELS_MAX
    frame_rate_max: int = VIDEO_FRAME_RATE_MAX
    seconds_max: int = VIDEO_SECONDS_MAX
    streams_max: int = 16
    shown_pixels_max: int = 1920 * 1080
    shown_frame_rate_max: int = 60
    shown_bitrate_max: int = 8_000_000
    preview_pixels_max: int = 640 * 360
    written_bytes_max: int = 256 * 1024 * 1024
    memory_bytes_max: int = 2 * 1024 * 1024 * 1024
    processor_seconds_max: int = 240
    wall_seconds_max: float = 270.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What was made of a film, a moving picture or a sound; a sound has a preview if it came with a picture."""

    kind: FilmKind
    original: MediaFile
    preview: MediaFile | None
    blurhash: str | None
    playback: Playback


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the process is told; ``target`` is None where only the kind is asked for."""

    source: str
    format: str
    target: str | None
    limits: FilmLimits


class Refusal(msgspec.Struct, frozen=True, tag=True):
    """Why a file is not taken, in words for who sent it."""

    message: str


class Inspected(msgspec.Struct, frozen=True, tag=True):
    """What kind of file it is."""

    kind: FilmKind


class Made(msgspec.Struct, frozen=True, tag=True):
    """What was made."""

    film: Film


Report = Refusal | Inspected | Made


def format_of(source: Path) -> str | None:
    """Which reader a film or sound is given to, by its first bytes; None for everything else."""
    with source.open("rb") as file:
        beginning = file.read(16)
    if beginning[4:8] == b"ftyp":
        return None if beginning[8:12] in _PICTURE_BRANDS else "mov"
    if beginning[:4] == b"RIFF":
        return "wav" if beginning[8:12] == b"WAVE" else None
    if len(beginning) > 1 and beginning[0] == 0xFF and beginning[1] & 0xE0 == 0xE0:  # noqa: PLR2004 - a frame's first bits
        return "aac" if beginning[1] & 0x06 == 0 else "mp3"
    return next((name for mark, name in _MARKS.items() if beginning.startswith(mark)), None)


async def inspect(source: Path, container: str, limits: FilmLimits) -> FilmKind:
    """What kind of file it is; ``UnsupportedMedia`` or ``Invalid`` for one that cannot be taken."""
    match await _ask(Task(source=str(source), format=container, target=None, limits=limits)):
        case Inspected(kind=kind):
            return kind
        case _:
            raise UnsupportedMedia


async def make(source: Path, container: str, target: Path, limits: FilmLimits) -> Film:
    """Make what is shown of a file, in the folder ``target``; raises what ``inspect`` raises.

    ``Unavailable`` when the process was ended from outside, or had no room: it may be tried again.
    """
    match await _ask(Task(source=str(source), format=container, target=str(target), limits=limits)):
        case Made(film=film):
            return film
        case _:
            raise UnsupportedMedia


_PICTURE_BRANDS: Final = frozenset(
    {b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
)
_MARKS: Final = {b"GIF8": "gif", b"\x1aE\xdf\xa3": "matroska", b"OggS": "ogg", b"fLaC": "flac", b"ID3": "mp3"}
_ENDED_FROM_OUTSIDE: Final = frozenset({-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP, NO_ROOM_STATUS})


async def _ask(task: Task) -> Report:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "fedorg.media.films",
        # Not by its input: whoever is ended before it reads that makes some event loops raise what others do not.
        msgspec.json.encode(task),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=Path(task.source).parent,
        env={"LC_ALL": "C.UTF-8"},
    )
    try:
        async with asyncio.timeout(task.limits.wall_seconds_max):
            answer, _ = await process.communicate()
    except TimeoutError as problem:
        raise Invalid(TOO_COSTLY) from problem
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return _read(process.returncode or 0, answer)


def _read(status: int, answer: bytes) -> Report:
    if status in _ENDED_FROM_OUTSIDE:
        raise Unavailable("The file could not be processed now")
    if status in {-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGXFSZ}:
        raise Invalid(TOO_COSTLY)
    if status:
        raise UnsupportedMedia
    report: Report = msgspec.json.decode(answer, type=Report)
    if isinstance(report, Refusal):
        raise Invalid(report.message)
    return report
