"""Messages that only the subscriber can read, signed for the push service: RFC 8291 and 8292, or what came before.

Apps that do not ask for the standards expect the drafts that Mastodon spoke for years (encryption-04, vapid-01). The
library that does the standards is loaded with the first message: it is large, and many nodes send none.
"""

import base64
import os
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from fedorg.domain.push import PUBLIC_KEY_BYTES, SECRET_BYTES, PushAddress, VapidKeys
from fedorg.errors import Invalid

if TYPE_CHECKING:
    from webpush import WebPush

KEPT: Final = timedelta(hours=48)
"""How long a push service keeps a message for somebody who is away."""
PAYLOAD_MAX: Final = 3900
_SIGNED_FOR: Final = timedelta(hours=12)
_SALT_BYTES: Final = 16
_COMMON: Final = MappingProxyType(
    {
        "Content-Type": "application/octet-stream",
        "TTL": str(int(KEPT.total_seconds())),
        "Urgency": "normal",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request to a push service; ``endpoint`` is as secret as a password, ``host`` is not."""

    endpoint: str = field(repr=False)
    host: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def encode_key(raw: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_key(text: str) -> bytes:
    """Base64 in either alphabet, padded or not; ``ValueError`` for anything else."""
    plain = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    if not plain.isascii():
        raise ValueError("not base64")
    return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))


def read_keys(public_key: str, secret: str) -> tuple[str, str]:
    """The two keys of a subscriber in one form; ``Invalid`` for what nothing can be encrypted for."""
    try:
        point, shared = decode_key(public_key), decode_key(secret)
        if len(point) != PUBLIC_KEY_BYTES or len(shared) != SECRET_BYTES:
            raise ValueError("a key of another length")  # noqa: TRY301 - as any other fault of a key
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise Invalid("Validation failed: Subscription keys are invalid") from None
    return encode_key(point), encode_key(shared)


def compose(payload: bytes, address: PushAddress, keys: VapidKeys, subject: str, now: datetime) -> Message:
    """The request that brings ``payload`` to a subscriber; ``subject`` is whom the push service may write to.

    Takes a millisecond, the first one half a second: call it on a thread.
    """
    make = _standard if address.is_standard else _draft
    headers, body = make(payload, address, keys, _Signer(keys, address.endpoint, subject, now))
    host = urlsplit(address.endpoint).netloc
    return Message(endpoint=address.endpoint, host=host, headers={**_COMMON, **headers}, body=body)


class _Signer:
    """Says who sends, to the library too, whose own way leaves ports out of origins and knows only mail addresses."""

    def __init__(self, keys: VapidKeys, endpoint: str, subject: str, now: datetime) -> None:
        self._private = _parsed(keys.private)
        self.point = keys.public.rstrip("=")
        parts = urlsplit(endpoint)
        self._claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((now + _SIGNED_FOR).timestamp()),
            "sub": subject,
        }

    def token(self) -> str:
        import jwt  # noqa: PLC0415 - comes with the library

        return jwt.encode(self._claims, key=self._private, algorithm="ES256")

    def get_authorization_header(self, **_as_the_library_would: object) -> str:
        return f"vapid t={self.token()}, k={self.point}"


def _standard(payload: bytes, address: PushAddress, keys: VapidKeys, signer: _Signer) -> tuple[dict[str, str], bytes]:
    import webpush  # noqa: PLC0415 - see above

    # Several threads make messages, each with a signer of its own.
    pusher = copy(_pusher(keys.private))
    pusher.vapid = signer
    made = pusher.get(
        payload,
        webpush.WebPushSubscription.model_validate(
            {"endpoint": address.endpoint, "keys": {"auth": address.secret, "p256dh": address.public_key}}
        ),
    )
    headers = {"Content-Encoding": "aes128gcm", "Authorization": made.headers["authorization"]}
    return headers, made.encrypted


@lru_cache(maxsize=1)
def _parsed(private: str) -> ec.EllipticCurvePrivateKey:
    """The node's key; parsing it takes longer than signing with it."""
    key = load_pem_private_key(private.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), "made by keys.py"
    return key


@lru_cache(maxsize=1)
def _pusher(private: str) -> "WebPush":
    import webpush  # noqa: PLC0415 - see above

    public = _parsed(private).public_key()
    return webpush.WebPush(
        private_key=private.encode(),
        public_key=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        subscriber="said@by.signer",
    )


def _draft(payload: bytes, address: PushAddress, _keys: VapidKeys, signer: _Signer) -> tuple[dict[str, str], bytes]:
    """draft-ietf-webpush-encryption-04 (``aesgcm``) and draft-ietf-webpush-vapid-01."""
    receiver, salt = decode_key(address.public_key), os.urandom(_SALT_BYTES)
    own = ec.generate_private_key(ec.SECP256R1())
    sender = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), receiver))
    material = _derive(decode_key(address.secret), shared, b"Content-Encoding: auth\0", 32)
    context = b"P-256\0" + b"".join(len(one).to_bytes(2, "big") + one for one in (receiver, sender))
    key = _derive(salt, material, b"Content-Encoding: aesgcm\0" + context, 16)
    nonce = _derive(salt, material, b"Content-Encoding: nonce\0" + context, 12)
    headers = {
        "Content-Encoding": "aesgcm",
        "Encryption": f"salt={encode_key(salt)}",
        "Crypto-Key": f"dh={encode_key(sender)};p256ecdsa={signer.point}",
        "Authorization": f"WebPush {signer.token()}",
    }
    # Two bytes say how much padding follows them: none.
    return headers, AESGCM(key).encrypt(nonce, b"\0\0" + payload, None)


def _derive(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(material)
