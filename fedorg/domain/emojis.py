"""Custom emoji of this node, and where they stand in a text."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

CATEGORY_MAX: Final = 100
EMOJIS_MAX: Final = 2000
EMOJIS_PER_TEXT_MAX: Final = 100

_SHORTCODE: Final = re.compile(r"[A-Za-z0-9_]{2,50}")
_IN_TEXT: Final = re.compile(r"(?<![A-Za-z0-9_:]):([A-Za-z0-9_]{2,50}):(?![A-Za-z0-9_:])")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEmoji:
    """A picture with a name; ``file`` and ``static_file`` are media names of this node."""

    id: int
    shortcode: str
    file: str
    static_file: str
    category: str | None = None
    visible_in_picker: bool = True
    disabled_at: datetime | None = None
    created_at: datetime


def is_shortcode(text: str) -> bool:
    """Whether a custom emoji may be called so."""
    return _SHORTCODE.fullmatch(text) is not None


def shortcodes_in(texts: Iterable[str]) -> tuple[str, ...]:
    """What may be custom emoji in some texts, each once, in their order."""
    found = (match[1] for text in texts for match in _IN_TEXT.finditer(text))
    return tuple(dict.fromkeys(found))[:EMOJIS_PER_TEXT_MAX]


def with_shortcodes_replaced(text: str, replacement: Callable[[str], str | None]) -> str:
    """A text with something else for each shortcode for which there is something."""

    def replace(match: re.Match[str]) -> str:
        found = replacement(match[1])
        return match[0] if found is None else found

    return _IN_TEXT.sub(replace, text)
