"""A member's plain text as the HTML that Mastodon's clients and servers expect.

Safe by construction: every piece of text is escaped where it is written, and the only tags are the ones of this file.
The shown text of a link always holds its whole host (S13). Classes and attributes: Mastodon's documentation,
"Microformats" and "HTML sanitization".
"""

import html
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, assert_never
from urllib.parse import urlsplit

from fedorg.text.entities import DEFAULT_RULES, Entity, Found, Hashtag, Link, Mention, TextRules, find

_SHOWN_CHARACTERS: Final = 30
_PARAGRAPHS: Final = re.compile(r"\n{2,}")
_PREFIX: Final = re.compile(r"https?://(?:www\.(?=[^/?#]*\.))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionTarget:
    """The account a mention was resolved to: its page, its name, and ``acct`` as its readers write it."""

    url: str
    username: str
    acct: str


def escape(plain: str) -> str:
    """Text that stands as itself in HTML, in an element as well as in a quoted attribute."""
    return html.escape(plain, quote=True)


def to_html(
    plain: str,
    mentions: Mapping[str, MentionTarget],
    tag_url: Callable[[str], str],
    rules: TextRules = DEFAULT_RULES,
) -> str:
    """A normalised plain text as HTML; the empty text is empty HTML.

    ``mentions`` maps ``Mention.handle`` to its account; a mention that is not in it stays text. ``tag_url`` gives the
    page of a normalised hashtag name.
    """
    found = find(plain, rules)
    shared = _usernames_shared(found, mentions)

    def written(entity: Entity) -> str:
        match entity:
            case Mention():
                target = mentions.get(entity.handle)
                return escape(plain[entity.start : entity.end]) if target is None else _mention_html(target, shared)
            case Hashtag():
                return (
                    f'<a href="{escape(tag_url(entity.name))}" class="mention hashtag" rel="tag">'
                    f"#<span>{escape(entity.written)}</span></a>"
                )
            case Link():
                return link_html(entity.url, rel="nofollow noopener")
            case _:
                assert_never(entity)

    body = _joined(plain, found, written)
    paragraphs = (paragraph.strip("\n") for paragraph in _PARAGRAPHS.split(body))
    return "".join(f"<p>{paragraph.replace(chr(10), '<br />')}</p>" for paragraph in paragraphs if paragraph)


def field_to_html(value: str) -> str:
    """The value of a profile field: one line, links marked ``rel="me"`` for verification, everything else text."""

    def written(entity: Entity) -> str:
        if isinstance(entity, Link):
            return link_html(entity.url, rel="me nofollow noopener")
        return escape(value[entity.start : entity.end])

    return _joined(value, find(value), written).replace("\n", " ")


def link_html(url: str, *, rel: str) -> str:
    """A link to an http or https address that shows the address."""
    return f'<a href="{escape(url)}" target="_blank" rel="{rel}" translate="no">{shown_url(url)}</a>'


def shown_url(url: str) -> str:
    """The address as the text of its link: 30 characters after the scheme are seen, and always the whole host.

    The hidden parts stay in the text, so that copying it copies the address.
    """
    prefix_match = _PREFIX.match(url)
    prefix = prefix_match[0] if prefix_match else ""
    authority_end = url.find("//") + 2 + len(urlsplit(url).netloc)
    shown_end = max(len(prefix) + _SHOWN_CHARACTERS, authority_end)
    shown, rest = url[len(prefix) : shown_end], url[shown_end:]
    shown_class = ' class="ellipsis"' if rest else ""
    return (
        f'<span class="invisible">{escape(prefix)}</span>'
        f"<span{shown_class}>{escape(shown)}</span>"
        f'<span class="invisible">{escape(rest)}</span>'
    )


def _joined(plain: str, found: Found, written: Callable[[Entity], str]) -> str:
    pieces: list[str] = []
    position = 0
    for entity in found.entities:
        pieces += (escape(plain[position : entity.start]), written(entity))
        position = entity.end
    return "".join([*pieces, escape(plain[position:])])


def _usernames_shared(found: Found, mentions: Mapping[str, MentionTarget]) -> frozenset[str]:
    """Names that two accounts of this text share; those are shown with their domains."""
    urls: defaultdict[str, set[str]] = defaultdict(set)
    for mention in found.mentions:
        if target := mentions.get(mention.handle):
            urls[target.username.lower()].add(target.url)
    return frozenset(username for username, known in urls.items() if len(known) > 1)


def _mention_html(target: MentionTarget, shared: frozenset[str]) -> str:
    name = target.acct if target.username.lower() in shared else target.username
    return (
        f'<span class="h-card" translate="no"><a href="{escape(target.url)}" class="u-url mention">'
        f"@<span>{escape(name)}</span></a></span>"
    )
