"""Do two servers agree on who follows whom? Asked with each delivery, by a digest of the followers at the receiver.

The sender names its followers collection, where the receiver can fetch the part of it that concerns it, and a digest of
that part; the receiver compares with its own rows and fetches only when they differ. A header counts only in a request
whose signature covers it, and only for the sender's own collection: ``check``. Spec: FEP-8fcf.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from federation.errors import MalformedDocument, OriginMismatch
from federation.origin import origin_of, same_origin

HEADER: Final = "Collection-Synchronization"
HEADER_MAX: Final = 8_192
EMPTY_DIGEST: Final = "0" * 64
"""The digest of no followers at all."""

# Possessive: a header of quotes and commas is read in linear time.
_PARAMETER: Final = re.compile(r'\s*+([A-Za-z][A-Za-z0-9_-]*+)\s*+=\s*+"([^"\\]*+)"\s*+(?:,|\Z)')
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_DIGEST_DIGITS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Synchronisation:
    """What a sender says about its followers at the receiver; the digest is in lower case."""

    collection_id: str
    url: str
    digest: str


def digest(followers: Iterable[str]) -> str:
    """The digest of a partial collection; the order of ids does not matter, but one named twice counts as none."""
    total = EMPTY_DIGEST
    for follower in followers:
        total = toggle(total, follower)
    return total


def toggle(total: str, follower: str) -> str:
    """The digest after one follower came or went: a server that keeps digests need not read all rows again."""
    one = int.from_bytes(hashlib.sha256(follower.encode()).digest())
    return f"{int(total, 16) ^ one:0{_DIGEST_DIGITS}x}"


def render(value: Synchronisation) -> str:
    """The value of the header."""
    return f'collectionId="{value.collection_id}", url="{value.url}", digest="{value.digest}"'


def parse(text: str) -> Synchronisation:
    """The header of a peer; raises ``MalformedDocument``. Parameters that are not known are left out."""
    if len(text) > HEADER_MAX:
        raise MalformedDocument(f"The {HEADER} header has more than {HEADER_MAX} characters")
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        parameter = _PARAMETER.match(text, position)
        if parameter is None or parameter[1] in found:
            raise MalformedDocument(f"The {HEADER} header cannot be read")
        found[parameter[1]] = parameter[2]
        position = parameter.end()
    collection_id, url, named = (found.get(name, "") for name in ("collectionId", "url", "digest"))
    if origin_of(collection_id) is None or origin_of(url) is None or not _DIGEST.fullmatch(named):
        raise MalformedDocument(f"The {HEADER} header does not name a collection, its URL and its digest")
    return Synchronisation(collection_id=collection_id, url=url, digest=named.lower())


def check(value: Synchronisation, sender: str, followers: str | None) -> None:
    """Raise ``OriginMismatch`` unless this is about the sender's own followers, to be fetched from its own server.

    Otherwise a sender could make others lose their followers, or this node ask for the followers of third parties.
    """
    if followers is None or value.collection_id != followers:
        raise OriginMismatch(f"{value.collection_id} is not the followers collection of {sender}.")
    if not same_origin(value.collection_id, sender) or not same_origin(value.url, sender):
        raise OriginMismatch(f"{value.url} does not belong to the server of {sender}.")
