"""Text between people and the fediverse: what a plain text mentions, its HTML, and the HTML of others made safe.

Everything here is pure and bounded: no function opens anything, none takes more than linear time (S25), and none
raises on any string (S27). HTML that came from elsewhere passes ``sanitize``, the only sanitiser of a node (S54).
"""

from fedorg.text.backlinks import field_link, links_back
from fedorg.text.emojis import draw_emojis
from fedorg.text.entities import (
    DEFAULT_RULES,
    HASHTAG_CHARACTERS_MAX,
    Found,
    Hashtag,
    Link,
    Mention,
    TextRules,
    find,
    normalise_hashtag,
)
from fedorg.text.formatting import MentionTarget, escape, field_to_html, to_html
from fedorg.text.graphemes import has_more_graphemes
from fedorg.text.hosts import canonical_host
from fedorg.text.markdown import markdown_to_html
from fedorg.text.pages import ReadPage, links_in, merge_oembed, read_page
from fedorg.text.plain import count_characters, is_longer, normalise, normalise_line, to_plain
from fedorg.text.queries import parse_query
from fedorg.text.sanitising import sanitize
from fedorg.text.words import words_of

__all__ = [
    "DEFAULT_RULES",
    "HASHTAG_CHARACTERS_MAX",
    "Found",
    "Hashtag",
    "Link",
    "Mention",
    "MentionTarget",
    "ReadPage",
    "TextRules",
    "canonical_host",
    "count_characters",
    "draw_emojis",
    "escape",
    "field_link",
    "field_to_html",
    "find",
    "has_more_graphemes",
    "is_longer",
    "links_back",
    "links_in",
    "markdown_to_html",
    "merge_oembed",
    "normalise",
    "normalise_hashtag",
    "normalise_line",
    "parse_query",
    "read_page",
    "sanitize",
    "to_html",
    "to_plain",
    "words_of",
]
