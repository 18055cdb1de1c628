"""Times that peers say: whatever they claim, nothing here is from the future, or older than what a client can read."""

from datetime import datetime

from fedorg.ids import EARLIEST


def past(said: datetime, now: datetime) -> datetime:
    """When something happened: as it is said, but not later than now (S14) and not before there were ids."""
    return min(max(said, EARLIEST), now)
