"""Relationship entities. Spec: Mastodon API, entities/Relationship."""

from typing_extensions import TypedDict

from fedorg.domain.relationships import MutedAccount, Relationship
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.times import optional_moment
from fedorg.uris import Uris


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
    """What an account is to the viewer."""
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
        "muting_expires_at": optional_moment(relationship.muting_expires_at),
        "requested": relationship.requested,
        "requested_by": relationship.requested_by,
        "domain_blocking": relationship.domain_blocking,
        "endorsed": relationship.endorsed,
        "note": relationship.note,
    }


class MutedAccountEntity(AccountEntity):
    """Mastodon's MutedAccount."""

    mute_expires_at: str | None


def muted_account_entity(muted: MutedAccount, uris: Uris) -> MutedAccountEntity:
    """A muted account, and until when it is."""
    return {**account_entity(muted.account, uris), "mute_expires_at": optional_moment(muted.expires_at)}
