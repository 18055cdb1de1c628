"""Other servers as administrators see them."""

from typing import TypedDict

from fedorg.domain.peer_lists import Ending, LineResult
from fedorg.domain.peers import PeerSummary
from fedorg.serializers.partnerships import CeilingsEntity, ceilings_entity
from fedorg.serializers.times import moment, optional_moment


class PeerEntity(TypedDict):
    """What a server is to this node, how much passes, and how deliveries to it go."""

    domain: str
    tier: str
    ceilings: CeilingsEntity
    limited: bool
    media_rejected: bool
    reports_rejected: bool
    software: str | None
    software_version: str | None
    accounts: int
    deliveries_waiting: int
    deliveries_failed: int
    first_seen_at: str
    last_success_at: str | None
    last_failure_at: str | None
    last_error: str | None


class LineEntity(TypedDict):
    """What became of a line of a list."""

    place: str
    domain: str
    ending: str
    reason: str


class ImportEntity(TypedDict):
    """What became of a list; ``counts`` by ending."""

    dry_run: bool
    counts: dict[str, int]
    lines: list[LineEntity]


def peer_entity(summary: PeerSummary) -> PeerEntity:
    """A server."""
    known = summary.peer
    return {
        "domain": known.domain,
        "tier": known.tier.value,
        "ceilings": ceilings_entity(known.ceilings),
        "limited": known.is_silenced,
        "media_rejected": known.reject_media,
        "reports_rejected": known.reject_reports,
        "software": known.software,
        "software_version": known.software_version,
        "accounts": summary.accounts_count,
        "deliveries_waiting": summary.deliveries_waiting,
        "deliveries_failed": summary.deliveries_dead,
        "first_seen_at": moment(known.first_seen_at),
        "last_success_at": optional_moment(known.last_success_at),
        "last_failure_at": optional_moment(known.last_failure_at),
        "last_error": known.last_error,
    }


def import_entity(results: list[LineResult], *, is_dry: bool) -> ImportEntity:
    """What became of a list."""
    return {
        "dry_run": is_dry,
        "counts": {ending.value: sum(one.ending is ending for one in results) for ending in Ending},
        "lines": [
            {"place": one.place, "domain": one.domain, "ending": one.ending.value, "reason": one.reason}
            for one in results
        ],
    }
