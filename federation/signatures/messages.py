"""What a signature is read from, and what it claims before anybody has proved it.

A ``Request`` is the same value for the one who signs and the one who verifies. Its ``target_uri`` is built from the
*public* address of the node, never from a ``Host`` header that a proxy may have changed; its ``path`` is what stood
on the request line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from federation.errors import SignatureRefused
from federation.http_dates import parse_http_date

KEY_ID_MAX: Final = 2048
COVERED_IF_PRESENT: Final = ("collection-synchronization",)
"""Fields that mean something only when the sender has signed them (FEP-8fcf)."""


class Scheme(StrEnum):
    """The two ways in which servers sign requests."""

    RFC9421 = "rfc9421"
    CAVAGE = "cavage"

    @property
    def other(self) -> "Scheme":
        """The scheme for the second knock."""
        return Scheme.CAVAGE if self is Scheme.RFC9421 else Scheme.RFC9421


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields by lower-case name, each with its lines in order."""

    lines: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Headers":
        """From (name, value) pairs in the order received, one for each line."""
        lines: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            key = name.lower()
            lines[key] = (*lines.get(key, ()), value.strip())
        return cls(MappingProxyType(lines))

    def plus(self, pairs: Iterable[tuple[str, str]]) -> "Headers":
        """These fields, and more lines after them."""
        own = [(name, value) for name, values in self.lines.items() for value in values]
        return Headers.of([*own, *pairs])

    def combined(self, name: str) -> str:
        """All lines of a field joined as RFC 9110 §5.3 says; refuses an absent field."""
        lines = self.lines.get(name)
        if lines is None:
            raise SignatureRefused(f"the request has no {name} header")
        return ", ".join(lines)

    def single(self, name: str) -> str:
        """The only line of a field; refuses none and several."""
        value = self.combined(name)
        if len(self.lines[name]) > 1:
            raise SignatureRefused(f"the request has several {name} headers")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it stands on the wire, reduced to what signatures can cover."""

    method: str  # upper case
    target_uri: str  # https://this.node/inbox?page=1, the public address
    path: str  # /inbox?page=1, as received
    headers: Headers
    body: bytes = field(default=b"", repr=False)
    sender: str = ""  # the address it came from, which proves nothing

    @property
    def has_content(self) -> bool:
        """Whether a digest must be covered."""
        return bool(self.body) or self.method not in {"GET", "HEAD"}

    @property
    def authority(self) -> str:
        """Host, and port where it is not the scheme's own, of the public address."""
        parts = urlsplit(self.target_uri)
        default = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
        return parts.netloc.lower().removesuffix(default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a request says about who signed it: well-formed, but not believed until ``verify`` has seen the key."""

    scheme: Scheme
    key_id: str
    algorithm: str | None
    covered: tuple[str, ...]
    created: datetime | None
    expires: datetime | None
    date: datetime | None  # of a covered Date header
    signature: bytes = field(repr=False)
    base: bytes = field(repr=False)  # the bytes that were signed
    request: Request = field(repr=False, compare=False)  # what it was read from


def covered_date(request: Request, covered: Iterable[str]) -> datetime | None:
    """The moment in the ``Date`` header, if the signature covers it."""
    if "date" not in covered:
        return None
    try:
        return parse_http_date(request.headers.single("date"))
    except ValueError as problem:
        raise SignatureRefused("the Date header is not a date") from problem


def require_key_id(key_id: object) -> str:
    """The id under which the key can be looked up."""
    if not isinstance(key_id, str) or not 0 < len(key_id) <= KEY_ID_MAX:
        raise SignatureRefused("no usable key id")
    return key_id


def require_covered(covered: tuple[str, ...], required: Iterable[str]) -> None:
    """Refuse an empty list, a component named twice, and a required one that is missing."""
    if not covered:
        raise SignatureRefused("the signature covers nothing")
    if len(set(covered)) < len(covered):
        raise SignatureRefused("the signature covers a component twice")
    missing = [name for name in required if name not in covered]
    if missing:
        raise SignatureRefused(f"the signature does not cover {' and '.join(missing)}")


def also_covered(request: Request) -> tuple[str, ...]:
    """What a signature of ours covers beyond what it must."""
    return tuple(name for name in COVERED_IF_PRESENT if name in request.headers.lines)


def base_line(name: str, value: str) -> str:
    """One line of the bytes that are signed; refuses a value that could pass for more than one."""
    if not value.isascii() or not value.replace("\t", " ").isprintable():
        raise SignatureRefused(f"the value of {name} is not printable ASCII")
    return f"{name}: {value}"
