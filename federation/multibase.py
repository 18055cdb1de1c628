"""Bytes as text in base58btc with the multibase prefix ``z``: keys and proofs are written so.

Spec: Controlled Identifiers §2.4 (Multibase). Only this base: FEP-521a and FEP-8b32 know no other.
"""

from typing import Final

from federation.errors import MalformedDocument

_PREFIX: Final = "z"
_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE: Final = len(_ALPHABET)


def encode(data: bytes) -> str:
    """The bytes as multibase text."""
    number = int.from_bytes(data)
    digits = []
    while number:
        number, digit = divmod(number, _BASE)
        digits.append(_ALPHABET[digit])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return _PREFIX + _ALPHABET[0] * zeros + "".join(reversed(digits))


def decode(text: str, length_max: int) -> bytes:
    """The bytes; raises ``MalformedDocument`` for another base and for more than ``length_max`` characters."""
    if not text.startswith(_PREFIX) or len(text) > length_max:
        raise MalformedDocument("This is not base58btc, or too long")
    digits = text[len(_PREFIX) :]
    number = 0
    for character in digits:
        digit = _ALPHABET.find(character)
        if digit < 0:
            raise MalformedDocument("This is not base58btc")
        number = number * _BASE + digit
    zeros = len(digits) - len(digits.lstrip(_ALPHABET[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)
