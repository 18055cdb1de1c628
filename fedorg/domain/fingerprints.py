"""The words in which administrators of two nodes compare by telephone whether both have the same keys before them.

Whoever stands between two nodes shows each of them other keys, and may try as many of his own as he likes for both
sides at once: for a fingerprint of 128 bits that takes 2⁶⁴ tries. Each try costs ``ROUNDS`` rounds, another 2¹⁴.
The words are BIP-39's English ones, which differ in their first four letters, with its checksum in the last.
"""

from functools import cache, lru_cache
from hashlib import pbkdf2_hmac, sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mnemonic import Mnemonic

ROUNDS: Final = 2**14
_BYTES: Final = 16
_SALT: Final = b"fedorg partnership"


@lru_cache(maxsize=256)
def fingerprint(one: tuple[str, ...], other: tuple[str, ...]) -> str:
    """Twelve words that two administrators read to each other; the same on both sides.

    Each argument holds the address of a node's actor and its public keys.
    """
    parts = sorted(sha256("\n".join(sorted(side)).encode()).digest() for side in (one, other))
    return _words().to_mnemonic(pbkdf2_hmac("sha256", b"".join(parts), _SALT, ROUNDS, _BYTES))


def is_same(one: str, other: str) -> bool:
    """Whether somebody who typed or pasted a fingerprint means this one."""
    return one.casefold().split() == other.casefold().split()


@cache
def _words() -> "Mnemonic":
    from mnemonic import Mnemonic  # noqa: PLC0415 - two thousand words, which administrators need now and then

    return Mnemonic("english")
