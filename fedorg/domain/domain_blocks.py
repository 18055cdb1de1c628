"""What administrators decide about whole servers: Mastodon's domain blocks and domain allows.

A block holds for every host below its domain too (``domain.peers.lineage``).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """How a server is kept away, Mastodon's words.

    ``suspend``: altogether, the tier ``blocked``. ``silence``: its people are seen by those who follow them only.
    ``noop``: neither; only its media or its reports are refused.
    """

    SUSPEND = "suspend"
    SILENCE = "silence"
    NOOP = "noop"


_RANK: Final = {Severity.NOOP: 0, Severity.SILENCE: 1, Severity.SUSPEND: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainBlock:
    """A rule about a server. ``obfuscate``: where blocks are told, only part of its name is."""

    id: int
    domain: str
    severity: Severity
    reject_media: bool = False
    reject_reports: bool = False
    obfuscate: bool = False
    public_comment: str | None = None
    private_comment: str | None = None
    created_at: datetime

    def is_stricter_than(self, other: "DomainBlock") -> bool:
        """Whether it keeps away all that ``other`` does; who is shut out altogether loses everything."""
        if self.severity is Severity.SUSPEND:
            return True
        return (
            _RANK[self.severity] >= _RANK[other.severity]
            and self.reject_media >= other.reject_media
            and self.reject_reports >= other.reject_reports
        )

    @property
    def told_domain(self) -> str:
        """The domain as it is told: whole, or with stars for the middle half, dots left where they are."""
        if not self.obfuscate:
            return self.domain
        length = len(self.domain)
        shown = length // 4
        return "".join(
            letter if letter == "." or place <= shown or place >= length - shown else "*"
            for place, letter in enumerate(self.domain)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainAllow:
    """A server this node federates with because somebody said so: a partner or a sibling."""

    id: int
    domain: str
    created_at: datetime
    is_sibling: bool
