"""How other sites show a status of this node. Spec: Mastodon API, methods/oembed; oembed.com."""

from html import escape
from typing import Final, TypedDict

from fedorg.config import Settings
from fedorg.domain.statuses import StatusView
from fedorg.uris import Uris

WIDTH: Final = 400
HEIGHT: Final = 320
CACHE_SECONDS: Final = 86_400


class OEmbedEntity(TypedDict):
    """Mastodon's OEmbedResponse."""

    type: str
    version: str
    title: str
    author_name: str
    author_url: str
    provider_name: str
    provider_url: str
    cache_age: int
    html: str
    width: int
    height: int


def oembed_entity(view: StatusView, settings: Settings, uris: Uris, *, width: int, height: int) -> OEmbedEntity:
    """A frame with the page of the status that is made for frames; it runs no script and needs none."""
    name = view.account.display_name or view.account.username
    # Addresses are minted by this node and percent-encoded: nothing in them ends an attribute.
    html = (
        f'<iframe src="{uris.status_embed(view.account.username, view.status.id)}" class="fedorg-embed" '
        f'title="Post by {escape(name)}" '
        f'width="{width}" height="{height}" '
        'sandbox="allow-popups allow-popups-to-escape-sandbox allow-same-origin" loading="lazy"></iframe>'
    )
    return {
        "type": "rich",
        "version": "1.0",
        "title": f"New status by {name}",
        "author_name": name,
        "author_url": view.account.url,
        "provider_name": settings.domain,
        "provider_url": f"{uris.base}/",
        "cache_age": CACHE_SECONDS,
        "html": html,
        "width": width,
        "height": height,
    }
