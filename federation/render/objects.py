"""Notes and their kin to JSON. Spec: as in ``federation.parse.objects``; Mastodon's reading of each property."""

from datetime import UTC, datetime
from typing import assert_never

from federation.audience import Reach
from federation.objects import (
    Attachment,
    CollectionSummary,
    Emoji,
    Hashtag,
    Image,
    InteractionPolicy,
    InteractionRule,
    Link,
    Mention,
    Note,
    Poll,
    Quote,
    QuoteAuthorization,
    Relationship,
    Terms,
    Tombstone,
    UnknownObject,
)
from federation.vocabulary import LD_JSON

JsonObject = dict[str, object]


def compact(properties: JsonObject) -> JsonObject:
    """The properties without those that are None."""
    return {key: value for key, value in properties.items() if value is not None}


def moment(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, with ``Z``; fractions of a second only where there are any."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def note(value: Note) -> JsonObject:
    """A note; raises ``ValueError`` for reach ``node``, which never leaves its node."""
    if value.reach is Reach.NODE:
        raise ValueError("A status of reach node is never written for another server.")
    return compact(
        {
            "id": value.id,
            "type": value.type,
            "attributedTo": value.attributed_to,
            "name": value.name,
            "summary": value.summary,
            "content": None if value.is_vote else value.content,
            "contentMap": dict(value.content_map) or None,
            "mediaType": "text/plain" if value.is_plain else None,
            "sensitive": value.sensitive,
            "inReplyTo": value.in_reply_to,
            "published": moment(value.published),
            "updated": moment(value.updated),
            "url": value.url,
            "to": list(value.to),
            "cc": list(value.cc),
            "audience": list(value.audience) or None,
            "reach": value.reach,
            "listed": None if value.listed else False,
            "context": value.context,
            "contextHistory": value.context_history,
            "conversation": value.conversation,
            "tag": _tags(value) or None,
            "attachment": [*map(attachment, value.attachments), *map(_link, value.links)] or None,
            "image": None if value.image is None else image(value.image),
            "replies": summary(value.replies),
            "likes": summary(value.likes),
            "shares": summary(value.shares),
            "startTime": moment(value.starts_at),
            "endTime": moment(value.ends_at),
            "location": None if value.location is None else {"type": "Place", "name": value.location},
            "interactionPolicy": _interaction_policy(value.interaction_policy),
            **_poll(value.poll),
            **_quote(value.quote),
        }
    )


def tombstone(value: Tombstone) -> JsonObject:
    """What is left of something deleted."""
    return compact(
        {"id": value.id, "type": "Tombstone", "formerType": value.former_type, "deleted": moment(value.deleted)}
    )


def quote_authorization(value: QuoteAuthorization) -> JsonObject:
    """The stamp that allows a quote; ids only, for what is embedded here could leak (FEP-044f)."""
    return {
        "id": value.id,
        "type": "QuoteAuthorization",
        "attributedTo": value.attributed_to,
        "interactingObject": value.interacting_object,
        "interactionTarget": value.interaction_target,
    }


def relationship(value: Relationship) -> JsonObject:
    """A relation between two actors, with its terms if it is a partnership."""
    return compact(
        {
            "id": value.id,
            "type": "Relationship",
            "subject": value.subject,
            "object": value.object,
            "relationship": value.relationship,
            "content": value.content or None,
            **({} if value.terms is None else _terms(value.terms)),
        }
    )


def unknown_object(value: UnknownObject) -> JsonObject:
    """The type and id of something not known here."""
    return {"id": value.id, "type": value.type}


def attachment(value: Attachment) -> JsonObject:
    """A media file."""
    return compact(
        {
            "type": value.type,
            "mediaType": value.media_type,
            "url": value.url,
            "name": value.name,
            "blurhash": value.blurhash,
            "width": value.width,
            "height": value.height,
            "duration": None if value.duration is None else f"PT{value.duration:.3f}".rstrip("0").rstrip(".") + "S",
            "focalPoint": None if value.focal_point is None else list(value.focal_point),
            "icon": None if value.preview is None else image(value.preview),
        }
    )


def image(value: Image) -> JsonObject:
    """An avatar, header, preview or emoji picture."""
    return compact({"type": "Image", "mediaType": value.media_type, "url": value.url, "name": value.name})


def tag(value: Mention | Hashtag | Emoji) -> JsonObject:
    """One entry of ``tag``."""
    match value:
        case Mention():
            return compact({"type": "Mention", "href": value.href, "name": value.name})
        case Hashtag():
            return compact({"type": "Hashtag", "href": value.href, "name": f"#{value.name}"})
        case Emoji():
            return compact(
                {
                    "type": "Emoji",
                    "id": value.id,
                    "name": f":{value.shortcode}:",
                    "updated": moment(value.updated),
                    "icon": image(Image(url=value.url, media_type=value.media_type)),
                }
            )
        case _:
            assert_never(value)


def summary(value: CollectionSummary | None) -> JsonObject | str | None:
    """A pointer to a collection: its bare id, unless more is told; Mastodon fetches replies from a bare id."""
    if value is None:
        return None
    if value.first is None and value.total_items is None:
        return value.id
    return compact({"id": value.id, "type": "Collection", "totalItems": value.total_items, "first": value.first})


def _terms(value: Terms) -> JsonObject:
    return {
        "tier": value.tier,
        "largestReach": value.largest_reach,
        "directMessages": value.direct_messages,
        "directory": value.directory,
        "media": value.media,
        "contact": value.contact or None,
        "retention": value.retention or None,
        "reviewAt": moment(value.review_at),
        "approved": value.approved,
        "suspended": value.suspended,
        "suspendsAt": moment(value.suspends_at),
        "peopleCount": value.people,
        "announcementsCount": value.announcements,
    }


def _tags(value: Note) -> list[JsonObject]:
    tags = [*map(tag, value.mentions), *map(tag, value.hashtags), *map(tag, value.emojis)]
    if value.quote is not None:
        name = f"RE: {value.quote.id}"
        tags.append({"type": "Link", "mediaType": LD_JSON, "href": value.quote.id, "name": name})
    return tags


def _link(value: Link) -> JsonObject:
    return compact({"type": "Link", "href": value.href, "mediaType": value.media_type, "name": value.name})


def _poll(poll: Poll | None) -> JsonObject:
    if poll is None:
        return {}
    options = [
        {"type": "Note", "name": option.name, "replies": {"type": "Collection", "totalItems": option.votes}}
        for option in poll.options
    ]
    return {
        "anyOf" if poll.is_multiple else "oneOf": options,
        "endTime": moment(poll.ends_at),
        "closed": moment(poll.closed_at),
        "votersCount": poll.voters_count,
    }


def _quote(quote: Quote | None) -> JsonObject:
    if quote is None:
        return {}
    consented = {} if quote.is_legacy else {"quote": quote.id, "quoteAuthorization": quote.authorization}
    return {**consented, "quoteUrl": quote.id, "_misskey_quote": quote.id}


def _interaction_policy(policy: InteractionPolicy | None) -> JsonObject | None:
    if policy is None:
        return None
    return compact(
        {
            "canQuote": _rule(policy.can_quote),
            "canReply": _rule(policy.can_reply),
            "canLike": _rule(policy.can_like),
            "canAnnounce": _rule(policy.can_announce),
        }
    )


def _rule(rule: InteractionRule | None) -> JsonObject | None:
    if rule is None:
        return None
    return {"automaticApproval": list(rule.automatic), "manualApproval": list(rule.manual)}
