"""From a signed request to a ``Verified``, the proof that handlers ask for.

Reading and verifying are two steps, so that the caller can look up the key in between: ``read`` raises for
everything that is wrong with the request itself (no key is fetched for garbage), ``verify`` for everything that is
wrong in the light of the key and the clock. The algorithm is a property of the key; a message that names another is
refused, so is one whose claim was read from another request. Whatever is not proven raises ``SignatureRefused``.

Times, and why:
- ``Date`` counts for 12 hours, Mastodon's window: queues of older servers sign once and retry with the same headers.
  Replays within it change nothing, since an activity id is handled once. It may be an hour ahead: clocks and summer
  time are wrong.
- ``created`` counts for one hour, and may be five minutes ahead: software that writes it signs each try afresh.
- ``expires`` ends a signature at once.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from federation.errors import SignatureRefused
from federation.keys import PrivateKey, PublicKey, SigningKey, VerificationKey
from federation.signatures import cavage, rfc9421
from federation.signatures.messages import Claim, Request, Scheme

DATE_AGE_MAX: Final = timedelta(hours=12)
DATE_AHEAD_MAX: Final = timedelta(hours=1)
CREATED_AGE_MAX: Final = timedelta(hours=1)
CREATED_AHEAD_MAX: Final = timedelta(minutes=5)

_KEY_ID: Final = re.compile(r'\bkey[iI]d="([^"\\]*)"')

_RSA_NAMES: Final[Mapping[Scheme, frozenset[str | None]]] = {
    Scheme.CAVAGE: frozenset({None, "rsa-sha256", "hs2019"}),
    Scheme.RFC9421: frozenset({None, "rsa-v1_5-sha256"}),
}
_ED25519_NAMES: Final[Mapping[Scheme, frozenset[str | None]]] = {
    Scheme.CAVAGE: frozenset({None, "hs2019", "ed25519"}),
    Scheme.RFC9421: frozenset({None, "ed25519"}),
}
_SEAL: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Proof that the holder of a key sent this body; only ``verify`` can make one."""

    key_id: str
    owner: str  # the actor the key speaks for
    scheme: Scheme
    body: bytes = field(repr=False)
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("Only federation.signatures.verify makes a Verified")


def sign(request: Request, key: SigningKey, scheme: Scheme, *, now: datetime) -> tuple[tuple[str, str], ...]:
    """The headers to add so that the peer can verify the request; for cavage it has its ``Host`` already."""
    signer = cavage.sign if scheme is Scheme.CAVAGE else rfc9421.sign
    return signer(request, key, now, lambda base: _sign(key.private, base))


def read(request: Request) -> Claim:
    """What a request claims about its signer. Needs neither network nor key."""
    if "signature" not in request.headers.lines:
        raise SignatureRefused("the request is not signed")
    return rfc9421.read(request) if "signature-input" in request.headers.lines else cavage.read(request)


def named_key_id(lines: Iterable[str]) -> str | None:
    """The first key id in some ``Signature-Input`` or ``Signature`` headers, however well they are made otherwise.

    For answers that are narrowed by whom a request claims to come from, and widened by nothing.
    """
    return next((found[1] for line in lines if (found := _KEY_ID.search(line)) is not None), None)


def verify(claim: Claim, request: Request, key: VerificationKey, *, now: datetime) -> Verified:
    """Proof that the key's owner sent this request, at about this time."""
    if claim.request is not request:
        raise SignatureRefused("the claim was read from another request")
    if key.key_id != claim.key_id:
        raise SignatureRefused("the key has another id than the signature names")
    _require_algorithm(claim, key.public)
    _require_fresh(claim, now)
    try:
        _check(key.public, claim.signature, claim.base)
    except InvalidSignature as problem:
        raise SignatureRefused("the signature does not fit the key and the request") from problem
    return Verified(key_id=key.key_id, owner=key.owner, scheme=claim.scheme, body=request.body, seal=_SEAL)


def _require_algorithm(claim: Claim, key: PublicKey) -> None:
    names = _RSA_NAMES if isinstance(key, rsa.RSAPublicKey) else _ED25519_NAMES
    if claim.algorithm not in names[claim.scheme]:
        raise SignatureRefused("the signature names an algorithm that the key is not for")


def _require_fresh(claim: Claim, now: datetime) -> None:
    for moment, age_max, ahead_max in (
        (claim.date, DATE_AGE_MAX, DATE_AHEAD_MAX),
        (claim.created, CREATED_AGE_MAX, CREATED_AHEAD_MAX),
    ):
        if moment is not None and not -ahead_max <= now - moment <= age_max:
            raise SignatureRefused("the signature is too old, or from the future")
    if claim.expires is not None and now > claim.expires:
        raise SignatureRefused("the signature has expired")


def _sign(key: PrivateKey, base: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(base, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(base)


def _check(key: PublicKey, signature: bytes, base: bytes) -> None:
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, base, padding.PKCS1v15(), hashes.SHA256())
    else:
        key.verify(signature, base)
