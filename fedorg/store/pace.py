"""How long reads take, by what is read: which of them are so short that the event loop may make them itself.

To go to a reader's thread and back, and to take turns at Python with it, costs more than what most pages read. A kind
of read (the code of its unit) goes there until some were short, and again once they are not. One that kept the event
loop waiting, for a disk or for much work of the database, sends its kind there for a while.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from types import CodeType
from typing import Any, Final

_SHORT_SECONDS: Final = 0.004
_STALL_SECONDS: Final = 0.02
_BARRED_SECONDS: Final = 10.0
# Of each one in the mean: the last ones count most.
_WEIGHT: Final = 0.25


@dataclass(slots=True)
class Pace:
    """How one kind of read went lately, by the processor time it took; long until the contrary is known."""

    _mean_seconds: float = 4 * _SHORT_SECONDS
    _barred_until: float = 0.0

    @property
    def is_short(self) -> bool:
        """Whether the event loop may make the next one."""
        return self._mean_seconds < _SHORT_SECONDS and monotonic() >= self._barred_until

    def note(self, processor_seconds: float) -> None:
        """One was made, by whomever."""
        self._mean_seconds += _WEIGHT * (processor_seconds - self._mean_seconds)

    def note_wait(self, seconds: float) -> None:
        """The event loop made one, and came back from it after so long."""
        if seconds >= _STALL_SECONDS:
            self.bar()

    def bar(self) -> None:
        """The event loop makes none of these for a while."""
        self._barred_until = monotonic() + _BARRED_SECONDS


class Paces:
    """The pace of each kind of read."""

    def __init__(self) -> None:
        self._by_code: dict[CodeType, Pace] = {}

    def of(self, unit: Callable[..., Any]) -> Pace | None:
        """The pace of what a unit reads; None for one whose code is not Python's."""
        function = unit.func if isinstance(unit, partial) else unit
        code = getattr(function, "__code__", None)
        return None if code is None else self._by_code.setdefault(code, Pace())
