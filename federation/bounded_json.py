"""JSON from strangers: its depth and number of members are counted before the first object is built (S29).

Strict: UTF-8, one value, no NaN. Of a key that stands twice the last one counts.
"""

import re
from typing import Final

import msgspec

from federation.errors import MalformedDocument

DEPTH_MAX: Final = 32
MEMBERS_MAX: Final = 20_000

_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_STRUCTURE: Final = bytes(byte for byte in range(256) if byte not in b"[]{},")


def load_json(body: bytes) -> object:
    """The value in these bytes; raises ``MalformedDocument`` for bad JSON and for too much of it."""
    _require_bounds(body)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise MalformedDocument("The document is not JSON") from problem


def _require_bounds(body: bytes) -> None:
    structure = _STRING.sub(b"", body).translate(None, _NOT_STRUCTURE)
    if len(structure) > MEMBERS_MAX:
        raise MalformedDocument(f"The document has more than {MEMBERS_MAX} parts")
    depth = 0
    for byte in structure:
        if byte in b"[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise MalformedDocument(f"The document is nested deeper than {DEPTH_MAX}")
        elif byte in b"]}":
            depth -= 1
