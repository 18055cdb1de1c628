"""The headers under which a stored file is served (S3); files of other servers are never passed on from here.

A browser shows a picture, a sound or a film of the list; everything else, whatever it calls itself, is an unnamed
download. No type is guessed, and a file that is opened as a page may do nothing.
"""

from typing import Final

SHOWN_TYPES: Final = frozenset(
    {"image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"}
    | {"audio/flac", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/webm", "video/mp4", "video/webm"}
)


def serving_headers(content_type: str) -> dict[str, str]:
    """All headers that depend on the type; caching is the view's matter."""
    plain_type = content_type.partition(";")[0].strip().lower()
    is_shown = plain_type in SHOWN_TYPES
    return {
        "Content-Type": plain_type if is_shown else "application/octet-stream",
        "Content-Disposition": "inline" if is_shown else "attachment",
        "Content-Security-Policy": "default-src 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }
