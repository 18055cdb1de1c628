"""Texts found by how they begin: a range of the index, which a pattern is not to either engine."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy import Column

# In the order of bytes nothing that is written comes after it.
_LAST: Final = "\U0010ffff"


def begins_with(column: Column[str], prefix: str) -> sa.ColumnElement[bool]:
    """Whether a column that is ``prefixed`` (in ``store.tables``) begins with ``prefix``."""
    return sa.and_(column >= prefix, column < prefix + _LAST)
