"""JSON from strangers: its depth and number of members are counted before the first object is built (S29).

Strict: UTF-8, one value, no NaN. Of a key that stands twice the last one counts. The readers of small documents
(WebFinger, NodeInfo) take single members with ``text_at`` and the like, each within bounds.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from federation.errors import MalformedDocument

DEPTH_MAX: Final = 32
MEMBERS_MAX: Final = 20_000
TEXT_MAX: Final = 2048
ITEMS_MAX: Final = 100

# Possessive, and a string that never ends takes the rest: otherwise the scan of such a body takes quadratic time. The
# decoder refuses it afterwards.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NOT_STRUCTURE: Final = bytes(byte for byte in range(256) if byte not in b"[]{},")


def load_json(body: bytes) -> object:
    """The value in these bytes; raises ``MalformedDocument`` for bad JSON and for too much of it."""
    _require_bounds(body)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise MalformedDocument("The document is not JSON") from problem


def _require_bounds(body: bytes) -> None:
    # A part is a name and a text at most. To skip half a million empty strings takes longer than all the rest.
    if body.count(b'"') - body.count(b'\\"') > 4 * MEMBERS_MAX:
        raise MalformedDocument(f"The document has more than {MEMBERS_MAX} parts")
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


def require_object(value: object, what: str) -> Mapping[str, object]:
    """The value as a JSON object; ``what`` names it in the error."""
    if not isinstance(value, dict):
        raise MalformedDocument(f"{what} is not an object")
    return value


def text_at(parent: Mapping[str, object], key: str, length_max: int = TEXT_MAX) -> str | None:
    """A member that is a string of at most ``length_max`` characters; None if it is anything else."""
    value = parent.get(key)
    return value if isinstance(value, str) and len(value) <= length_max else None


def number_at(parent: Mapping[str, object], key: str) -> int | None:
    """A member that is a whole number from zero; None if it is anything else."""
    value = parent.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def object_at(parent: Mapping[str, object], key: str) -> Mapping[str, object]:
    """A member that is an object; an empty one if it is anything else."""
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def list_at(parent: Mapping[str, object], key: str) -> Sequence[object]:
    """At most ``ITEMS_MAX`` items of a member that is a list; none if it is anything else."""
    value = parent.get(key)
    return value[:ITEMS_MAX] if isinstance(value, list) else ()
