"""Bytes to the JSON object that the readers of this package walk through, bounded before anything is built (S29)."""

from typing import Final

from federation import bounded_json
from federation.errors import MalformedDocument

JsonObject = dict[str, object]

DOCUMENT_BYTES_MAX: Final = 1_048_576

_BOM: Final = b"\xef\xbb\xbf"


def load_json(body: bytes) -> JsonObject:
    """The JSON object in ``body``; raises ``MalformedDocument`` for anything else, or for too much of it."""
    if len(body) > DOCUMENT_BYTES_MAX:
        raise MalformedDocument(f"The document has more than {DOCUMENT_BYTES_MAX} bytes.")
    document = bounded_json.load_json(body.removeprefix(_BOM))
    if not isinstance(document, dict):
        raise MalformedDocument("The document is not a JSON object.")
    return document
