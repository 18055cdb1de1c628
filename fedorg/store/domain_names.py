"""Several servers in one column: a space around each, so that one of them is found without reading the others."""

from collections.abc import Collection

from sqlalchemy import Column, ColumnElement


def to_text(domains: Collection[str]) -> str | None:
    """How they are written; None for none."""
    return f" {' '.join(sorted(domains))} " if domains else None


def from_text(text: str | None) -> frozenset[str]:
    """What is written."""
    return frozenset(() if text is None else text.split())


def holds(column: Column[str], domain: str) -> ColumnElement[bool]:
    """That a server is among them."""
    return column.contains(f" {domain} ", autoescape=True)
