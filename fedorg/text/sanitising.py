"""HTML from elsewhere made safe: one allow-list, Mastodon's published one, held by one sanitiser built once.

Two steps. ``_Rewriter`` brings the fragment into a short and well nested form and does what an allow-list cannot:
headings become strong paragraphs, links with unknown schemes become text, a link whose text speaks of another host
shows the true one (S13). Then nh3 parses the result as a browser would and keeps what the allow-list names; what it
returns is returned unchanged, so safety rests on it alone. Spec: Mastodon's documentation, "ActivityPub", part "HTML
sanitization".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final, assert_never

from fedorg.text.deception import Deception, deception_in
from fedorg.text.formatting import escape, shown_url
from fedorg.text.hosts import BIDI_CONTROLS, scheme_of, web_host_of
from fedorg.text.markup import End, Event, Start, Text, tokenise
from fedorg.text.plain import to_plain

if TYPE_CHECKING:
    import nh3

INPUT_CHARACTERS_MAX: Final = 100_000
OUTPUT_CHARACTERS_MAX: Final = 200_000
DEPTH_MAX: Final = 32

TAGS: Final = frozenset(
    {"p", "br", "span", "a", "del", "s", "pre", "blockquote", "code", "b", "strong", "u", "i", "em", "ul", "ol", "li"}
    | {"ruby", "rt", "rp"}
)
LINK_SCHEMES: Final = frozenset(
    {"http", "https", "dat", "dweb", "ipfs", "ipns", "ssb", "gopher", "xmpp", "magnet", "gemini"}
)
ATTRIBUTES: Final = {
    "a": {"href", "class", "translate"},
    "span": {"class", "translate"},
    "ol": {"start", "reversed"},
    "li": {"value"},
    "p": {"class"},
    "*": {"lang"},
}


def sanitize(html: str) -> str:
    """Safe HTML for any string: at most 200,000 characters long; never raises.

    Input beyond 100,000 characters is cut off.
    """
    rewriter = _Rewriter()
    for event in tokenise(_UNWANTED.sub("", html[:INPUT_CHARACTERS_MAX])):
        rewriter.take(event)
        if rewriter.is_full:
            break
    safe = _cleaner().clean(rewriter.finish())
    return safe if len(safe) <= OUTPUT_CHARACTERS_MAX else _as_text(html)


_UNWANTED: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202d\u202e\ufffe\uffff\ud800-\udfff]")
_CLASS: Final = re.compile(r"(?:h|p|u|dt|e)-[A-Za-z0-9_-]{1,64}|mention|hashtag|ellipsis|invisible|quote-inline")
_INTEGER: Final = re.compile(r"-?[0-9]{1,9}")
_VALUES: Final = {
    "href": re.compile(r"[^\x00-\x20]+"),
    "lang": re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}"),
    "rel": re.compile("nofollow noopener"),
    "reversed": re.compile(r"(?:reversed)?"),
    "start": _INTEGER,
    "target": re.compile("_blank"),
    "translate": re.compile("no"),
    "value": _INTEGER,
}

_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_PARAGRAPH_ENDERS: Final = frozenset({"p", "pre", "blockquote", "ul", "ol"}) | _HEADINGS
_PARAGRAPH_SCOPES: Final = frozenset({"li", "blockquote"})
_LISTS: Final = frozenset({"ul", "ol"})
_INVISIBLE: Final = "span.invisible"
_WEB_SCHEMES: Final = frozenset({"http", "https"})
# Blocks outside the allow-list: their text stays and keeps its distance.
_SPACED: Final = frozenset(
    {"address", "article", "aside", "details", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer"}
    | {"form", "header", "hr", "main", "nav", "section", "summary", "table", "td", "th", "tr"}
)

_BIDI: Final = re.compile(f"[{BIDI_CONTROLS}]")


def _attribute(_tag: str, name: str, value: str) -> str | None:
    """The value an attribute may have, be it given or set by nh3; None drops it.

    For ``href`` the schemes and the relative form are judged by nh3.
    """
    if name == "class":
        return " ".join(word for word in value.split() if _CLASS.fullmatch(word)) or None
    return value if _VALUES[name].fullmatch(value) else None


@cache
def _cleaner() -> "nh3.Cleaner":
    import nh3  # noqa: PLC0415 - large, and a node that says nothing needs none of it

    return nh3.Cleaner(
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        link_rel="nofollow noopener",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=LINK_SCHEMES,
        url_relative="deny",
    )


def _as_text(html: str) -> str:
    """The text alone, for a fragment that grew beyond the limit; escaping makes it six times longer at most."""
    return f"<p>{escape(to_plain(html)[: OUTPUT_CHARACTERS_MAX // 6 - 10])}</p>"


@dataclass(slots=True, kw_only=True)
class _OpenLink:
    """The link being written: where it leads, where its text begins, and what of the text is seen."""

    url: str
    host: str
    first_piece: int
    visible: list[str] = field(default_factory=list)


class _Rewriter:
    """Takes events and writes well nested HTML of bounded depth and length."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._open: list[tuple[str, str]] = []  # the kind of element, and what closes it
        self._link: _OpenLink | None = None

    @property
    def is_full(self) -> bool:
        """Whether more would make the result too long."""
        return self._length > OUTPUT_CHARACTERS_MAX // 2

    def take(self, event: Event) -> None:
        """Write what the event comes to."""
        match event:
            case Text():
                self._text(event.text)
            case Start():
                self._start(event.name, event.attributes)
            case End():
                self._end(event.name)
            case _:
                assert_never(event)

    def finish(self) -> str:
        """Close what is open; the whole fragment."""
        while self._open:
            self._pop()
        return "".join(self._pieces)

    def _write(self, piece: str) -> None:
        self._pieces.append(piece)
        self._length += len(piece)

    def _text(self, text: str) -> None:
        if self._link is None:
            self._write(escape(text))
            return
        shown = _BIDI.sub("", text)
        if all(kind != _INVISIBLE for kind, _ in self._open):
            self._link.visible.append(shown)
        self._write(escape(shown))

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in _SPACED:
            self._write(" ")
        if name in _PARAGRAPH_ENDERS:
            self._close_within("p", _PARAGRAPH_SCOPES)
        if name == "li":
            self._close_within("li", _LISTS)
        if name == "br":
            self._write("<br>")
        elif len(self._open) >= DEPTH_MAX:
            return
        elif name in _HEADINGS:
            self._push(name, "<p><strong>", "</strong></p>")
        elif name == "a":
            self._start_link(attributes)
        elif name in TAGS:
            hides = name == "span" and "invisible" in attributes.get("class", "").split()
            self._push(_INVISIBLE if hides else name, _opening(name, attributes), f"</{name}>")

    def _start_link(self, attributes: Mapping[str, str]) -> None:
        """Open a link, or none: inside another, for an unknown scheme, or for an address that may be misread."""
        url = attributes.get("href", "").strip()
        scheme = scheme_of(url)
        host = web_host_of(url) if scheme in _WEB_SCHEMES else ""
        if self._link is None and scheme in LINK_SCHEMES and host is not None:
            self._push("a", _opening("a", {**attributes, "href": url}), "</a>")
            self._link = _OpenLink(url=url, host=host, first_piece=len(self._pieces))

    def _end(self, name: str) -> None:
        if name in _SPACED:
            self._write(" ")
        kinds = {"span", _INVISIBLE} if name == "span" else {name}
        if any(kind in kinds for kind, _ in self._open):
            while self._pop() not in kinds:
                pass

    def _close_within(self, name: str, scopes: frozenset[str]) -> None:
        """Close the nearest open ``name`` that no element of ``scopes`` encloses: authors may leave out its end tag."""
        for kind, _ in reversed(self._open):
            if kind in scopes:
                return
            if kind == name:
                self._end(name)
                return

    def _push(self, kind: str, opening: str, closing: str) -> None:
        self._write(opening)
        self._open.append((kind, closing))

    def _pop(self) -> str:
        kind, closing = self._open.pop()
        if kind == "a" and self._link is not None:
            self._reveal_host(self._link)
            self._link = None
        self._write(closing)
        return kind

    def _reveal_host(self, link: _OpenLink) -> None:
        match deception_in("".join(link.visible), link.host):
            case Deception.ADDRESS:
                del self._pieces[link.first_piece :]
                self._write(shown_url(link.url))
            case Deception.NAME:
                self._write(f" ({escape(link.host or link.url)})")
            case None:
                pass


def _opening(name: str, attributes: Mapping[str, str]) -> str:
    allowed = ATTRIBUTES.get(name, set()) | ATTRIBUTES["*"]
    kept = (f' {key}="{escape(value)}"' for key, value in attributes.items() if key in allowed)
    return f"<{name}{''.join(kept)}>"
