"""Signatures in one ``Signature`` header. Spec: draft-cavage-http-signatures-12, as Mastodon profiles it.

What must be covered::

    GET, HEAD   (request-target)  host  date or (created)
    others      (request-target)  host  date or (created)  digest

RSA keys sign as ``rsa-sha256`` with the date. Ed25519 keys sign as ``hs2019`` with ``(created)`` and the date.
``(created)`` and ``(expires)`` are allowed with ``hs2019`` only (§2.3). For ``hs2019`` the draft wants PSS and
SHA-512 from RSA keys; every server of the Fediverse means PKCS #1 v1.5 and SHA-256, and so does this. The path is
covered with its query: peers that sign without it (Mastodon before 4.3, for GET only) are refused.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from federation.errors import SignatureRefused
from federation.http_dates import format_http_date
from federation.keys import SigningKey
from federation.signatures import digest
from federation.signatures.messages import (
    Claim,
    Request,
    Scheme,
    also_covered,
    base_line,
    covered_date,
    require_covered,
    require_key_id,
)

HEADER_MAX: Final = 8192

_KNOWN_PARAMETERS: Final = frozenset({"keyId", "algorithm", "headers", "signature", "created", "expires"})
_PARAMETER: Final = re.compile(
    r'[ \t]*(?P<name>[A-Za-z]+)=(?:"(?P<text>[^"\\]*)"|(?P<number>[0-9]+(?:\.[0-9]+)?))[ \t]*'
)
_SECONDS: Final = re.compile(r"[0-9]{1,12}")

Pairs = tuple[tuple[str, str], ...]


def sign(request: Request, key: SigningKey, now: datetime, signed: Callable[[bytes], bytes]) -> Pairs:
    """The headers to add to a request; ``signed`` makes the signature of some bytes."""
    added: Pairs = (("Date", format_http_date(now)),)
    covered: tuple[str, ...] = ("(request-target)", "host", "date")
    if request.has_content:
        added += (("Digest", digest.digest_header(request.body)),)
        covered += ("digest",)
    covered += also_covered(request)
    parameters = {"keyId": f'"{key.key_id}"', "algorithm": '"rsa-sha256"'}
    if not isinstance(key.private, rsa.RSAPrivateKey):
        parameters |= {"algorithm": '"hs2019"', "created": str(int(now.timestamp()))}
        covered = ("(request-target)", "(created)", *covered[1:])
    parameters["headers"] = f'"{" ".join(covered)}"'
    complete = replace(request, headers=request.headers.plus(added))
    base = signature_base(complete, covered, {name: value.strip('"') for name, value in parameters.items()})
    parameters["signature"] = f'"{base64.b64encode(signed(base)).decode()}"'
    return (*added, ("Signature", ",".join(f"{name}={value}" for name, value in parameters.items())))


def read(request: Request) -> Claim:
    """What the ``Signature`` header claims; refuses every fault that can be seen without the key."""
    parameters = parse_parameters(request.headers.single("signature"))
    covered = tuple(parameters.get("headers", "").lower().split())
    required = ["(request-target)", "host"]
    if "(created)" not in covered:
        required.append("date")
    if request.has_content:
        required.append("digest")
    require_covered(covered, required)
    algorithm = parameters.get("algorithm")
    if algorithm != "hs2019" and {"(created)", "(expires)"} & set(covered):
        raise SignatureRefused("(created) and (expires) are for hs2019 only")
    if request.has_content:
        digest.require_digest(request.headers.single("digest"), request.body)
    return Claim(
        request=request,
        scheme=Scheme.CAVAGE,
        key_id=require_key_id(parameters.get("keyId")),
        algorithm=algorithm,
        covered=covered,
        created=_moment(parameters.get("created")),
        expires=_moment(parameters.get("expires")),
        date=covered_date(request, covered),
        signature=_signature(parameters),
        base=signature_base(request, covered, parameters),
    )


def parse_parameters(header: str) -> Mapping[str, str]:
    """The parameters of a ``Signature`` header by name; none may be unknown or stand twice (S10)."""
    if len(header) > HEADER_MAX:
        raise SignatureRefused("the Signature header is too long")
    parameters: dict[str, str] = {}
    position = 0
    while True:
        found = _PARAMETER.match(header, position)
        if found is None:
            raise SignatureRefused("the Signature header cannot be read")
        name = found["name"]
        if name in parameters or name not in _KNOWN_PARAMETERS:
            raise SignatureRefused(f"the parameter {name} is unknown or stands twice")
        parameters[name] = found["text"] if found["text"] is not None else found["number"]
        position = found.end()
        if position == len(header):
            return parameters
        if header[position] != ",":
            raise SignatureRefused("the Signature header cannot be read")
        position += 1


def signature_base(request: Request, covered: Iterable[str], parameters: Mapping[str, str]) -> bytes:
    """The signing string of §2.3; refuses a covered header that the request does not have."""
    return "\n".join(base_line(name, _value(request, name, parameters)) for name in covered).encode("ascii")


def _value(request: Request, name: str, parameters: Mapping[str, str]) -> str:
    match name:
        case "(request-target)":
            return f"{request.method.lower()} {request.path}"
        case "(created)" | "(expires)":
            value = parameters.get(name.strip("()"))
            if value is None:
                raise SignatureRefused(f"{name} is covered but not given")
            return value
        case "host":
            # A proxy may have changed the header; what the peer addressed is our public authority, in its own spelling.
            received = request.headers.single("host")
            return received if received.lower() == request.authority else request.authority
        case "date" | "digest":
            return request.headers.single(name)
        case _:
            return request.headers.combined(name)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    seconds = text.partition(".")[0]
    if not _SECONDS.fullmatch(seconds):
        raise SignatureRefused("created or expires is not a time")
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError) as problem:
        raise SignatureRefused("created or expires is not a time") from problem


def _signature(parameters: Mapping[str, str]) -> bytes:
    try:
        signature = base64.b64decode(parameters.get("signature", ""), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise SignatureRefused("the signature is not base64") from problem
    if not signature:
        raise SignatureRefused("the signature is missing")
    return signature
