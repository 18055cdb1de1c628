"""Texts found by how they begin: a range of the index, which a pattern is not to either engine."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement

_LAST: Final = "\U0010ffff"
_SURROGATES: Final = range(0xD800, 0xE000)


def begins_with(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Whether a column that is ``prefixed`` (in ``store.tables``) begins with ``prefix``."""
    return is_between(column, prefix, end_of(prefix))


def is_between(
    column: ColumnElement[str], prefix: str | ColumnElement[str], end: str | ColumnElement[str]
) -> ColumnElement[bool]:
    """The same in a statement that is prepared, which is given ``end_of(prefix)`` as well."""
    return sa.and_(column >= prefix, column < end)


def end_of(prefix: str) -> str:
    """What comes next in the order of bytes after everything that begins with ``prefix``."""
    head = prefix.rstrip(_LAST)
    if not head:
        return prefix + _LAST
    following = ord(head[-1]) + 1
    return head[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
