"""Trending links. Spec: Mastodon API, entities/PreviewCard#trends."""

from fedorg.domain.trends import LinkView
from fedorg.serializers.cards import CardEntity, card_entity
from fedorg.serializers.search import TagHistoryEntity, history_entity
from fedorg.uris import Uris


class TrendingLinkEntity(CardEntity):
    """Mastodon's Trends::Link."""

    history: list[TagHistoryEntity]


def link_entity(view: LinkView, uris: Uris) -> TrendingLinkEntity:
    """A page with its use in the last days, the newest first."""
    return {**card_entity(view.card, uris), "history": history_entity(view.history)}
