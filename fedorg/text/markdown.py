"""Texts that administrators write in Markdown: rules, policies, descriptions.

CommonMark with raw HTML switched off, and then through the one sanitiser all the same.
"""

from functools import cache

from markdown_it import MarkdownIt

from fedorg.text.sanitising import sanitize


def markdown_to_html(source: str) -> str:
    """Safe HTML for a text in Markdown; what looks like HTML in it stays text."""
    return sanitize(_parser().render(source)).strip()


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False})
