"""Keys as objects: made, read and written here, then passed around parsed.

Reading a private key costs as much as a hundred signatures, so a ``SigningKey`` holds the parsed key and callers
keep it. A key that is not RSA of 2048 to 8192 bits or Ed25519 is refused at the border: smaller is forgeable, larger
lets a peer buy our processor time. Nothing here prints a secret.
Formats: PKCS#8 (RFC 5958) for our own keys, SubjectPublicKeyInfo PEM for ``publicKeyPem``, Multikey (FEP-521a,
Controlled Identifiers §2.2.2) for Ed25519.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from federation import multibase
from federation.errors import KeyUnavailable, MalformedDocument

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey

RSA_BITS: Final = 2048
RSA_BITS_MIN: Final = 2048
RSA_BITS_MAX: Final = 8192
KEY_TEXT_MAX: Final = 16_384

_ED25519_CODEC: Final = b"\xed\x01"
_MULTIKEY_BYTES: Final = len(_ED25519_CODEC) + 32
_MULTIKEY_TEXT_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key under the id that peers look it up by (``https://…/actor#main-key``)."""

    key_id: str
    private: PrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationKey:
    """A public key, its id, and the id of the actor it speaks for."""

    key_id: str
    owner: str
    public: PublicKey = field(repr=False)

    def __post_init__(self) -> None:
        require_strength(self.public)


def generate_rsa() -> rsa.RSAPrivateKey:
    """A new RSA-2048 key; takes tens of milliseconds of CPU."""
    return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)


def generate_ed25519() -> ed25519.Ed25519PrivateKey:
    """A new Ed25519 key."""
    return ed25519.Ed25519PrivateKey.generate()


def private_to_pem(key: PrivateKey) -> str:
    """PKCS#8 PEM without a passphrase: whoever stores it protects it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def private_to_der(key: PrivateKey) -> bytes:
    """PKCS#8 DER without a passphrase."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_private(data: bytes) -> PrivateKey:
    """A private key of our own from PEM or DER.

    Whether the numbers of an RSA key belong together is not looked into, which takes longer than a hundred signatures:
    who stores keys knows that they are what was generated.
    """
    load = serialization.load_pem_private_key if data.startswith(b"-----") else serialization.load_der_private_key
    try:
        key = load(data, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise KeyUnavailable("not an unencrypted private key") from problem
    if not isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise KeyUnavailable("neither RSA nor Ed25519")
    require_strength(key.public_key())
    return key


def public_to_pem(key: PublicKey) -> str:
    """SubjectPublicKeyInfo PEM, the value of ``publicKeyPem``."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode("ascii")


@lru_cache(maxsize=1024)
def load_public_pem(text: str) -> PublicKey:
    """A peer's ``publicKeyPem``: SubjectPublicKeyInfo, or PKCS#1 as some peers write it."""
    if len(text) > KEY_TEXT_MAX:
        raise KeyUnavailable("the text is too long for a public key")
    try:
        key = serialization.load_pem_public_key(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise KeyUnavailable("not a PEM public key") from problem
    if not isinstance(key, rsa.RSAPublicKey | ed25519.Ed25519PublicKey):
        raise KeyUnavailable("neither RSA nor Ed25519")
    require_strength(key)
    return key


def public_to_multikey(key: ed25519.Ed25519PublicKey) -> str:
    """The value of ``publicKeyMultibase``: ``z`` and base58btc of the multicodec prefix and the raw key."""
    return multibase.encode(_ED25519_CODEC + key.public_bytes_raw())


def load_multikey(text: str) -> ed25519.Ed25519PublicKey:
    """An Ed25519 key from ``publicKeyMultibase``."""
    try:
        raw = multibase.decode(text, _MULTIKEY_TEXT_MAX)
    except MalformedDocument as problem:
        raise KeyUnavailable("not a base58btc Multikey") from problem
    if len(raw) != _MULTIKEY_BYTES or not raw.startswith(_ED25519_CODEC):
        raise KeyUnavailable("not an Ed25519 Multikey")
    return ed25519.Ed25519PublicKey.from_public_bytes(raw[len(_ED25519_CODEC) :])


def require_strength(key: PublicKey) -> None:
    """Raise unless the key is strong enough to believe and small enough to be worth the time."""
    if isinstance(key, rsa.RSAPublicKey) and not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX:
        raise KeyUnavailable(f"RSA keys have {RSA_BITS_MIN} to {RSA_BITS_MAX} bits, this one has {key.key_size}")
