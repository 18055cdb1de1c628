"""What is fetched in the background while clients already read what there is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """One run of fetching; ``found`` is how much came that was new, once it is known."""

    id: str
    is_running: bool
    found: int | None = None
