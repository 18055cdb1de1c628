"""Links that say "this is me": the one a profile field is, and whether a page leads back by ``rel="me"``.

A page is somebody else's, and much on it may be by strangers to it. It counts what a browser would show as an element:
nothing in comments, in elements whose content is text, in templates or in the values of attributes. Nothing is repaired
and each character is looked at once (S25). Spec: microformats.org/wiki/rel-me, HTML §13.2.5.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

from fedorg.text.pages import TAG_CHARACTERS_MAX, TAG_REST, decoded, parsed, web_address

TAGS_MAX: Final = 100_000
_LINKS_MAX: Final = 1000
_TOKEN: Final = re.compile(
    r"<(?:(?P<comment>!--)|(?P<other>[!?]|/(?![a-z]))|(?P<end>/?)(?P<name>[a-z][^\s/>]*))", re.IGNORECASE
)
_COMMENT_END: Final = re.compile(r"--!?>")
# Of these the content is text, or nothing that anybody is shown.
_TEXTS: Final = frozenset(
    {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript", "select", "object"}
)
_TEXT_END: Final = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _TEXTS}
_IS_ME: Final = re.compile(r"\brel\b.*\bme\b|\bme\b.*\brel\b", re.IGNORECASE | re.DOTALL)


def field_link(html: str) -> str | None:
    """The address that is all a profile field shows, as safe HTML has it; None where it shows anything else."""
    body = parsed(html).body
    children = [] if body is None else list(body.iter(include_text=True))
    if len(children) != 1 or children[0].tag != "a":
        return None
    href = web_address(children[0].attributes.get("href"), "")
    # What is read is where it leads: nobody is led to think that another address is verified.
    return href if href and web_address(children[0].text(), "") == href else None


def links_back(body: bytes, declared_charset: str | None, addresses: Collection[str]) -> bool:
    """Whether a page has a link with ``rel="me"`` to one of these addresses, in any case of letters; never raises."""
    wanted = {address.lower() for address in addresses}
    tags = "".join(f"{tag}</a>" for tag in _links_of_oneself(decoded(body, declared_charset)))
    return any(
        "me" in (node.attributes.get("rel") or "").lower().split()
        and (node.attributes.get("href") or "").strip().lower() in wanted
        for node in parsed(tags).css("a[href], link[href]")
    )


def _links_of_oneself(html: str) -> Iterator[str]:
    """Beginnings of the elements ``a`` and ``link`` that are shown and may be of the kind, a bounded number."""
    found = 0
    for name, tag in _shown_tags(html):
        if name in ("a", "link") and _IS_ME.search(tag):
            yield tag
            found += 1
            if found == _LINKS_MAX:
                return


def _shown_tags(html: str) -> Iterator[tuple[str, str]]:
    """Name and text of each beginning of an element that a browser would make one of, outside of templates."""
    position, templates = 0, 0
    for _ in range(TAGS_MAX):
        token = _TOKEN.search(html, position)
        if token is None:
            return
        after = _after(html, token)
        if after is None:
            return
        position = after
        name = (token["name"] or "").lower()
        if name == "plaintext":
            return
        if name == "template":
            templates = max(0, templates - 1) if token["end"] else templates + 1
        elif name and not token["end"]:
            if not templates:
                yield name, html[token.start() : position]
            if name in _TEXTS:
                closing = _TEXT_END[name].search(html, position)
                if closing is None:
                    return
                position = closing.start()


def _after(html: str, token: re.Match[str]) -> int | None:
    """Where a comment, a declaration or a tag ends; None where it does not."""
    if token["comment"]:
        start = token.end()
        for short in (">", "->"):
            if html.startswith(short, start):
                return start + len(short)
        ended = _COMMENT_END.search(html, start)
    elif token["other"]:
        position = html.find(">", token.end())
        return None if position < 0 else position + 1
    else:
        ended = TAG_REST.match(html, token.end(), token.end() + TAG_CHARACTERS_MAX)
    return None if ended is None else ended.end()
