"""Files people attach: checked, cleaned, kept and served.

Nothing that came from outside decides what a file is called, where it lies or which program reads it (S53); every
picture is decoded and written anew, so that what is served was made here. Decoders are loaded when the first picture
comes: many a process never sees one.
"""

from pathlib import Path

from fedorg.media.apart import Film, FilmKind, FilmLimits, format_of
from fedorg.media.apart import inspect as inspect_film
from fedorg.media.apart import make as make_film
from fedorg.media.focus import parse_focus
from fedorg.media.names import (
    CONTENT_TYPES,
    RECEIVED_TYPE,
    content_type_of,
    generate_name,
    generate_received_name,
)
from fedorg.media.serving import serving_headers
from fedorg.media.storage import FileStorage, Storage
from fedorg.media.values import MediaFile, MediaKind, MediaLimits, ProcessedMedia, UnsupportedMedia

__all__ = [
    "CONTENT_TYPES",
    "RECEIVED_TYPE",
    "FileStorage",
    "Film",
    "FilmKind",
    "FilmLimits",
    "MediaFile",
    "MediaKind",
    "MediaLimits",
    "ProcessedMedia",
    "Storage",
    "UnsupportedMedia",
    "content_type_of",
    "format_of",
    "generate_name",
    "generate_received_name",
    "inspect_and_process",
    "inspect_film",
    "is_moving_gif",
    "make_film",
    "parse_focus",
    "serving_headers",
]


def inspect_and_process(source: Path, target_dir: Path, kind: MediaKind, limits: MediaLimits) -> ProcessedMedia:
    """See ``fedorg.media.images``."""
    from fedorg.media import images  # noqa: PLC0415 - it loads the decoders

    return images.inspect_and_process(source, target_dir, kind, limits)


def is_moving_gif(source: Path) -> bool:
    """See ``fedorg.media.decoding``."""
    from fedorg.media import decoding  # noqa: PLC0415 - likewise

    return decoding.is_moving_gif(source)
