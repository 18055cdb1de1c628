"""What a node counts about itself."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Numbers of the whole node; ``statuses`` are those written here."""

    users: int
    active_users: int
    statuses: int
    domains: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What happened in the seven days from ``began_at``."""

    began_at: datetime
    statuses: int
    sign_ins: int
    registrations: int
