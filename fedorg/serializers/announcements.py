"""Announcements and custom emoji. Spec: Mastodon API, entities/Announcement, Reaction, CustomEmoji.

Beside Mastodon's members an announcement carries ``dismissals`` (how many want to see it no more),
``needs_acknowledgement``, ``acknowledged`` (by who asks), ``acknowledgements`` (how many of this node did) and
``peer``, the node of the organisation that announced it, null for this one.
"""

from typing import NotRequired, TypedDict

from fedorg.domain.announcements import (
    ACKNOWLEDGING_EMOJI,
    Announcement,
    AnnouncementReaction,
    AnnouncementView,
    ReactionNews,
)
from fedorg.domain.emojis import CustomEmoji
from fedorg.serializers.accounts import EmojiEntity, emoji_entity
from fedorg.serializers.statuses import StatusTagEntity, tag_in_text_entity
from fedorg.serializers.times import moment, optional_moment
from fedorg.uris import Uris


class AnnouncementAccountEntity(TypedDict):
    """Mastodon's Announcement::Account."""

    id: str
    username: str
    url: str
    acct: str


class ReactionEntity(TypedDict):
    """Mastodon's Reaction; pictures only of custom emoji."""

    name: str
    count: int
    me: bool
    url: NotRequired[str]
    static_url: NotRequired[str]


class AnnouncementEntity(TypedDict):
    """Mastodon's Announcement."""

    id: str
    content: str
    starts_at: str | None
    ends_at: str | None
    all_day: bool
    published_at: str
    updated_at: str
    read: bool
    dismissals: int
    mentions: list[AnnouncementAccountEntity]
    statuses: list[object]
    tags: list[StatusTagEntity]
    emojis: list[EmojiEntity]
    reactions: list[ReactionEntity]
    needs_acknowledgement: bool
    acknowledged: bool
    acknowledgements: int
    peer: str | None


class ReactionNewsEntity(TypedDict):
    """The payload of ``announcement.reaction`` on streams."""

    announcement_id: str
    name: str
    count: int


def announcement_entity(view: AnnouncementView, uris: Uris) -> AnnouncementEntity:
    """An announcement as a member sees it."""
    one = view.announcement
    return {
        "id": str(one.id),
        "content": view.content + ("" if view.acknowledged or not one.needs_acknowledgement else _request(one, uris)),
        "starts_at": optional_moment(one.starts_at),
        "ends_at": optional_moment(one.ends_at),
        "all_day": one.all_day,
        "published_at": moment(one.published_at or one.updated_at),
        "updated_at": moment(one.updated_at),
        "read": view.read,
        "dismissals": view.dismissals,
        "mentions": [
            {"id": str(account.id), "username": account.username, "url": account.url, "acct": account.acct}
            for account in view.mentions
        ],
        "statuses": [],
        "tags": [tag_in_text_entity(tag, uris) for tag in view.tags],
        "emojis": [emoji_entity(emoji) for emoji in view.emojis],
        "reactions": [_reaction(reaction) for reaction in view.reactions],
        "needs_acknowledgement": one.needs_acknowledgement,
        "acknowledged": view.acknowledged,
        "acknowledgements": view.acknowledgements,
        "peer": one.peer,
    }


def reaction_news_entity(news: ReactionNews) -> ReactionNewsEntity:
    """What streams tell of a reaction."""
    return {"announcement_id": str(news.announcement_id), "name": news.name, "count": news.count}


def custom_emoji_entity(emoji: CustomEmoji, uris: Uris) -> EmojiEntity:
    """An emoji of this node, for pickers."""
    return {
        "shortcode": emoji.shortcode,
        "url": uris.media(emoji.file),
        "static_url": uris.media(emoji.static_file),
        "visible_in_picker": emoji.visible_in_picker,
        "category": emoji.category,
    }


def _request(one: Announcement, uris: Uris) -> str:
    """What clients show below the text that know nothing of acknowledging."""
    link = f'<a href="{uris.announcement(one.id)}">say that you know</a>'
    return f"<p>Please {link}, or react with {ACKNOWLEDGING_EMOJI}.</p>"


def _reaction(reaction: AnnouncementReaction) -> ReactionEntity:
    entity: ReactionEntity = {"name": reaction.name, "count": reaction.count, "me": reaction.me}
    if reaction.emoji is not None:
        entity["url"] = reaction.emoji.url
        entity["static_url"] = reaction.emoji.static_url or reaction.emoji.url
    return entity
