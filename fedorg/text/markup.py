"""HTML as a flat row of events, in linear time and without ever failing.

A tree builder such as the one inside the sanitiser repairs wrong nesting, and that repair is quadratic in hostile
input: two thousand open ``<b>`` before two thousand ``<p>`` make four million elements. The events made here are
checked and bounded first, so that the tree builder only sees short, well nested documents. Nothing relies on this
tokeniser for safety; the sanitiser has the last word. Rules: WHATWG HTML §13.2.5, simplified (S25, S27).
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

ATTRIBUTES_MAX: Final = 32

# Elements whose content is not prose: it is dropped with them.
_OPAQUE: Final = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})

_SPACE: Final = r"[ \t\n\f\r]"
_TAG_NAME: Final = re.compile(r"</?([A-Za-z][^ \t\n\f\r/>]*)")
_ATTRIBUTE: Final = re.compile(
    rf"(?:{_SPACE}|/)*(=?[^ \t\n\f\r/>=]+)"
    rf"(?:{_SPACE}*={_SPACE}*(?:\"([^\"]*)(?:\"|\Z)|'([^']*)(?:'|\Z)|([^ \t\n\f\r>\"'][^ \t\n\f\r>]*)|(?=>)))?"
)
_TAG_END: Final = re.compile(rf"(?:{_SPACE}|[/=])*(>?)")
# Python refuses to read integers of several thousand digits; no character has so many.
_NUMBER_TOO_LONG: Final = re.compile(r"&#(?:0*[0-9]{8,}|[xX]0*[0-9a-fA-F]{7,});?")
_REFERENCE: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


@dataclass(frozen=True, slots=True)
class Start:
    """``<name …>``, in lower case; of a repeated attribute the first counts."""

    name: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class End:
    """``</name>``, in lower case."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """Characters between tags, with references resolved."""

    text: str


Event = Start | End | Text


def tokenise(source: str) -> Iterator[Event]:
    """The events of any string; comments, declarations, scripts and styles leave none."""
    position = 0
    while (angle := source.find("<", position)) >= 0:
        if angle > position:
            yield Text(_resolved(source[position:angle]))
        following = source[angle + 1 : angle + 2]
        if name := _TAG_NAME.match(source, angle):
            event, position = _tag(source, name)
            if event is not None:
                yield event
            if isinstance(event, Start) and event.name in _OPAQUE:
                position = _opaque_end(source, position, event.name)
        elif following in {"!", "?", "/"}:
            position = _comment_end(source, angle)
        else:
            yield Text("<")
            position = angle + 1
    if position < len(source):
        yield Text(_resolved(source[position:]))


def _tag(source: str, name: re.Match[str]) -> tuple[Event | None, int]:
    """The tag that begins at ``name`` and where it ends; None when the text ends inside it."""
    attributes: dict[str, str] = {}
    position = name.end()
    while attribute := _ATTRIBUTE.match(source, position):
        position = attribute.end()
        key = attribute[1].lower()
        if len(attributes) < ATTRIBUTES_MAX and key not in attributes:
            attributes[key] = _resolved_value(attribute[2] or attribute[3] or attribute[4] or "")
    end = _TAG_END.match(source, position)
    if end is None or not end[1]:
        return None, len(source)
    if source.startswith("</", name.start()):
        return End(name[1].lower()), end.end()
    return Start(name[1].lower(), attributes), end.end()


def _comment_end(source: str, angle: int) -> int:
    if not source.startswith("<!--", angle):
        end = source.find(">", angle)
        return len(source) if end < 0 else end + 1
    if source.startswith((">", "->"), angle + 4):
        return source.index(">", angle) + 1
    end = source.find("-->", angle + 4)
    return len(source) if end < 0 else end + 3


def _opaque_end(source: str, position: int, name: str) -> int:
    closing = re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE).search(source, position)
    return closing.start() if closing else len(source)


def _resolved(text: str) -> str:
    return html.unescape(_NUMBER_TOO_LONG.sub("\ufffd", text)) if "&" in text else text


def _resolved_value(value: str) -> str:
    """References in an attribute count only with their semicolon: ``?a=1&copy=2`` is an address."""
    return _REFERENCE.sub(lambda reference: html.unescape(reference[0]), value) if "&" in value else value
