"""Relationship entities. Spec: Mastodon API, entities/Relationship."""

from typing import TypedDict

from fedorg.domain.relationships import Relationship
from fedorg.serializers.times import timestamp_or_none


class RelationshipEntity(TypedDict):
    """Mastodon's Relationship."""

    id: str
    following: bool
    showing_reblogs: bool
    notifying: bool
    languages: list[str] | None
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: str | None
    requested: bool
    requested_by: bool
    domain_blocking: bool
    endorsed: bool
    note: str


def relationship_entity(relationship: Relationship) -> RelationshipEntity:
    """What an account is to the viewer. Members block no domains and endorse nobody, so that these two are false."""
    return {
        "id": str(relationship.target_id),
        "following": relationship.following,
        "showing_reblogs": relationship.showing_reblogs,
        "notifying": relationship.notifying,
        "languages": list(relationship.languages) or None,
        "followed_by": relationship.followed_by,
        "blocking": relationship.blocking,
        "blocked_by": relationship.blocked_by,
        "muting": relationship.muting,
        "muting_notifications": relationship.muting_notifications,
        "muting_expires_at": timestamp_or_none(relationship.muting_expires_at),
        "requested": relationship.requested,
        "requested_by": relationship.requested_by,
        "domain_blocking": False,
        "endorsed": False,
        "note": relationship.note,
    }
