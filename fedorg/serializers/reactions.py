"""Reactions to statuses, in the form Mastodon gives those to announcements. Spec: Mastodon API, entities/Reaction."""

from typing import TypedDict

from fedorg.domain.reactions import ReactionCount


class ReactionEntity(TypedDict):
    """Mastodon's Reaction; ``name`` is ``shortcode@domain`` where ``url`` pictures it."""

    name: str
    count: int
    me: bool
    url: str | None
    static_url: str | None


def reaction_entity(counted: ReactionCount) -> ReactionEntity:
    """One emoji and how often it was given."""
    reaction = counted.reaction
    return {
        "name": reaction.name,
        "count": counted.count,
        "me": counted.is_own,
        "url": reaction.url,
        "static_url": reaction.url,
    }
