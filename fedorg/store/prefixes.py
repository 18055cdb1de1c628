"""Texts found by how they begin: a range of the index, which a pattern is not to either engine."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement

# In the order of bytes nothing that is written comes after it.
_LAST: Final = "\U0010ffff"


def begins_with(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Whether a column that is ``prefixed`` (in ``store.tables``) begins with ``prefix``."""
    return is_between(column, prefix, end_of(prefix))


def is_between(
    column: ColumnElement[str], prefix: str | ColumnElement[str], end: str | ColumnElement[str]
) -> ColumnElement[bool]:
    """The same in a statement that is prepared, which is given ``end_of(prefix)`` as well."""
    return sa.and_(column >= prefix, column < end)


def end_of(prefix: str) -> str:
    """What comes after everything that begins with ``prefix``."""
    return prefix + _LAST
