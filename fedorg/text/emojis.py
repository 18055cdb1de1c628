"""Custom emoji drawn: pictures in place of their names, in HTML that was made safe."""

import re
from collections.abc import Mapping
from typing import Final

from fedorg.domain.emojis import with_shortcodes_replaced
from fedorg.text.formatting import escape

# As the sanitiser writes tags: values stand in double quotes, and none of these is in them.
_TAG: Final = re.compile(r"(<[^<>\"]*(?:\"[^\"]*\"[^<>\"]*)*>)")
_ELEMENT: Final = re.compile(r"<(/?)([a-z]+)")
# What somebody copies or follows is left as it was written.
_LITERAL: Final = frozenset({"a", "code", "pre"})


def draw_emojis(html: str, pictures: Mapping[str, str]) -> str:
    """Sanitised HTML with pictures, by shortcode their addresses; in links and in code the names stay."""
    if not pictures or ":" not in html:
        return html
    inside = 0
    pieces = _TAG.split(html)
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            pieces[number] = piece if inside else with_shortcodes_replaced(piece, lambda name: _img(name, pictures))
        elif (element := _ELEMENT.match(piece)) and element[2] in _LITERAL:
            inside += -1 if element[1] else 1
    return "".join(pieces)


def _img(shortcode: str, pictures: Mapping[str, str]) -> str | None:
    if shortcode not in pictures:
        return None
    name = f":{shortcode}:"
    return f'<img class="emoji" src="{escape(pictures[shortcode])}" alt="{name}" title="{name}" width="20" height="20">'
