"""Keys are read, written and refused as the specifications and our bounds say."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from federation import keys
from federation.errors import KeyUnavailable
from tests.federation import vectors

RSA = keys.generate_rsa()
ED25519 = keys.generate_ed25519()


def pem_of(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


@pytest.mark.parametrize("key", [RSA, ED25519])
def test_private_keys_survive_storage(key: keys.PrivateKey) -> None:
    """What was written as PEM or DER is read as the same key."""
    for data in (keys.private_to_pem(key).encode(), keys.private_to_der(key)):
        assert keys.private_to_der(keys.load_private(data)) == keys.private_to_der(key)


@pytest.mark.parametrize("key", [RSA, ED25519])
def test_public_keys_survive_the_wire(key: keys.PrivateKey) -> None:
    """A publicKeyPem is read as the key it was made from, also with blank lines around it."""
    text = keys.public_to_pem(key.public_key())

    assert keys.load_public_pem(f"\n{text}\n") == key.public_key()


def test_new_rsa_keys_have_2048_bits() -> None:
    """Mastodon and others take no less, and none needs more."""
    assert RSA.key_size == 2048


def test_known_multikey() -> None:
    """The example key of FEP-521a and the Data Integrity specifications reads as the 32 bytes it stands for."""
    text = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"

    key = keys.load_multikey(text)

    assert keys.public_to_multikey(key) == text
    assert len(key.public_bytes_raw()) == 32


@given(st.binary(min_size=32, max_size=32))
def test_multikeys_survive_the_wire(raw: bytes) -> None:
    """Any 32 bytes come back from their Multikey."""
    key = ed25519.Ed25519PublicKey.from_public_bytes(raw)

    assert keys.load_multikey(keys.public_to_multikey(key)).public_bytes_raw() == raw


@pytest.mark.parametrize(
    "text",
    [
        "",
        "u7QEJ",  # another base
        "z",
        "z0OIl",  # letters that base58 leaves out
        "z" + "1" * 40,  # zeros only
        "z" + "2" * 100,  # too long to be worth decoding
        "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",  # X25519
    ],
)
def test_other_multikeys_are_refused(text: str) -> None:
    """Only a base58btc Ed25519 Multikey is one."""
    with pytest.raises(KeyUnavailable):
        keys.load_multikey(text)


@pytest.mark.parametrize(
    "data", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", b"\x30\x00"]
)
def test_what_is_not_a_private_key_is_refused(data: bytes) -> None:
    """Broken data raises our error, not the library's."""
    with pytest.raises(KeyUnavailable):
        keys.load_private(data)


def test_encrypted_private_keys_are_refused() -> None:
    """A passphrase cannot be asked for here."""
    data = ED25519.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )

    with pytest.raises(KeyUnavailable):
        keys.load_private(data)


def test_other_kinds_of_keys_are_refused() -> None:
    """Elliptic curves other than Ed25519 have no signature scheme here."""
    other = ec.generate_private_key(ec.SECP256R1())
    data = other.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    with pytest.raises(KeyUnavailable, match="neither"):
        keys.load_private(data)
    with pytest.raises(KeyUnavailable, match="neither"):
        keys.load_public_pem(pem_of(other.public_key()))


def test_weak_rsa_keys_are_refused() -> None:
    """1024 bits are forgeable: refused as text and as an object."""
    weak = serialization.load_pem_public_key(vectors.CAVAGE_PUBLIC)
    assert isinstance(weak, rsa.RSAPublicKey)

    with pytest.raises(KeyUnavailable, match="1024"):
        keys.load_public_pem(vectors.CAVAGE_PUBLIC.decode())
    with pytest.raises(KeyUnavailable, match="1024"):
        keys.VerificationKey(key_id="k", owner="o", public=weak)


def test_oversized_rsa_keys_are_refused() -> None:
    """A peer cannot make each verification slow with a huge key."""
    huge = rsa.RSAPublicNumbers(e=65537, n=(1 << 16_000) + 1).public_key()

    with pytest.raises(KeyUnavailable, match="16001"):
        keys.load_public_pem(pem_of(huge))


@pytest.mark.parametrize("text", ["", "no key", "x" * 20_000, "\ud800"])
def test_what_is_not_a_public_key_is_refused(text: str) -> None:
    """Broken text raises our error, not the library's."""
    with pytest.raises(KeyUnavailable):
        keys.load_public_pem(text)


def test_representations_show_no_secret() -> None:
    """A signing key in a log or traceback shows its id only."""
    key = keys.SigningKey(key_id="https://a.example/actor#main-key", private=RSA)

    assert repr(key) == "SigningKey(key_id='https://a.example/actor#main-key')"


def test_temporary_faults_ask_for_patience() -> None:
    """A key that could not be fetched just now is 503, one that is no good 401."""
    assert KeyUnavailable("down", is_temporary=True).status_hint == 503
    assert KeyUnavailable("no key").status_hint == 401
