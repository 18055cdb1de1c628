"""Trends, as members read them and as they are reviewed.

Spec: Mastodon API, entities/PreviewCard#trends and entities/Tag#admin. What is reviewed carries ``requires_review``,
links their ``id`` too, as Mastodon itself answers.
"""

from typing import TypedDict

from fedorg.domain.trends import LinkView, Publisher, ReviewedLink, ReviewedStatus, ReviewedTag
from fedorg.serializers.cards import CardEntity, card_entity
from fedorg.serializers.search import TagEntity, TagHistoryEntity, history_entity, tag_entity
from fedorg.serializers.statuses import StatusEntity, status_entity
from fedorg.serializers.times import optional_moment
from fedorg.uris import Uris


class TrendingLinkEntity(CardEntity):
    """Mastodon's Trends::Link."""

    history: list[TagHistoryEntity]


class AdminTagEntity(TagEntity):
    """Mastodon's Admin::Tag."""

    trendable: bool
    listable: bool
    usable: bool
    requires_review: bool


class AdminStatusEntity(StatusEntity):
    """A status that is reviewed."""

    requires_review: bool


class AdminLinkEntity(TrendingLinkEntity):
    """A link that is reviewed."""

    id: str
    requires_review: bool


class PublisherEntity(TypedDict):
    """Mastodon's preview card provider. Nobody is asked for a review, so that no moment of it is there."""

    id: str
    domain: str
    trendable: bool
    reviewed_at: str | None
    requested_review_at: None
    requires_review: bool


def link_entity(view: LinkView, uris: Uris) -> TrendingLinkEntity:
    """A page with its use in the last days, the newest first."""
    return {**card_entity(view.card, uris), "history": history_entity(view.history)}


def admin_tag_entity(tag: ReviewedTag, uris: Uris) -> AdminTagEntity:
    """A hashtag with what is allowed of it; what nobody said of is allowed."""
    return {
        **tag_entity(tag.view, uris),
        "trendable": tag.trendable is not False,
        "listable": tag.listable,
        "usable": tag.usable,
        "requires_review": tag.reviewed_at is None,
    }


def admin_status_entity(status: ReviewedStatus, uris: Uris) -> AdminStatusEntity:
    """A status, and whether somebody looked at it."""
    return {**status_entity(status.view, uris), "requires_review": status.requires_review}


def admin_link_entity(link: ReviewedLink, uris: Uris) -> AdminLinkEntity:
    """A page, and whether somebody looked at it or its site."""
    return {
        **link_entity(link.view, uris),
        "id": str(link.view.card.id),
        "requires_review": link.requires_review,
    }


def publisher_entity(publisher: Publisher) -> PublisherEntity:
    """A site, and whether links to it may trend."""
    return {
        "id": str(publisher.id),
        "domain": publisher.domain,
        "trendable": publisher.trendable is not False,
        "reviewed_at": optional_moment(publisher.reviewed_at),
        "requested_review_at": None,
        "requires_review": publisher.reviewed_at is None,
    }
