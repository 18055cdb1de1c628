"""Media files, pictures and links from JSON. Spec: ActivityStreams 2.0 Vocabulary §3.3; Mastodon's ``toot`` terms."""

import math
from typing import Final
from urllib.parse import urlsplit

from federation.objects import Attachment, Image, Link
from federation.parse import limits, shapes
from federation.parse.shapes import Json
from federation.vocabulary import DOCUMENT_TYPES

_COORDINATES: Final = 2
_PICTURES: Final = ("avif", "gif", "jpeg", "jpg", "png", "webp")


def attachment(document: Json) -> Attachment | None:
    """A media file; None without a URL that can be fetched."""
    url = shapes.optional_url(document, "url") or shapes.optional_url(document, "href")
    if url is None:
        return None
    return Attachment(
        type=shapes.type_among(document, DOCUMENT_TYPES) or "Document",
        url=url,
        media_type=media_type_of(document),
        name=_alternative(document),
        blurhash=shapes.name(document, "blurhash", limits.BLURHASH_MAX),
        width=shapes.count(document, "width"),
        height=shapes.count(document, "height"),
        duration=shapes.duration(document, "duration"),
        focal_point=_focal_point(document),
        preview=picture(document, "icon") or picture(document, "preview"),
    )


def picture(document: Json, key: str) -> Image | None:
    """The picture the property holds, written as an Image, a Link or a bare URL; None if there is none to fetch."""
    for entry in shapes.embedded(document, key):
        url = shapes.optional_url(entry, "url") or shapes.optional_url(entry, "href")
        if url is not None:
            return Image(url=url, media_type=media_type_of(entry), name=_alternative(entry))
    url = shapes.optional_url(document, key)
    return None if url is None else Image(url=url)


def own_picture(document: Json) -> Image | None:
    """The picture that an ``Image`` is: the first of its addresses that is said, or ends, to be one and no page."""
    for entry in shapes.many(document, "url"):
        address = entry if isinstance(entry, dict) else {"href": entry, "mediaType": document.get("mediaType")}
        url = shapes.optional_url({"url": address}, "url")
        media_type = media_type_of(address)
        ending = "" if url is None else urlsplit(url).path.rpartition(".")[2].lower()
        if url is not None and (media_type.startswith("image/") if media_type else ending in _PICTURES):
            return Image(url=url, media_type=media_type, name=_alternative(document))
    return None


def web_link(document: Json) -> Link | None:
    """A Link or a Page among the attachments; None for anything else."""
    href = shapes.optional_url(document, "href") or shapes.optional_url(document, "url")
    if href is None or shapes.type_among(document, ("Link", "Page")) is None:
        return None
    return Link(href=href, media_type=media_type_of(document), name=shapes.name(document, "name"))


def media_type_of(document: Json) -> str | None:
    """What the document says to be of, as it says it; None if it does not."""
    value = shapes.first(document, "mediaType")
    return shapes.clean_name(value)[: limits.MEDIA_TYPE_MAX].strip() or None if isinstance(value, str) else None


def _alternative(document: Json) -> str | None:
    return shapes.told_prose(document, "name", limits.ALT_TEXT_MAX) or shapes.told_prose(
        document, "summary", limits.ALT_TEXT_MAX
    )


def _focal_point(document: Json) -> tuple[float, float] | None:
    point = shapes.many(document, "focalPoint")
    numbers = [
        float(value)
        for value in point
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) <= 1
    ]
    return (numbers[0], numbers[1]) if len(numbers) == len(point) == _COORDINATES else None
