"""How an activity that came in ends: what its handler says, and the names under which endings are counted."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from fedorg.metrics import Metrics

UNREAD: Final = "(unread)"
"""The type of what was refused before it was an activity."""


@dataclass(frozen=True, slots=True)
class Done:
    """It took effect, or had taken effect before."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """It has no effect here, and trying again would not change that."""

    reason: str


Outcome: TypeAlias = Done | Ignored


class Ending(StrEnum):
    """Every activity that reaches an inbox ends in one of these; the names are labels at ``/metrics``."""

    HANDLED = "handled"
    """It took effect."""
    IGNORED = "ignored"
    """It means nothing here, or came too late, or from somebody who may not."""
    REPEATED = "repeated"
    """It was taken before."""
    REFUSED = "refused"
    """The door said no: malformed, unproven, blocked, too large, too many."""
    FAILED = "failed"
    """An attempt ended in an error; what had been taken is tried again, as ``fedorg_jobs`` tells."""


def count(metrics: Metrics, name: str, ending: Ending) -> None:
    """Count how an activity of a type ended."""
    metrics.activities.labels(type=name, outcome=ending.value).inc()
