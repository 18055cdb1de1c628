"""What is shown of films, moving pictures and sounds; the whole of the process that ``fedorg.media.apart`` starts.

A film becomes MP4 with H.264 and AAC that plays while it loads, upright, in even sizes; one that is so already is
copied into a new container. A moving picture becomes a silent film. A sound that browsers play is copied, any other
becomes MP3. Nothing else that a file holds, texts, places, further streams, comes along.

A reader of formats gets an open file and its own name for the format, and may open nothing else: a list of other files
or addresses within a file leads nowhere.
"""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Never

import av
import av.container
import av.filter
import av.stream
import msgspec
from PIL import Image

from fedorg.domain.media import Playback
from fedorg.errors import FedorgError, Invalid
from fedorg.media.apart import (
    MALFORMED_STATUS,
    NO_ROOM_STATUS,
    Film,
    FilmKind,
    FilmLimits,
    Inspected,
    Made,
    Refusal,
    Report,
    Task,
)
from fedorg.media.blurhash import blurhash
from fedorg.media.confining import confine
from fedorg.media.images import shrunk, write_still
from fedorg.media.names import CONTENT_TYPES, generate_name
from fedorg.media.values import MediaFile, UnsupportedMedia


@dataclass(frozen=True, slots=True)
class _Streams:
    """The streams that count: the first film, the first sound, and a picture that stands for the sound."""

    film: Any
    sound: Any
    cover: Any


def main() -> int:
    """Do the task in the argument, and report to standard output; the exit status tells what cannot be said there."""
    task = msgspec.json.decode(sys.argv[1], type=Task)
    confine(
        memory_bytes_max=task.limits.memory_bytes_max,
        processor_seconds_max=task.limits.processor_seconds_max,
        written_bytes_max=task.limits.written_bytes_max,
    )
    try:
        report = _report(task)
    except OSError as problem:
        if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
            return NO_ROOM_STATUS
        return MALFORMED_STATUS
    except Exception:  # noqa: BLE001 - whatever a decoder raises means: not a file that can be shown
        return MALFORMED_STATUS
    sys.stdout.buffer.write(msgspec.json.encode(report))
    return 0


def make(source: Path, container_format: str, target: Path, limits: FilmLimits) -> Film:
    """Make the files in ``target``; what cannot be taken raises ``Invalid`` or what the decoder raises."""
    with _opened(source, container_format) as container:
        streams = _streams(container, limits)
        kind = _kind(container_format, streams)
        pictured = streams.film or streams.cover
        still = None if pictured is None else _first_picture(container, pictured)
    made: list[Path] = []
    rotation = 0 if still is None else still.info.pop("rotation")
    with _opened(source, container_format) as container:
        streams = _streams(container, limits)
        if kind == "audio":
            path = _make_sound(container, container_format, streams.sound, target, limits)
        elif kind == "video" and rotation == 0 and _is_fitting(container_format, container, streams, limits):
            path = _copy(container, [one for one in (streams.film, streams.sound) if one], target, "mp4")
        else:
            path = _encode(container, streams, kind, rotation, target, limits)
    playback, size = _look(path)
    if playback.seconds > limits.seconds_max:
        raise Invalid(f"Films and sounds of more than {limits.seconds_max} seconds are not supported")
    return Film(
        kind=kind,
        original=MediaFile(
            name=path.name,
            content_type=CONTENT_TYPES[path.suffix.removeprefix(".")],
            size_bytes=path.stat().st_size,
            width=size[0],
            height=size[1],
        ),
        preview=None if still is None else write_still(target, shrunk(still, limits.preview_pixels_max), "JPEG", made),
        blurhash=None if still is None else blurhash(still),
        playback=playback,
    )


_BLACK_MAX: Final = 32
_PICTURES_LOOKED_AT_MAX: Final = 90
_TURNS: Final[dict[int, tuple[str, ...]]] = {90: ("cclock",), -90: ("clock",), 180: ("clock", "clock")}
_COPIED_SOUNDS: Final = {"mp3": "mp3", "vorbis": "ogg", "opus": "ogg", "flac": "flac"}
_MUXERS: Final = {"mp3": "mp3", "ogg": "ogg", "flac": "flac", "m4a": "mp4", "mp4": "mp4"}
_CLOCK: Final = Fraction(1, 90_000)
_SOUND_RATE: Final = 44_100


def _report(task: Task) -> Report:
    try:
        if task.target is not None:
            return Made(make(Path(task.source), task.format, Path(task.target), task.limits))
        with _opened(Path(task.source), task.format) as container:
            return Inspected(_kind(task.format, _streams(container, task.limits)))
    except FedorgError as problem:
        return Refusal(str(problem))


@contextmanager
def _opened(source: Path, container_format: str) -> Iterator[av.container.InputContainer]:
    with (
        source.open("rb") as file,
        av.open(file, "r", format=container_format, io_open=_refuse_to_open) as container,
    ):
        yield container


def _refuse_to_open(*_asked: object) -> Never:
    raise PermissionError("a file names another one")


def _streams(container: av.container.InputContainer, limits: FilmLimits) -> _Streams:
    if len(container.streams) > limits.streams_max:
        raise UnsupportedMedia
    if (container.duration or 0) / av.time_base > limits.seconds_max:
        raise Invalid(f"Films and sounds of more than {limits.seconds_max} seconds are not supported")
    pictured = list(container.streams.video)
    covers = [one for one in pictured if one.disposition & av.stream.Disposition.attached_pic]
    films = [one for one in pictured if one not in covers]
    for one in (*films[:1], *covers[:1]):
        one.codec_context.options = {"max_pixels": str(limits.pixels_max)}
        if one.width * one.height > limits.pixels_max:
            raise Invalid(f"{one.width}x{one.height} videos are not supported")
        if one.average_rate and one.average_rate > limits.frame_rate_max and one in films:
            raise Invalid(f"{round(one.average_rate)}fps videos are not supported")
    sounds = list(container.streams.audio)
    if not films and not sounds:
        raise UnsupportedMedia
    return _Streams(film=next(iter(films), None), sound=next(iter(sounds), None), cover=next(iter(covers), None))


def _kind(container_format: str, streams: _Streams) -> FilmKind:
    if streams.film is None:
        return "audio"
    return "gifv" if container_format == "gif" else "video"


def _first_picture(container: av.container.InputContainer, stream: Any) -> Image.Image:  # noqa: ANN401 - a stream of PyAV
    """The first picture that is not black, upright; how it had to be turned is in ``info["rotation"]``."""
    first: Image.Image | None = None
    rotation = 0
    for number, frame in enumerate(container.decode(stream)):
        rotation = _rotation(frame) if number == 0 else rotation
        image = frame.to_image()
        first = first or image
        if max(image.convert("L").getextrema()) > _BLACK_MAX:
            first = image
            break
        if number >= _PICTURES_LOOKED_AT_MAX:
            break
    if first is None:
        raise UnsupportedMedia
    upright = first.rotate(rotation, expand=True) if rotation else first
    upright = upright.convert("RGB")
    upright.info["rotation"] = rotation
    return upright


def _rotation(frame: av.VideoFrame) -> int:
    """Degrees to turn the frame against the clock, in quarters: 0, 90, -90 or 180."""
    quarters = round(frame.rotation / 90) % 4
    return {0: 0, 1: 90, 2: 180, 3: -90}[quarters]


def _is_fitting(
    container_format: str, container: av.container.InputContainer, streams: _Streams, limits: FilmLimits
) -> bool:
    film, sound = streams.film, streams.sound
    return (
        container_format == "mov"
        and film.codec_context.name == "h264"
        and film.codec_context.pix_fmt == "yuv420p"
        and film.width % 2 == film.height % 2 == 0
        and film.width * film.height <= limits.shown_pixels_max
        and (film.average_rate or 0) <= limits.shown_frame_rate_max
        and (container.bit_rate or 0) <= limits.shown_bitrate_max
        and (sound is None or sound.codec_context.name == "aac")
    )


def _new_path(target: Path, ending: str) -> Path:
    return target / generate_name(CONTENT_TYPES[ending])


@contextmanager
def _written(path: Path) -> Iterator[av.container.OutputContainer]:
    muxer = _MUXERS[path.suffix.removeprefix(".")]
    options = {"movflags": "+faststart"} if muxer == "mp4" else {}
    with av.open(str(path), "w", format=muxer, options=options) as out:
        yield out


def _copy(container: av.container.InputContainer, streams: list[Any], target: Path, ending: str) -> Path:
    """The streams as they are, in a new container."""
    path = _new_path(target, ending)
    with _written(path) as out:
        copies = {stream.index: out.add_stream_from_template(stream) for stream in streams}
        for copy in copies.values():
            copy.metadata.clear()
        for packet in container.demux(streams):
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    return path


def _make_sound(
    container: av.container.InputContainer,
    container_format: str,
    sound: Any,  # noqa: ANN401 - a stream of PyAV
    target: Path,
    limits: FilmLimits,
) -> Path:
    codec = sound.codec_context.name
    is_mp4 = codec == "aac" and container_format == "mov"
    ending = "m4a" if is_mp4 else _COPIED_SOUNDS.get("mp3" if codec == "mp3float" else codec)
    if ending is not None:
        # A sound that cannot be decoded raises here.
        if next(iter(container.decode(sound)), None) is None:
            raise UnsupportedMedia
        container.seek(0)
        return _copy(container, [sound], target, ending)
    path = _new_path(target, "mp3")
    with _written(path) as out:
        encoder = out.add_stream("libmp3lame", rate=_SOUND_RATE, layout=_layout(sound))
        encoder.bit_rate = 192_000
        for frame in container.decode(sound):
            _check_time(frame, limits)
            out.mux(encoder.encode(frame))
        out.mux(encoder.encode(None))
    return path


def _layout(sound: Any) -> str:  # noqa: ANN401 - a stream of PyAV
    return "mono" if sound.codec_context.layout.nb_channels == 1 else "stereo"


def _encode(
    container: av.container.InputContainer,
    streams: _Streams,
    kind: FilmKind,
    rotation: int,
    target: Path,
    limits: FilmLimits,
) -> Path:
    """The film written anew, frame by frame; a moving picture without its sound."""
    film, sound = streams.film, streams.sound if kind == "video" else None
    path = _new_path(target, "mp4")
    turned = (film.height, film.width) if rotation in {90, -90} else (film.width, film.height)
    width, height = _even_size(turned, limits.shown_pixels_max)
    with _written(path) as out:
        rate = min(Fraction(film.average_rate or 25), Fraction(limits.shown_frame_rate_max))
        pictures = out.add_stream("libx264", rate=rate, options=_encoder_options(limits))
        pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
        pictures.codec_context.time_base = _CLOCK
        pictures.codec_context.thread_count = 1
        sounds = None if sound is None else out.add_stream("aac", rate=_SOUND_RATE, layout=_layout(sound))
        shaper = _Shaper(rotation, (width, height), limits)
        for packet in container.demux([one for one in (film, sound) if one is not None]):
            for frame in packet.decode():
                _check_time(frame, limits)
                if isinstance(frame, av.VideoFrame):
                    for shaped in shaper.shape(frame):
                        out.mux(pictures.encode(shaped))
                elif isinstance(frame, av.AudioFrame) and sounds is not None:
                    out.mux(sounds.encode(frame))
        out.mux(pictures.encode(None))
        if sounds is not None:
            out.mux(sounds.encode(None))
    return path


def _encoder_options(limits: FilmLimits) -> dict[str, str]:
    return {
        "preset": "veryfast",
        "crf": "23",
        "maxrate": str(limits.shown_bitrate_max),
        "bufsize": str(2 * limits.shown_bitrate_max),
        "threads": "1",
    }


def _even_size(size: tuple[int, int], pixels_max: int) -> tuple[int, int]:
    width, height = size
    scale = min(1.0, (pixels_max / (width * height)) ** 0.5)
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


def _check_time(frame: Any, limits: FilmLimits) -> None:  # noqa: ANN401 - a frame of PyAV
    if frame.time is not None and frame.time > limits.seconds_max:
        raise Invalid(f"Films and sounds of more than {limits.seconds_max} seconds are not supported")


class _Shaper:
    """Turns and scales frames, lets go of those that come too fast, and keeps their times going forward."""

    def __init__(self, rotation: int, size: tuple[int, int], limits: FilmLimits) -> None:
        self._rotation = rotation
        self._size = size
        self._shape: tuple[int, int, str] | None = None
        self._graph: Any = None
        self._next_at = 0.0
        self._last_pts = -1
        # A little less than the shortest time between two frames: their times are rounded.
        self._step = 0.9 / limits.shown_frame_rate_max

    def shape(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """The frame as it is to be encoded, or nothing."""
        # Without a time of its own, a frame follows the one before.
        at = self._next_at if frame.pts is None else frame.time
        if at < self._next_at and self._last_pts >= 0:
            return
        self._next_at = at + self._step
        shape = (frame.width, frame.height, frame.format.name)
        if shape != self._shape:
            self._shape, self._graph = shape, self._new_graph(frame)
        self._graph.push(frame)
        shaped = self._graph.pull()
        shaped.pts = self._last_pts = max(self._last_pts + 1, round(at / _CLOCK))
        shaped.time_base = _CLOCK
        # What kind of frame it becomes is the encoder's choice.
        shaped.pict_type = 0
        yield shaped

    def _new_graph(self, frame: av.VideoFrame) -> av.filter.Graph:
        graph = av.filter.Graph()
        steps = [
            graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base or _CLOCK,
            ),
            *(graph.add("transpose", turn) for turn in _TURNS.get(self._rotation, ())),
            graph.add("scale", f"{self._size[0]}:{self._size[1]}"),
            graph.add("format", "yuv420p"),
            graph.add("buffersink"),
        ]
        for left, right in pairwise(steps):
            left.link_to(right)
        graph.configure()
        return graph


def _look(path: Path) -> tuple[Playback, tuple[int, int]]:
    """How the new file plays, and its size in pixels: none for a sound."""
    with av.open(str(path)) as container:
        film, sound = next(iter(container.streams.video), None), next(iter(container.streams.audio), None)
        playback = Playback(
            seconds=round((container.duration or 0) / av.time_base, 3),
            bitrate=container.bit_rate or 0,
            frame_rate=None if film is None or not film.average_rate else _fraction(film.average_rate),
            audio_codec=None if sound is None else sound.codec_context.codec.canonical_name,
            audio_bitrate=0 if sound is None else sound.bit_rate or 0,
            audio_channels=None if sound is None else sound.layout.name,
        )
        return playback, (0, 0) if film is None else (film.width, film.height)


def _fraction(rate: Fraction) -> str:
    return f"{rate.numerator}/{rate.denominator}"


if __name__ == "__main__":
    sys.exit(main())
