"""How many characters a person sees: extended grapheme clusters after Unicode Standard Annex #29.

Python's standard library has no segmentation, but its character database suffices for the rules that matter in
prose: combining and spacing marks, Hangul syllables, flags, emoji with modifiers and joiners (GB3 to GB9a, GB11 to
GB13). Left out are GB9b and GB9c, which glue a few rare prefixes and Indic conjuncts; there the count is higher by one
for each.

One deliberate difference: a cluster of more than 16 code points counts once for every 16 begun. No written character
is that long, and without it one "character" could carry a megabyte of marks (S26).
"""

import unicodedata
from typing import Final

CLUSTER_CODE_POINTS_MAX: Final = 16

_FIRST_SPECIAL: Final = "\u0300"  # below it, only the pair CR LF is one cluster
_JOINER: Final = "\u200d"
_NON_JOINER: Final = "\u200c"
_MARKS: Final = frozenset({"Mn", "Me", "Mc"})
_SYMBOLS: Final = frozenset({"So", "Sm"})


def count_graphemes(text: str) -> int:
    """The number of grapheme clusters."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    total = 0
    length = 0
    flags = 0
    joins_picture = False
    previous = ""
    for character in text:
        flags = flags + 1 if _is_flag_letter(character) else 0
        continues = bool(previous) and (
            _extends(character)
            or (flags and flags % 2 == 0)
            or (joins_picture and previous == _JOINER and _is_picture(character))
            or _is_same_syllable(previous, character)
            or (previous == "\r" and character == "\n")
        )
        if _is_picture(character):
            joins_picture = True
        elif not _extends(character):
            joins_picture = False
        length = length + 1 if continues else 1
        total += length % CLUSTER_CODE_POINTS_MAX == 1
        previous = character
    return total


def has_more_graphemes(text: str, most: int) -> bool:
    """Whether there are more than ``most`` clusters; what is too long for fewer is not counted."""
    return len(text) > most * CLUSTER_CODE_POINTS_MAX or count_graphemes(text) > most


def _extends(character: str) -> bool:
    if character < _FIRST_SPECIAL:
        return False
    return (
        character in {_JOINER, _NON_JOINER}
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # tags, as in the flag of Scotland
        or unicodedata.category(character) in _MARKS
    )


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_picture(character: str) -> bool:
    """Whether a joiner may glue it: emoji newer than Python's database lie in the last range."""
    if character < _FIRST_SPECIAL:
        return character in "©®"
    if _is_flag_letter(character) or _extends(character):
        return False
    return "\U0001f000" <= character <= "\U0001faff" or unicodedata.category(character) in _SYMBOLS


def _is_same_syllable(before: str, after: str) -> bool:
    match _jamo(before), _jamo(after):
        case ("L", "L" | "V" | "LV" | "LVT") | ("LV" | "V", "V" | "T") | ("LVT" | "T", "T"):
            return True
        case _:
            return False


def _jamo(character: str) -> str:
    if not "\u1100" <= character <= "\ud7fb":
        return ""
    if "\uac00" <= character <= "\ud7a3":
        return "LVT" if (ord(character) - 0xAC00) % 28 else "LV"
    for kind, first, last in _JAMO_RANGES:
        if first <= character <= last:
            return kind
    return ""


_JAMO_RANGES: Final = (
    ("L", "\u1100", "\u115f"),
    ("V", "\u1160", "\u11a7"),
    ("T", "\u11a8", "\u11ff"),
    ("L", "\ua960", "\ua97c"),
    ("V", "\ud7b0", "\ud7c6"),
    ("T", "\ud7cb", "\ud7fb"),
)
