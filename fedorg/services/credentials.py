"""Secrets: how they are made, kept and compared.

What this node made up itself has 256 random bits and is kept as SHA-256; what people made up is kept with Argon2id
(parameters of OWASP's password storage sheet: 19 MiB, two passes), which takes tens of milliseconds on purpose.
"""

import hashlib
import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fedorg.node import Node

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Nobody's: comparing with it takes as long as comparing with somebody's (no telling who has an account).
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$PP7NS1oVxZgGsnqTHGtLgw$dKNYP5mFstITa6Gu1Rl7hSjgr6EBK3Q/Q1g8i3GyWuk"


def new_secret() -> str:
    """A secret that nobody guesses, fit for URLs and headers."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """What is kept of a secret of ours."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def hash_password(node: Node, password: str) -> str:
    """What is kept of a password; ``Unavailable`` while too many want that."""
    return await node.passwords.run(_HASHER.hash, password)


async def is_password(node: Node, password: str, password_hash: str | None) -> bool:
    """Whether a password fits; without a hash the answer is no, after the same time. ``Unavailable`` as above."""
    fits = await node.passwords.run(_fits, password, password_hash or _NOBODY)
    return fits and password_hash is not None


def _fits(password: str, password_hash: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
