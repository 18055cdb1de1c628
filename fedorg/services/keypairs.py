"""New keys for accounts of this node: RSA-2048, which everybody verifies, and Ed25519 for proofs and modern peers."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fedorg.domain.accounts import AccountKey, KeyAlgorithm
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.uris import Uris

_RSA_BITS: Final = 2048
_RSA_EXPONENT: Final = 65_537
_NAMES: Final = {KeyAlgorithm.RSA: "main-key", KeyAlgorithm.ED25519: "ed25519-key"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """Both halves as PEM: SPKI and unencrypted PKCS8."""

    algorithm: KeyAlgorithm
    public: str
    private: str = field(repr=False)

    def of(self, account_id: AccountId, actor_uri: str, uris: Uris, now: datetime) -> AccountKey:
        """The first key of a local account."""
        return self._named(_NAMES[self.algorithm], account_id, actor_uri, uris, now)

    def numbered(self, account_id: AccountId, actor_uri: str, uris: Uris, now: datetime, number: int) -> AccountKey:
        """A later key of a local account, under a name of its own."""
        return self._named(f"{_NAMES[self.algorithm]}-{number}", account_id, actor_uri, uris, now)

    def _named(self, name: str, account_id: AccountId, actor_uri: str, uris: Uris, now: datetime) -> AccountKey:
        return AccountKey(
            uri=uris.key(actor_uri, name),
            account_id=account_id,
            algorithm=self.algorithm,
            public=self.public,
            private=self.private,
            created_at=now,
        )


async def new_key_pairs(node: Node) -> tuple[KeyPair, ...]:
    """One fresh pair of each kind; takes a tenth of a second, on a thread. ``Unavailable`` while too many want that."""
    return await node.key_pairs.run(_generate)


def _generate() -> tuple[KeyPair, ...]:
    return (
        _pair(KeyAlgorithm.RSA, rsa.generate_private_key(_RSA_EXPONENT, _RSA_BITS)),
        _pair(KeyAlgorithm.ED25519, ed25519.Ed25519PrivateKey.generate()),
    )


def _pair(algorithm: KeyAlgorithm, key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> KeyPair:
    return KeyPair(
        algorithm=algorithm,
        public=key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        private=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )
