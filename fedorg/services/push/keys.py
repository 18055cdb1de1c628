"""By what push services know this node (RFC 8292): one pair of keys, made once and kept in the database.

The private half also closes the tokens that messages name: who finds a copy of the subscriptions alone has no tokens.
"""

import base64
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fedorg.domain.push import VapidKeys
from fedorg.node import Node
from fedorg.store import push

_NONCE_BYTES = 12


async def get_keys(node: Node) -> VapidKeys:
    """The keys of this node; they are made when there are none."""
    found = await node.read(push.find_keys)
    return await node.write(push.keep_keys, node.now(), _new_keys()) if found is None else found


def seal(keys: VapidKeys, token: str) -> str:
    """A token in a form that only the node can read again."""
    nonce = os.urandom(_NONCE_BYTES)
    closed = nonce + _cipher(keys).encrypt(nonce, token.encode(), None)
    return base64.urlsafe_b64encode(closed).decode()


def unseal(keys: VapidKeys, sealed: str) -> str:
    """The token again."""
    closed = base64.urlsafe_b64decode(sealed)
    return _cipher(keys).decrypt(closed[:_NONCE_BYTES], closed[_NONCE_BYTES:], None).decode()


def _new_keys() -> VapidKeys:
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return VapidKeys(
        private=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        public=base64.urlsafe_b64encode(point).decode(),
    )


def _cipher(keys: VapidKeys) -> AESGCM:
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"fedorg push token")
    return AESGCM(derive.derive(keys.private.encode()))
