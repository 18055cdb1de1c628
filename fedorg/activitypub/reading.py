"""Activities are read once: the door and the job that handles one ask for the same text moments apart."""

from typing import Final

from federation import parse
from federation.activities import Activity
from federation.errors import MalformedDocument
from fedorg.kept import Kept

# Many of them are small; what a large one is made into would stay for long.
_TEXT_MAX: Final = 64 * 1024
_BYTES_MAX: Final = 4 * 1024 * 1024
# What is made of a text takes several times its size.
_EACH_BYTES: Final = 16 * 1024


def read(body: bytes) -> tuple[parse.JsonObject, Activity]:
    """The document and the activity in it, which nobody changes; raises ``MalformedDocument``."""
    try:
        text = body.decode()
    except UnicodeDecodeError as problem:
        raise MalformedDocument("The document is not JSON") from problem
    return _KEPT.of(text, text) if len(text) <= _TEXT_MAX else _read(text)


def _read(text: str) -> tuple[parse.JsonObject, Activity]:
    document = parse.load_json(text.encode())
    return document, parse.activity(document)


_KEPT: Final = Kept(_read, bytes_max=_BYTES_MAX, each_bytes=_EACH_BYTES)
