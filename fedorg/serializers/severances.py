"""Severance entities. Spec: Mastodon API, entities/RelationshipSeveranceEvent."""

from typing import TypedDict

from fedorg.domain.severances import Severance
from fedorg.serializers.times import moment


class SeveranceEntity(TypedDict):
    """Mastodon's RelationshipSeveranceEvent; ``purged`` says that there is no list of who was lost."""

    id: str
    type: str
    purged: bool
    target_name: str
    followers_count: int
    following_count: int
    created_at: str


def severance_entity(severance: Severance) -> SeveranceEntity:
    """What a member lost, in numbers; the site has the names."""
    return {
        "id": str(severance.id),
        "type": severance.cause.type,
        "purged": severance.purged,
        "target_name": severance.cause.target_name,
        "followers_count": severance.followers_count,
        "following_count": severance.following_count,
        "created_at": moment(severance.created_at),
    }
