"""MediaAttachment entities. Spec: Mastodon API, entities/MediaAttachment."""

from typing import TypedDict

from fedorg.domain.statuses import Dimensions, MediaAttachment
from fedorg.uris import Uris


class MediaEntity(TypedDict):
    """Mastodon's MediaAttachment."""

    id: str
    type: str
    url: str | None
    preview_url: str | None
    remote_url: str | None
    preview_remote_url: str | None
    text_url: str | None
    meta: dict[str, dict[str, object]]
    description: str | None
    blurhash: str | None


def media_entity(media: MediaAttachment, uris: Uris) -> MediaEntity:
    """An attachment of this node by its file, one of a peer by its address there."""
    own = uris.media(media.file) if media.file else None
    preview = uris.media(media.preview) if media.preview else None
    url = own or media.remote_url
    return {
        "id": str(media.id),
        "type": media.type,
        "url": url,
        "preview_url": preview or url,
        "remote_url": media.remote_url,
        "preview_remote_url": None,
        "text_url": None,
        "meta": _meta(media),
        "description": media.description or None,
        "blurhash": media.blurhash,
    }


def _meta(media: MediaAttachment) -> dict[str, dict[str, object]]:
    meta: dict[str, dict[str, object]] = {}
    if media.original is not None:
        meta["original"] = _details(media.original)
    if media.small is not None:
        meta["small"] = _details(media.small)
    if media.focus is not None:
        meta["focus"] = {"x": media.focus[0], "y": media.focus[1]}
    return meta


def _details(size: Dimensions) -> dict[str, object]:
    return {
        "width": size.width,
        "height": size.height,
        "size": f"{size.width}x{size.height}",
        "aspect": size.width / size.height if size.height else 0.0,
    }
