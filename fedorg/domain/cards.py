"""Preview cards: what a page that a status links to says about itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fedorg.domain.accounts import Account
from fedorg.ids import AccountId, CardId


class CardType(StrEnum):
    """What a page is. Nothing that a page would have run here (``video``, ``rich``) is ever shown (S54)."""

    LINK = "link"
    PHOTO = "photo"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What was read of a page: plain texts and addresses, all bounded; "" is what it does not say.

    ``creator`` is the handle of an account that it names as its author, which that account may not know of.
    """

    title: str = ""
    description: str = ""
    type: CardType = CardType.LINK
    provider_name: str = ""
    provider_url: str = ""
    author_name: str = ""
    author_url: str = ""
    image: str = ""
    image_description: str = ""
    embed_url: str = ""
    width: int = 0
    height: int = 0
    language: str = ""
    published_at: datetime | None = None
    creator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPicture:
    """A small copy of the picture of a page, stored here as ``name``, and the address ``source`` it came from."""

    name: str
    source: str
    width: int
    height: int
    blurhash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewCard:
    """A row: the page at ``url``. It is shown once it has a title; ``author`` is a verified account."""

    id: CardId
    url: str
    facts: PageFacts
    picture: CardPicture | None = None
    author_id: AccountId | None = None
    author: Account | None = None
