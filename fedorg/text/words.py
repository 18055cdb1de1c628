"""The words of a text as they are indexed and looked for: the same for both engines, in every script.

A word is a run of letters, marks and digits, in one spelling: compatibility forms, case and accents are folded. Scripts
that put no space between words (Chinese, Japanese, Thai, …) give one word a character; who looks for several of them
finds those that follow each other. A word holds nothing but letters, marks and digits, so that it means nothing in any
query language.
"""

import unicodedata
from typing import Final

WORDS_MAX: Final = 10_000
WORD_CHARACTERS_MAX: Final = 64

# Vowel signs that are written as marks make another word in the scripts of India, and so do the voicing marks of Kana.
_MARKS_KEPT: Final = frozenset({7, 8, 9})
_UNSPACED: Final = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x9FFF),  # Han
    (0xF900, 0xFAFF),
    (0x1B000, 0x1B16F),
    (0x20000, 0x3FFFF),
)


def words_of(plain: str) -> tuple[str, ...]:
    """The words of a plain text in order, at most ``WORDS_MAX``."""
    words: list[str] = []
    word: list[str] = []
    for character in [*_folded(plain), " "]:
        if _is_unspaced(character):
            _end(words, word)
            word = [character]
        elif _is_part(character):
            if word and _is_unspaced(word[0]) and not _is_mark(character):
                _end(words, word)
                word = []
            word.append(character)
        else:
            _end(words, word)
            word = []
        if len(words) >= WORDS_MAX:
            break
    return tuple(words[:WORDS_MAX])


def _folded(plain: str) -> str:
    parts = unicodedata.normalize("NFKD", plain.casefold())
    kept = (one for one in parts if not (mark := unicodedata.combining(one)) or mark in _MARKS_KEPT)
    return unicodedata.normalize("NFC", "".join(kept).casefold())


def _end(words: list[str], word: list[str]) -> None:
    # A mark alone is no word.
    if any(not _is_mark(character) for character in word):
        words.append("".join(word[:WORD_CHARACTERS_MAX]))


def _is_part(character: str) -> bool:
    return character.isalnum() or _is_mark(character)


def _is_mark(character: str) -> bool:
    return character > "\x7f" and unicodedata.category(character)[0] == "M"


def _is_unspaced(character: str) -> bool:
    return (
        character >= "\u0e00"
        and not _is_mark(character)
        and character.isalnum()
        and any(first <= ord(character) <= last for first, last in _UNSPACED)
    )
