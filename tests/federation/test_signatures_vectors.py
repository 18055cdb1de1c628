"""The examples that the specifications publish come out as published."""

import base64
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from federation import keys
from federation.signatures import cavage, digest, rfc9421, structured
from tests.federation import vectors as v


def inner_list(signature_input: str) -> structured.InnerList:
    member = structured.parse_dictionary(f"sig={signature_input}")["sig"]
    assert isinstance(member, structured.InnerList)
    return member


@pytest.mark.parametrize(
    ("signature_input", "base"),
    [
        (v.B21_INPUT, v.B21_BASE),
        (v.B22_INPUT, v.B22_BASE),
        (v.B23_INPUT, v.B23_BASE),
        (v.B25_INPUT, v.B25_BASE),
        (v.B26_INPUT, v.B26_BASE),
    ],
)
def test_rfc9421_signature_bases(signature_input: str, base: str) -> None:
    """The signature bases of RFC 9421 appendix B.2 for requests are reproduced."""
    assert rfc9421.signature_base(v.TEST_REQUEST, inner_list(signature_input)).decode() == base


@pytest.mark.parametrize(
    ("signature_input", "signature"),
    [(v.B21_INPUT, v.B21_SIGNATURE), (v.B22_INPUT, v.B22_SIGNATURE), (v.B23_INPUT, v.B23_SIGNATURE)],
)
def test_rfc9421_pss_signatures_fit_the_bases(signature_input: str, signature: str) -> None:
    """The published PSS signatures prove that our bases are the bytes that were signed."""
    key = keys.load_public_pem(v.RSA_PSS_PUBLIC)
    assert isinstance(key, rsa.RSAPublicKey)

    base = rfc9421.signature_base(v.TEST_REQUEST, inner_list(signature_input))

    pss = padding.PSS(padding.MGF1(hashes.SHA512()), 64)
    key.verify(base64.b64decode(signature), base, pss, hashes.SHA512())


def test_rfc9421_hmac_signature_fits_the_base() -> None:
    """Appendix B.2.5."""
    base = rfc9421.signature_base(v.TEST_REQUEST, inner_list(v.B25_INPUT))

    made = hmac.digest(base64.b64decode(v.SHARED_SECRET), base, "sha256")

    assert base64.b64encode(made).decode() == v.B25_SIGNATURE


def test_rfc9421_ed25519_signature_is_reproduced() -> None:
    """Appendix B.2.6: Ed25519 is deterministic, so signing gives the published bytes."""
    private = keys.load_private(v.ED25519_PRIVATE)
    assert isinstance(private, ed25519.Ed25519PrivateKey)

    base = rfc9421.signature_base(v.TEST_REQUEST, inner_list(v.B26_INPUT))

    assert base64.b64encode(private.sign(base)).decode() == v.B26_SIGNATURE
    assert keys.public_to_pem(private.public_key()).strip() == v.ED25519_PUBLIC


def test_rfc9421_rsa_v1_5_signature_fits_the_base() -> None:
    """The proxy's rsa-v1_5-sha256 signature of §4.3."""
    key = keys.load_public_pem(v.RSA_PUBLIC)
    assert isinstance(key, rsa.RSAPublicKey)

    base = rfc9421.signature_base(v.PROXY_REQUEST, inner_list(v.PROXY_INPUT))

    key.verify(base64.b64decode(v.PROXY_SIGNATURE), base, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    ("covered", "signature"),
    [(v.C1_COVERED, v.C1_SIGNATURE), (v.C2_COVERED, v.C2_SIGNATURE), (v.C3_COVERED, v.C3_SIGNATURE)],
)
def test_cavage_signatures_fit_the_bases(covered: tuple[str, ...], signature: str) -> None:
    """Appendix C of draft-cavage-12; its 1024-bit key is not one that this library would load."""
    key = serialization.load_pem_public_key(v.CAVAGE_PUBLIC)
    assert isinstance(key, rsa.RSAPublicKey)

    base = cavage.signature_base(v.CAVAGE_REQUEST, covered, {})

    key.verify(base64.b64decode(signature), base, padding.PKCS1v15(), hashes.SHA256())


def test_digests_of_the_examples() -> None:
    """RFC 9530 appendix B (with a line feed), RFC 9421 appendix B.2 and cavage appendix C (without)."""
    body = b'{"hello": "world"}'

    assert digest.content_digest_header(body + b"\n") == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    assert digest.digest_header(body) == "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="
    digest.require_content_digest(v.CONTENT_DIGEST, body)
    digest.require_content_digest(
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:, "
        "sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:",
        body + b"\n",
    )
    assert hashlib.sha256(body).hexdigest().startswith("5f8f04f6")
