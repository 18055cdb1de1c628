"""Files people attach: checked, cleaned, kept and served.

Nothing that came from outside decides what a file is called, where it lies or which program reads it (S53); every
picture is decoded and written anew, so that what is served was made here.
"""

from fedorg.media.apart import Film, FilmKind, FilmLimits, format_of
from fedorg.media.apart import inspect as inspect_film
from fedorg.media.apart import make as make_film
from fedorg.media.decoding import is_moving_gif
from fedorg.media.focus import parse_focus
from fedorg.media.images import MediaFile, MediaKind, MediaLimits, ProcessedMedia, UnsupportedMedia, inspect_and_process
from fedorg.media.names import (
    CONTENT_TYPES,
    RECEIVED_TYPE,
    content_type_of,
    generate_name,
    generate_received_name,
)
from fedorg.media.serving import serving_headers
from fedorg.media.storage import FileStorage, Storage

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
