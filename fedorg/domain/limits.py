"""What a profile, and a status beside its text, may hold: told to clients, and kept."""

from typing import Final

DISPLAY_NAME_MAX: Final = 60
NOTE_MAX: Final = 500
FIELDS_MAX: Final = 6
FIELD_NAME_MAX: Final = 255
FIELD_VALUE_MAX: Final = 255
DESCRIPTION_MAX: Final = 1500
ATTRIBUTION_DOMAINS_MAX: Final = 10
ATTACHMENTS_MAX: Final = 4
CHARACTERS_PER_URL: Final = 23
PINS_MAX: Final = 5
FEATURED_TAGS_MAX: Final = 10
IMAGE_PIXELS_MAX: Final = 7680 * 4320
IMAGE_TYPES: Final = (
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/heic",
    "image/heif",
    "image/webp",
    "image/avif",
)
VIDEO_PIXELS_MAX: Final = 3840 * 2160
VIDEO_FRAME_RATE_MAX: Final = 120
VIDEO_SECONDS_MAX: Final = 3600
VIDEO_TYPES: Final = ("video/mp4", "video/quicktime", "video/webm", "video/x-matroska", "video/ogg")
AUDIO_TYPES: Final = (
    "audio/mpeg",
    "audio/mp3",
    "audio/mp4",
    "audio/m4a",
    "audio/x-m4a",
    "audio/aac",
    "audio/ogg",
    "audio/webm",
    "audio/flac",
    "audio/x-flac",
    "audio/wav",
    "audio/x-wav",
    "audio/vnd.wave",
)
