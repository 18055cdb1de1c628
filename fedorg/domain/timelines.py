"""What somebody asks a timeline for."""

from dataclasses import dataclass

from fedorg.domain.visibility import Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What narrows a timeline beyond its subject; ``reach``: only what goes exactly that far."""

    local_only: bool = False
    remote_only: bool = False
    media_only: bool = False
    reach: Reach | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSelection:
    """What narrows the list of what an account posted."""

    exclude_replies: bool = False
    exclude_reblogs: bool = False
    media_only: bool = False
    pinned_only: bool = False
    tagged: str | None = None
