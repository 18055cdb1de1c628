"""Whether markup is inert, as a browser's parser sees it: the judge is Lexbor, with which nothing here is sanitised."""

import re
from collections.abc import Mapping
from typing import Final

from selectolax.lexbor import LexborHTMLParser

# Mastodon's published allow-list, written down here a second time.
_TAGS: Final = frozenset(
    {"p", "br", "span", "a", "del", "s", "pre", "blockquote", "code", "b", "strong", "u", "i", "em", "ul", "ol", "li"}
    | {"ruby", "rt", "rp"}
)
_AROUND: Final = frozenset({"html", "head", "body", "div", "section"})
_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "a": frozenset({"href", "class", "translate", "rel", "target", "lang"}),
    "span": frozenset({"class", "translate", "lang"}),
    "p": frozenset({"class", "lang"}),
    "ol": frozenset({"start", "reversed", "lang"}),
    "li": frozenset({"value", "lang"}),
}
_CLASS: Final = re.compile(r"(?:(?:h|p|u|dt|e)-[\w-]+|mention|hashtag|ellipsis|invisible|quote-inline)")
_LINK: Final = re.compile(r"(?:https?|dat|dweb|ipfs|ipns|ssb|gopher|xmpp|magnet|gemini):[^\x00-\x20]+")
_ON_PAGES: Final = frozenset({"script", "iframe", "object", "embed", "applet", "frame", "frameset", "portal"})


def assert_inert(html: str) -> None:
    """Only allowed elements, attributes, classes and schemes, wherever a client puts it, and parsed however often."""
    for before, after in (("", ""), ("<div>", "</div>"), ("<p>", "</p>"), ("<div><section>", "</section></div>")):
        once = LexborHTMLParser(f"{before}{html}{after}")
        _assert_allowed(once, html)
        _assert_allowed(LexborHTMLParser(once.html or ""), html)


def _assert_allowed(tree: LexborHTMLParser, html: str) -> None:
    assert tree.root is not None
    for node in tree.root.traverse(include_text=False):
        assert node.tag in _TAGS | _AROUND, (node.tag, html)
        for name, value in node.attributes.items():
            assert name in _ATTRIBUTES.get(node.tag or "", frozenset({"lang"})), (node.tag, name, html)
            if name == "href":
                assert _LINK.fullmatch(value or ""), (value, html)
            if name == "class":
                assert all(_CLASS.fullmatch(word) for word in (value or "").split()), (value, html)
        if node.tag == "a":
            assert node.attributes.get("rel") in ("nofollow noopener", "tag", "me nofollow noopener", None), html


def assert_page_inert(page: str, ours: str) -> None:
    """A page for people runs nothing and sends nothing elsewhere; ``ours`` is the address of the node."""
    tree = LexborHTMLParser(page)
    assert tree.root is not None
    for node in tree.root.traverse(include_text=False):
        assert node.tag not in _ON_PAGES, node.html
        assert node.tag != "base" or "href" not in node.attributes, node.html
        for name, value in node.attributes.items():
            assert not name.startswith("on"), node.html
            assert name not in ("style", "srcdoc", "ping", "formaction", "background"), node.html
            if name in ("href", "src", "action"):
                assert re.match(r"https?://|/(?!/)|#|\?|mailto:|data:image/", value or ""), node.html
            # Of links in the head, browsers fetch nothing for "me": it is said to whoever verifies a profile.
            is_fetched = name == "href" and node.tag == "link" and node.attributes.get("rel") != "me"
            if name == "action" or is_fetched:
                assert (value or "").startswith(("/", ours)), node.html
        assert node.attributes.get("http-equiv") is None, node.html
