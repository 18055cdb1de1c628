"""Marker entities. Spec: Mastodon API, entities/Marker."""

from collections.abc import Iterable
from typing import TypedDict

from fedorg.domain.statuses import Marker
from fedorg.serializers.times import moment


class MarkerEntity(TypedDict):
    """Mastodon's Marker."""

    last_read_id: str
    version: int
    updated_at: str


def markers_entity(markers: Iterable[Marker]) -> dict[str, MarkerEntity]:
    """Markers by timeline."""
    return {
        marker.timeline: {
            "last_read_id": str(marker.last_read_id),
            "version": marker.version,
            "updated_at": moment(marker.updated_at),
        }
        for marker in markers
    }
