"""Emoji reactions to statuses: an emoji, or a custom one of another server with its picture."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

NAME_MAX: Final = 32
"""Code points of an emoji; the longest ones, families with skin tones, have fewer."""
SHORTCODE_MAX: Final = 100
URL_MAX: Final = 2048

_SHORTCODE: Final = re.compile(rf":([\w.+-]{{1,{SHORTCODE_MAX}}})(?:@[\w.:-]{{1,255}})?:")
_AS_PICTURE: Final = "\ufe0f"
_JOINER: Final = "\u200d"
_PICTURES: Final = "\U0001f000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What somebody reacts with: ``name`` is one emoji, or ``shortcode@domain`` of a picture at ``url``."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionCount:
    """How many accounts reacted to a status with one emoji, and whether the viewer is among them."""

    reaction: Reaction
    count: int
    is_own: bool


def read_emoji(text: str) -> Reaction | None:
    """The reaction with one emoji of Unicode; None for words, several emojis, and whatever else is none.

    The same emoji with and without the selector for pictures is one.
    """
    text = text.strip()
    if not text or len(text) > NAME_MAX or not all(_may_be_part(character) for character in text):
        return None
    if not any(unicodedata.category(character) in _TELLING for character in text) or _pictures(text) > 1:
        return None
    bare = text.replace(_AS_PICTURE, "")
    if len(bare) != 1:
        return Reaction(name=text)
    return Reaction(name=bare if bare >= _PICTURES else f"{bare}{_AS_PICTURE}")


def read_custom(text: str, url: str, domain: str) -> Reaction | None:
    """The reaction with a custom emoji, written ``:shortcode:``, of a server; None when it is not written so."""
    found = _SHORTCODE.fullmatch(text.strip())
    if found is None or len(url) > URL_MAX:
        return None
    return Reaction(name=f"{found[1]}@{domain}", url=url)


# Symbols, the enclosing key of a keycap, and the few signs of punctuation that are emojis.
_TELLING: Final = frozenset({"So", "Sm", "Sk", "Me", "Po", "Pd"})
# A character newer than Python's database is unassigned and lies among the pictures.
_PARTS: Final = _TELLING | {"Mn", "Cn"}


def _may_be_part(character: str) -> bool:
    if character == _JOINER or character in "0123456789#*":
        return True
    if "\U000e0020" <= character <= "\U000e007f":
        return True
    category = unicodedata.category(character)
    return category in _PARTS and (category != "Cn" or _PICTURES <= character <= "\U0001faff")


def _pictures(text: str) -> int:
    """How many emojis stand side by side."""
    total, flags, joined = 0, 0, False
    for character in text:
        if "\U0001f1e6" <= character <= "\U0001f1ff":
            flags += 1
            total += flags % 2
        elif not joined and not _goes_on(character):
            total += 1
        joined = character == _JOINER
    return total


def _goes_on(character: str) -> bool:
    """Whether a character belongs to the one before."""
    return (
        character in (_JOINER, _AS_PICTURE)
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character) in ("Mn", "Me")
    )
