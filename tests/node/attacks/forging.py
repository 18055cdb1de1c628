"""Signatures made by hand, so that each part of them can be wrong: nothing here comes from the protocol library."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding

from federation.keys import PrivateKey, public_to_pem
from tests.node.fake_peer import ACTIVITY_JSON, Message

Sign = Callable[[bytes], bytes]

CAVAGE_COVERED: Final = ("(request-target)", "host", "date", "digest")
RFC9421_COVERED: Final = ("@method", "@target-uri", "content-digest")


def by_rsa(key: PrivateKey, algorithm: hashes.HashAlgorithm | None = None) -> Sign:
    """RSASSA-PKCS1-v1_5."""
    assert not isinstance(key, ed25519.Ed25519PrivateKey)
    return lambda data: key.sign(data, padding.PKCS1v15(), algorithm or hashes.SHA256())


def by_pss(key: PrivateKey) -> Sign:
    """RSASSA-PSS with SHA-512."""
    assert not isinstance(key, ed25519.Ed25519PrivateKey)
    scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA512()), salt_length=64)
    return lambda data: key.sign(data, scheme, hashes.SHA512())


def by_public_key(key: PrivateKey) -> Sign:
    """HMAC with what everybody knows as its secret: the confusion of symmetric and asymmetric keys."""
    return lambda data: hmac.digest(public_to_pem(key.public_key()).encode(), data, "sha256")


def by_public_key_der(key: PrivateKey) -> Sign:
    """The same with the bytes inside the PEM."""
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return lambda data: hmac.digest(der, data, "sha256")


def sha256(body: bytes) -> str:
    """Base64 of the hash."""
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def cavage(
    url: str,
    activity: Mapping[str, Any],
    key_id: str,
    sign: Sign,
    *,
    covered: Sequence[str] = CAVAGE_COVERED,
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    order: str = "keyId algorithm created expires headers signature",
    at: datetime | None = None,
) -> Message:
    """A POST signed as in draft-cavage-12. ``parameters`` replace those of the Signature header, raw; "" leaves out."""
    body = json.dumps(activity).encode()
    address = urlsplit(url)
    sent = {
        "Host": address.netloc,
        "Content-Type": ACTIVITY_JSON,
        "Date": format_datetime(at or datetime.now(UTC), usegmt=True),
        "Digest": f"SHA-256={sha256(body)}",
        **(headers or {}),
    }
    said = {"keyId": f'"{key_id}"', "algorithm": '"rsa-sha256"', "headers": f'"{" ".join(covered)}"'}
    said |= parameters or {}
    values = {name.lower(): value for name, value in sent.items()}
    values["(request-target)"] = f"post {address.path}{f'?{address.query}' if address.query else ''}"
    values["(created)"] = said.get("created", "").strip('"')
    values["(expires)"] = said.get("expires", "").strip('"')
    base = "\n".join(f"{name}: {values[name]}" for name in covered)
    said.setdefault("signature", f'"{base64.b64encode(sign(base.encode())).decode()}"')
    kept = ",".join(f"{name}={said[name]}" for name in order.split() if said.get(name))
    return Message(headers={**sent, "Signature": kept}, body=body)


def rfc9421(
    url: str,
    activity: Mapping[str, Any],
    key_id: str,
    sign: Sign,
    *,
    covered: Sequence[str] = RFC9421_COVERED,
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    label: str = "sig1",
    at: datetime | None = None,
) -> Message:
    """A POST signed as in RFC 9421. ``parameters`` replace those of the signature, raw; "" leaves out."""
    body = json.dumps(activity).encode()
    address = urlsplit(url)
    sent = {
        "Host": address.netloc,
        "Content-Type": ACTIVITY_JSON,
        "Content-Digest": f"sha-256=:{sha256(body)}:",
        **(headers or {}),
    }
    values = {name.lower(): value for name, value in sent.items()}
    values |= {"@method": "POST", "@target-uri": url, "@authority": address.netloc, "@path": address.path}
    said = {"created": str(int((at or datetime.now(UTC)).timestamp())), "keyid": f'"{key_id}"', **(parameters or {})}
    names = " ".join(f'"{name}"' for name in covered)
    inner = f"({names})" + "".join(f";{name}={value}" for name, value in said.items() if value)
    lines = [f'"{name}": {values.get(name, "")}' for name in covered]
    base = "\n".join([*lines, f'"@signature-params": {inner}'])
    signature = base64.b64encode(sign(base.encode())).decode()
    return Message(
        headers={**sent, "Signature-Input": f"{label}={inner}", "Signature": f"{label}=:{signature}:"}, body=body
    )
