"""Who may learn of what, written down apart from the node: the oracle that the table of leaks asks.

Nothing here is imported from the node. A mark is a status with words that stand nowhere else; whoever is shown the
words or the number of a status that is not for them has found a leak.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from typing_extensions import override

VISIBILITIES: Final = ("public", "unlisted", "private", "direct")
# For each ring what a server has to be to lie inside it; "named" is for partners, and names some of them.
INSIDE: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "node": frozenset(),
        "organisation": frozenset({"sibling"}),
        "named": frozenset({"sibling", "named partner"}),
        "partners": frozenset({"sibling", "named partner", "partner"}),
        "public": frozenset({"sibling", "named partner", "partner", "open"}),
    }
)
_WORDS: Final = re.compile(r"mark(\d{3})s")
_NUMBER: Final = re.compile(r"\d{15,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Somebody who looks. ``standing`` is what their server is, "member" for people of the node, "nobody" for visitors.

    ``follows`` and ``is_blocked_by`` name authors; for somebody of another server it counts that anybody there follows.
    """

    name: str
    standing: str
    follows: frozenset[str] = frozenset()
    is_blocked_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A status, or an earlier version of one, or one that waits for its time.

    ``number`` is that of the status, None where it has none of its own; ``words`` are empty for a boost.
    """

    words: str
    number: str | None
    uri: str
    author: str
    ring: str
    visibility: str
    kind: Literal["status", "version", "boost", "draft"] = "status"
    addressees: frozenset[str] = frozenset()

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.words or self.number} of {self.author}, {self.ring} {self.visibility}"


def may_learn(viewer: Viewer, mark: Mark) -> bool:
    """Whether a mark may come before somebody by any door."""
    if viewer.name == mark.author:
        return True
    if mark.kind == "draft" or mark.author in viewer.is_blocked_by:
        return False
    is_open = mark.visibility in ("public", "unlisted")
    if viewer.standing == "nobody":
        return mark.ring == "public" and is_open
    if viewer.standing != "member" and viewer.standing not in INSIDE[mark.ring]:
        return False
    is_follower = mark.visibility == "private" and mark.author in viewer.follows
    return is_open or is_follower or viewer.name in mark.addressees


@dataclass(slots=True)
class Ledger:
    """All marks, and who was seen to learn of them by which door."""

    marks: list[Mark] = field(default_factory=list)
    cases: set[tuple[str, str, Mark]] = field(default_factory=set)
    shown: set[tuple[str, str, Mark]] = field(default_factory=set)
    leaks: list[str] = field(default_factory=list)

    def find(self, text: str) -> set[Mark]:
        """The marks whose words or numbers stand in a text."""
        words = set(_WORDS.findall(text))
        numbers = set(_NUMBER.findall(text))
        return {mark for mark in self.marks if mark.words[4:7] in words or mark.number in numbers}

    def find_words(self, text: str) -> set[Mark]:
        """The marks whose words stand in a text."""
        words = set(_WORDS.findall(text))
        return {mark for mark in self.marks if mark.words[4:7] in words}

    def note(self, door: str, viewer: Viewer, text: str, where: str = "", *, about: Collection[Mark] = ()) -> None:
        """Somebody was shown a text at a door: hold every mark in it, and each it is ``about``, against the oracle.

        An address that somebody was blocked from may be named by a third; the words behind it may not be told.
        """
        found = self.find_words(text) if viewer.is_blocked_by else self.find(text)
        self.cases |= {(door, viewer.name, mark) for mark in about or self.marks}
        for mark in sorted(found, key=str):
            self.shown.add((door, viewer.name, mark))
            if not may_learn(viewer, mark):
                self.leaks.append(f"{door} shows {viewer.name} ({viewer.standing}) {mark} {where}".rstrip())

    @property
    def doors(self) -> set[str]:
        """Every door that was tried."""
        return {door for door, _, _ in self.cases}
