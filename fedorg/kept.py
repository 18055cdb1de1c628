"""What was made of something, kept as long as it would be made of the very same.

To read a row costs little; to make times, words of enumerations and values of it, and an entity of those, costs most of
a page. So what was made is kept beside what it was made of, and given again for that alone: whatever any process
writes, the row is another then, and the value is made anew. Nothing has to be told to forget.
"""

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class Kept(Generic[S, T]):
    """What ``make`` made, by key; the most recently used of it, up to about ``bytes_max``. Any thread may use it.

    ``make`` looks at nothing but its argument, and nobody changes what it gave. ``each_bytes`` is what one takes beside
    the texts it was made of. There are two generations: what is used comes into the young one; when that is full, it
    becomes the old one, and what was not used since is let go.
    """

    def __init__(self, make: Callable[[S], T], *, bytes_max: int, each_bytes: int) -> None:
        self._make = make
        self._half = bytes_max // 2
        self._each = each_bytes
        self._young: dict[Hashable, tuple[S, T]] = {}
        self._old: dict[Hashable, tuple[S, T]] = {}
        self._bytes = 0

    def of(self, key: Hashable, source: S) -> T:
        """What is made of ``source``; one is kept for each key."""
        found = self._young.get(key)
        if found is not None and found[0] == source:
            return found[1]
        older = self._old.get(key)
        found = older if older is not None and older[0] == source else (source, self._make(source))
        self._bytes += self._each + _text_bytes(source)
        if self._bytes > self._half:
            self._old, self._young, self._bytes = self._young, {}, 0
        self._young[key] = found
        return found[1]


def _text_bytes(source: Any) -> int:  # noqa: ANN401 - of any shape
    """Twice, since what is made holds them too."""
    if isinstance(source, str):
        return 2 * len(source)
    return sum(map(_text_bytes, source)) if isinstance(source, tuple) else 0
