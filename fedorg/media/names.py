"""Names of stored files: 128 random bits and the ending of a known type, never a word from outside (S53)."""

import re
import secrets
from collections.abc import Mapping
from typing import Final

CONTENT_TYPES: Final[Mapping[str, str]] = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "mp4": "video/mp4",
    "webm": "video/webm",
}

RECEIVED_TYPE: Final = "application/octet-stream"
_RECEIVED: Final = "received"


def generate_name(content_type: str) -> str:
    """A new name, such as ``0f…9c.jpg``; ``ValueError`` for a type that is not stored."""
    ending = next((ending for ending, known in CONTENT_TYPES.items() if known == content_type), None)
    if ending is None:
        raise ValueError(f"files of type {content_type!r} are not stored")
    return f"{secrets.token_hex(16)}.{ending}"


def content_type_of(name: str) -> str | None:
    """The type a generated name stands for; None for a name that was not generated here."""
    match = _NAME.fullmatch(name)
    return CONTENT_TYPES.get(match[1]) if match else None


def generate_received_name() -> str:
    """A new name for an upload as it came, which is stored for a while and never served."""
    return f"{secrets.token_hex(16)}.{_RECEIVED}"


def stored_type_of(name: str) -> str | None:
    """The type under which a file is stored; None for a name that was not generated here."""
    return RECEIVED_TYPE if name.endswith(f".{_RECEIVED}") and _NAME.fullmatch(name) else content_type_of(name)


_NAME: Final = re.compile(rf"[0-9a-f]{{32}}\.({'|'.join((*CONTENT_TYPES, _RECEIVED))})")
