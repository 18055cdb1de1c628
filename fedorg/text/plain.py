"""Plain text: made uniform, counted as Mastodon counts it, and recovered from HTML."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from fedorg.text.entities import DEFAULT_RULES, Link, Mention, TextRules, find
from fedorg.text.graphemes import count_graphemes
from fedorg.text.markup import End, Event, Start, Text, tokenise

PLAIN_CHARACTERS_MAX: Final = 100_000

_NEWLINES: Final = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_SPACES: Final = re.compile(r"[ \t\n\r\f]+")
# Controls, halves of surrogate pairs, interlinear marks, byte order marks, and the two overrides that make a
# text read backwards; the isolates and marks that right-to-left scripts need stay.
_UNWANTED: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202d\u202e\ufeff\ufff9-\ufffb\ud800-\udfff]")
# Embeddings, overrides, isolates, and two that are no characters: peers drop them from names, and compare names.
_TURNING: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_PARAGRAPH_LIKE: Final = frozenset(
    {"p", "pre", "blockquote", "ul", "ol", "div", "section", "article", "table", "h1", "h2", "h3", "h4", "h5", "h6"}
)
_LINE_LIKE: Final = frozenset({"li", "tr", "dt", "dd"})


def normalise(plain: str) -> str:
    """Text as it is stored: NFC, lines end with one newline, no control characters, trimmed."""
    lines = _NEWLINES.sub("\n", plain).replace("\t", " ")
    return unicodedata.normalize("NFC", _UNWANTED.sub("", lines)).strip()


def normalise_line(plain: str) -> str:
    """A single line as it is stored, without anything that turns the direction of what follows it."""
    return " ".join(_TURNING.sub("", normalise(plain)).split())


def count_characters(plain: str, rules: TextRules = DEFAULT_RULES) -> int:
    """The length a person sees and a limit is held against.

    As Mastodon counts: characters are grapheme clusters, a link counts ``rules.url_characters`` whatever its length,
    and of a mention only ``@user`` counts.
    """
    total = 0
    position = 0
    for entity in find(plain, rules).entities:
        total += count_graphemes(plain[position : entity.start])
        position = entity.end
        match entity:
            case Link():
                total += rules.url_characters
            case Mention():
                total += 1 + len(entity.username)
            case _:
                total += count_graphemes(plain[entity.start : entity.end])
    return total + count_graphemes(plain[position:])


def is_longer(plain: str, most: int) -> bool:
    """Whether a text counts more than ``most`` characters.

    Whatever it holds, so many code points do not count less: to count a megabyte is not worth it.
    """
    return len(plain) > 100 * most + 10_000 or count_characters(plain) > most


def to_plain(html: str) -> str:
    """The text of an HTML fragment: paragraphs divided by an empty line, ``<br>`` as a newline, tags gone.

    For search, notifications and editing; what comes back is text and must be escaped before it is shown.
    """
    text = "".join(_pieces(tokenise(html[:PLAIN_CHARACTERS_MAX])))
    lines = (line.strip(" ") for line in text.split("\n"))
    return normalise(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)))


def _pieces(events: Iterator[Event]) -> Iterator[str]:
    """Breaks before and after blocks; ``to_plain`` folds the surplus."""
    preformatted = 0
    for event in events:
        match event:
            case Text():
                yield event.text if preformatted else _SPACES.sub(_space_or_spaces, event.text)
            case Start(name="br"):
                yield "\n"
            case Start(name=name) | End(name=name):
                if name == "pre":
                    preformatted = max(0, preformatted + (1 if isinstance(event, Start) else -1))
                yield "\n\n" if name in _PARAGRAPH_LIKE else "\n" if name in _LINE_LIKE else ""


def _space_or_spaces(run: re.Match[str]) -> str:
    """A line break of the source is a space; spaces a person typed stay as many as they are."""
    return run[0] if run[0].strip(" ") == "" else " "
