"""Texts that administrators write in Markdown: rules, policies, descriptions.

CommonMark with raw HTML switched off, and then through the one sanitiser all the same.
"""

from functools import cache
from typing import TYPE_CHECKING

from fedorg.text.sanitising import sanitize

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


def markdown_to_html(source: str) -> str:
    """Safe HTML for a text in Markdown; what looks like HTML in it stays text."""
    return sanitize(_parser().render(source)).strip()


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only pages about the node need it

    return MarkdownIt("commonmark", {"html": False})
