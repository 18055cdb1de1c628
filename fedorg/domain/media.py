"""What is known of a file beside its name: whether it can be shown yet, and how it plays."""

from dataclasses import dataclass
from enum import StrEnum


class MediaState(StrEnum):
    """Whether a file can be shown: films and sounds are made anew after the upload was answered."""

    READY = "ready"
    PROCESSING = "processing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """How a film or a sound plays. ``frame_rate`` is a fraction such as ``30/1``, bitrates are bits per second."""

    seconds: float
    bitrate: int = 0
    frame_rate: str | None = None
    audio_codec: str | None = None
    audio_bitrate: int = 0
    audio_channels: str | None = None
