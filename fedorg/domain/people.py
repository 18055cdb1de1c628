"""The people of the organisation: where they work, as what, and what they know about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fedorg.domain.accounts import Account
from fedorg.ids import StatusId

DEPARTMENT_MAX: Final = 100
JOB_TITLE_MAX: Final = 100

# What counts for how much when somebody asks who knows about something.
STATED_WEIGHT: Final = 10
DESCRIBED_WEIGHT: Final = 4
WRITTEN_MAX: Final = 9
"""Whoever says that they know comes before whoever only writes about it, however much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Where somebody works and as what; ``listed_at`` is when they, or their node, said so last."""

    department: str = ""
    job_title: str = ""
    listed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who lets colleagues find them; ``expertise`` are the hashtags on the profile, as they are written."""

    account: Account
    department: str
    job_title: str
    expertise: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department and how many of its people can be found."""

    name: str
    people_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expert:
    """Somebody who knows about something, and why this is thought.

    ``stated``: hashtags on the profile that say so. ``is_described``: department, role or profile speak of it.
    ``status_ids``: what they wrote about it in view of who asks, the newest first.
    """

    person: Person
    stated: tuple[str, ...] = ()
    is_described: bool = False
    status_ids: tuple[StatusId, ...] = ()

    @property
    def score(self) -> int:
        """How well: what is said of oneself counts most, then the work, then what was written."""
        return (
            STATED_WEIGHT * len(self.stated)
            + DESCRIBED_WEIGHT * self.is_described
            + min(len(self.status_ids), WRITTEN_MAX)
        )
