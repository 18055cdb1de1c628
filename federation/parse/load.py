"""Bytes to a JSON object, bounded before anything is built (S29).

A single linear scan over brackets, colons and commas, strings skipped, refuses what nests too deep or holds too much;
only then the decoder runs. It accepts UTF-8 alone, and neither lone surrogates nor ``NaN``. Spec: RFC 8259.
"""

import re
from typing import Final

import msgspec

from federation.errors import MalformedDocument
from federation.parse.limits import DEPTH_MAX, DOCUMENT_BYTES_MAX, KEYS_MAX, VALUES_MAX

JsonObject = dict[str, object]

_BOM: Final = b"\xef\xbb\xbf"
# A string that never ends takes the rest, so that the scan stays linear; the decoder refuses it afterwards.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}:,]', re.DOTALL)


def load_json(body: bytes) -> JsonObject:
    """The JSON object in ``body``; raises ``MalformedDocument`` for anything else, or for too much of it."""
    if len(body) > DOCUMENT_BYTES_MAX:
        raise MalformedDocument(f"The document has more than {DOCUMENT_BYTES_MAX} bytes.")
    body = body.removeprefix(_BOM)
    _require_bounds(body)
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise MalformedDocument("The document is not JSON.") from problem
    if not isinstance(document, dict):
        raise MalformedDocument("The document is not a JSON object.")
    return document


def _require_bounds(body: bytes) -> None:
    depth = keys = values = 0
    for token in _TOKEN.finditer(body):
        match body[token.start()]:
            case 0x5B | 0x7B:
                depth += 1
            case 0x5D | 0x7D:
                depth -= 1
            case 0x3A:
                keys += 1
            case 0x2C:
                values += 1
            case _:
                continue
        if depth > DEPTH_MAX:
            raise MalformedDocument(f"The document nests deeper than {DEPTH_MAX} levels.")
        if keys > KEYS_MAX or values > VALUES_MAX:
            raise MalformedDocument("The document holds too many values.")
