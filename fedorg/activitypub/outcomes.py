"""How the handling of an activity ends, when it does not raise."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Done:
    """It took effect, or had taken effect before."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """It has no effect here, and trying again would not change that."""

    reason: str


Outcome: TypeAlias = Done | Ignored
