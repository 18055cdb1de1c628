"""Digests of a body in its header: ``Digest`` (RFC 3230, with cavage) and ``Content-Digest`` (RFC 9530, with RFC 9421).

Every digest that is named and known must fit, at least one must be known, none may be named twice; comparison takes
the same time wherever the difference is. Known: sha-256 for both, and sha-512 for ``Content-Digest``.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from federation.errors import MalformedDocument, SignatureRefused
from federation.signatures import structured

_KNOWN: Final = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


def digest_header(body: bytes) -> str:
    """The value of ``Digest``."""
    return f"SHA-256={base64.b64encode(hashlib.sha256(body).digest()).decode()}"


def content_digest_header(body: bytes) -> str:
    """The value of ``Content-Digest``."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def require_digest(value: str, body: bytes) -> None:
    """Refuse a ``Digest`` header that does not describe these bytes."""
    named: list[tuple[str, bytes]] = []
    for member in value.split(","):
        name, _, text = member.strip().partition("=")
        if name.lower() == "sha-256":
            named.append(("sha-256", _decode(text)))
    _require_fit(named, body)


def require_content_digest(value: str, body: bytes) -> None:
    """Refuse a ``Content-Digest`` header that does not describe these bytes."""
    try:
        members = structured.parse_dictionary(value)
    except MalformedDocument as problem:
        raise SignatureRefused("the Content-Digest header cannot be read") from problem
    named = [
        (name, member.value)
        for name, member in members.items()
        if name in _KNOWN and isinstance(member, structured.Item) and isinstance(member.value, bytes)
    ]
    _require_fit(named, body)


def _require_fit(named: Sequence[tuple[str, bytes]], body: bytes) -> None:
    digests = dict(named)
    if len(digests) != len(named):
        raise SignatureRefused("a digest is named twice")
    if not digests:
        raise SignatureRefused("no digest that is known here")
    for name, digest in digests.items():
        if not hmac.compare_digest(_KNOWN[name](body).digest(), digest):
            raise SignatureRefused("the digest does not fit the body")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise SignatureRefused("the digest is not base64") from problem
