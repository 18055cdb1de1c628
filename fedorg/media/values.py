"""What is said of files: their limits, what was made of them, and that one is none. Knows no decoder."""

from dataclasses import dataclass
from typing import Literal

from fedorg.errors import Invalid

MediaKind = Literal["attachment", "avatar", "header"]


class UnsupportedMedia(Invalid):
    """The file is not of a kind that can be shown; the words are Mastodon's, for its clients."""

    def __init__(self, message: str = "File type of uploaded media could not be verified") -> None:
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """What a node takes in and hands out.

    ``source_pixels_max`` is checked before decoding; ``animation_pixels_max`` bounds the sum over all frames, of which
    an encoder may keep each in memory at four bytes a pixel.
    """

    image_bytes_max: int = 16 * 1024 * 1024
    source_pixels_max: int = 7680 * 4320
    frames_max: int = 600
    animation_pixels_max: int = 64_000_000
    attachment_pixels_max: int = 3840 * 2160
    preview_pixels_max: int = 640 * 360


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """A file in the target directory, under a generated name."""

    name: str
    content_type: str
    size_bytes: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessedMedia:
    """The files made of one upload.

    ``preview`` never moves: for an attachment it is the small picture, for an avatar or header the static version,
    which is ``original`` itself when that does not move either.
    """

    original: MediaFile
    preview: MediaFile
    blurhash: str
    is_animated: bool

    @property
    def type(self) -> Literal["image"]:
        """The Mastodon media type."""
        return "image"
