"""Pages whose cursor is not the id of what they show, and parts of lists that are counted."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A page that may show less than it is made of; ``cursors`` belong to all of it, so that the way goes on."""

    items: tuple[T, ...]
    cursors: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a list that is counted from its beginning."""

    limit: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Generic[T]):
    """An item of a list that is paged by ``row_id``: the id of the favourite, bookmark, follow, block or mute."""

    row_id: int
    item: T
