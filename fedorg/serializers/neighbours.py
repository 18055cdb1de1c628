"""With whom a node federates, for its members."""

from typing import TypedDict

from fedorg.domain.partnerships import Neighbour
from fedorg.serializers.partnerships import CeilingsEntity, ceilings_entity
from fedorg.serializers.times import optional_moment


class NeighbourEntity(TypedDict):
    """A sibling or partner; ``since`` is null for one that was named by this node alone."""

    domain: str
    tier: str
    ceilings: CeilingsEntity
    since: str | None
    note: str


def neighbour_entity(neighbour: Neighbour) -> NeighbourEntity:
    """A sibling or partner."""
    return {
        "domain": neighbour.domain,
        "tier": neighbour.tier.value,
        "ceilings": ceilings_entity(neighbour.ceilings),
        "since": optional_moment(neighbour.since),
        "note": neighbour.note,
    }
