"""The entries of ``tag``: mentions, hashtags, custom emojis, links to quoted objects.

Each reader takes any tag and answers None for one that is not its own. Spec: ActivityStreams 2.0 Vocabulary §5.3
(Mention); Mastodon's ``Hashtag`` and ``toot:Emoji``; FEP-e232 (object links), FEP-9098 (custom emojis).
"""

import re
from typing import Final

from federation.objects import Emoji, Hashtag, Mention
from federation.parse import shapes
from federation.parse.media import picture
from federation.parse.shapes import Json

# Clients put shortcodes into HTML: what could end a word or an attribute there is no part of one.
_SHORTCODE: Final = re.compile(r"[\w.+@-]{1,255}")
_OBJECT_MEDIA: Final = ("application/ld+json", "application/activity+json")


def mention(tag: Json) -> Mention | None:
    """An actor named in the text."""
    if shapes.type_among(tag, ("Mention",)) is None or shapes.first(tag, "href") is None:
        return None
    return Mention(href=shapes.required_id(tag, "href"), name=shapes.name(tag, "name"))


def hashtag(tag: Json) -> Hashtag | None:
    """A hashtag, without its sign."""
    if shapes.type_among(tag, ("Hashtag",)) is None:
        return None
    text = (shapes.name(tag, "name") or "").lstrip("#").strip()
    return Hashtag(name=text, href=shapes.optional_url(tag, "href")) if text else None


def emoji(tag: Json) -> Emoji | None:
    """A custom emoji, without its colons."""
    if shapes.type_among(tag, ("Emoji",)) is None:
        return None
    shortcode = (shapes.name(tag, "name") or "").strip(":").strip()
    icon = picture(tag, "icon")
    if not _SHORTCODE.fullmatch(shortcode) or icon is None:
        return None
    return Emoji(
        shortcode=shortcode,
        url=icon.url,
        media_type=icon.media_type,
        id=shapes.usable_id(tag, "id"),
        updated=shapes.moment(tag, "updated"),
    )


def quote_link(tag: Json) -> str | None:
    """The id of a quoted object, from a Link that says it points to an ActivityPub document."""
    media_type = tag.get("mediaType")
    if shapes.type_among(tag, ("Link",)) is None or not isinstance(media_type, str):
        return None
    return shapes.optional_url(tag, "href") if media_type.startswith(_OBJECT_MEDIA) else None
