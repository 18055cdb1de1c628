"""Preview cards. Spec: Mastodon API, entities/PreviewCard.

``html`` is always empty: nothing of another site runs in anybody's client by way of this node (S54).
"""

from typing import TypedDict

from fedorg.domain.cards import PreviewCard
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.times import optional_moment
from fedorg.uris import Uris


class CardAuthorEntity(TypedDict):
    """Mastodon's PreviewCardAuthor."""

    name: str
    url: str
    account: AccountEntity | None


class CardEntity(TypedDict):
    """Mastodon's PreviewCard."""

    url: str
    title: str
    description: str
    language: str | None
    type: str
    authors: list[CardAuthorEntity]
    author_name: str
    author_url: str
    provider_name: str
    provider_url: str
    html: str
    width: int
    height: int
    image: str | None
    image_description: str
    embed_url: str
    blurhash: str | None
    published_at: str | None


def card_entity(card: PreviewCard, uris: Uris) -> CardEntity:
    """What a page says about itself, with its picture as it is stored here: no client asks another site for it."""
    facts, picture = card.facts, card.picture
    return {
        "url": card.url,
        "title": facts.title,
        "description": facts.description,
        "language": facts.language or None,
        "type": facts.type,
        "authors": _authors(card, uris),
        "author_name": facts.author_name,
        "author_url": facts.author_url,
        "provider_name": facts.provider_name,
        "provider_url": facts.provider_url,
        "html": "",
        "width": facts.width if picture is None else picture.width,
        "height": facts.height if picture is None else picture.height,
        "image": None if picture is None else uris.media(picture.name),
        "image_description": facts.image_description,
        "embed_url": facts.embed_url,
        "blurhash": None if picture is None else picture.blurhash,
        "published_at": optional_moment(facts.published_at),
    }


def _authors(card: PreviewCard, uris: Uris) -> list[CardAuthorEntity]:
    if card.author is not None:
        account = account_entity(card.author, uris)
        return [{"name": account["display_name"] or account["username"], "url": card.author.url, "account": account}]
    if not card.facts.author_name:
        return []
    return [{"name": card.facts.author_name, "url": card.facts.author_url, "account": None}]
