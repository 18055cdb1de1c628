"""Notes and their kin, tombstones and relationships from JSON.

What decorates a note (tags, attachments, links) is left out when it is malformed; what makes it (id, author, text,
addressing, dates, poll) raises. Spec: ActivityStreams 2.0 Vocabulary §3 and §5; Mastodon's reading of ``Question``,
``sensitive``, ``contentMap`` and ``focalPoint``; FEP-044f, FEP-e232 (quotes); FEP-1b12 (``audience``).
"""

from typing import Final

from federation.audience import Reach
from federation.errors import MalformedActivity
from federation.objects import (
    CollectionSummary,
    InteractionPolicy,
    InteractionRule,
    Note,
    Poll,
    PollOption,
    Quote,
    QuoteAuthorization,
    Relationship,
    Terms,
    Tombstone,
    UnknownObject,
)
from federation.parse import limits, shapes
from federation.parse.media import attachment, media_type_of, own_picture, picture, web_link
from federation.parse.shapes import Json
from federation.parse.tags import emoji, hashtag, mention, quote_link
from federation.vocabulary import DOCUMENT_TYPES, NOTE_TYPES, PARTNERSHIP, PARTNERSHIP_TIERS

_LEGACY_QUOTES: Final = ("quoteUri", "quoteUrl", "quoteURL", "_misskey_quote")
_UNDETERMINED: Final = "und"
_PLAIN: Final = ("text/plain", "text/markdown")


def note(document: Json) -> Note:
    """A note, article, page, question, media object or event; raises ``MalformedActivity`` for anything else."""
    kind = shapes.type_among(document, NOTE_TYPES)
    if kind is None:
        raise MalformedActivity(f"A {shapes.kind(document)} is not something that is read as a note.")
    identity = shapes.required_id(document, "id")
    content, content_map = _content(document)
    poll = _poll(document) if kind == "Question" else None
    tags = shapes.embedded(document, "tag")[: limits.TAGS_MAX]
    attached = shapes.embedded(document, "attachment")
    is_event = kind == "Event"
    return Note(
        type=kind,
        id=identity,
        attributed_to=shapes.required_id(document, "attributedTo"),
        content=content,
        content_map=content_map,
        is_plain=_is_plain(document),
        name=shapes.told_name(document, "name"),
        summary=shapes.told_prose(document, "summary", limits.SUMMARY_MAX),
        sensitive=shapes.flag(document, "sensitive") or False,
        in_reply_to=shapes.optional_id(document, "inReplyTo"),
        published=shapes.moment(document, "published"),
        updated=shapes.moment(document, "updated"),
        to=shapes.addressees(document, "to"),
        cc=shapes.addressees(document, "cc"),
        audience=shapes.addressees(document, "audience"),
        reach=_reach(document),
        listed=shapes.flag(document, "listed") is not False,
        url=shapes.optional_url(document, "url"),
        context=shapes.usable_id(document, "context"),
        context_history=shapes.usable_id(document, "contextHistory"),
        conversation=shapes.opaque(document, "conversation"),
        attachments=shapes.readable(
            attachment,
            (entry for entry in attached if shapes.type_among(entry, DOCUMENT_TYPES)),
            limits.ATTACHMENTS_MAX,
        ),
        links=shapes.readable(web_link, attached, limits.ATTACHMENTS_MAX),
        image=(own_picture(document) if kind == "Image" else None)
        or picture(document, "image")
        or picture(document, "icon"),
        mentions=shapes.readable(mention, tags, limits.TAGS_MAX),
        hashtags=shapes.readable(hashtag, tags, limits.TAGS_MAX),
        emojis=shapes.readable(emoji, tags, limits.TAGS_MAX),
        poll=poll,
        quote=_quote(document, tags),
        interaction_policy=_interaction_policy(document),
        replies=_summary(document, "replies"),
        likes=_summary(document, "likes"),
        shares=_summary(document, "shares"),
        starts_at=shapes.moment(document, "startTime") if is_event else None,
        ends_at=shapes.moment(document, "endTime") if is_event else None,
        location=_location(document) if is_event else None,
    )


def tombstone(document: Json) -> Tombstone:
    """What is left of something deleted."""
    return Tombstone(
        id=shapes.required_id(document, "id"),
        former_type=shapes.name(document, "formerType", limits.TYPE_MAX),
        deleted=shapes.moment(document, "deleted"),
    )


def quote_authorization(document: Json) -> QuoteAuthorization:
    """The stamp that allows a quote; each part is required, and counts only as an id (FEP-044f)."""
    return QuoteAuthorization(
        id=shapes.required_id(document, "id"),
        attributed_to=shapes.required_id(document, "attributedTo"),
        interacting_object=shapes.required_id(document, "interactingObject"),
        interaction_target=shapes.required_id(document, "interactionTarget"),
    )


def relationship(document: Json) -> Relationship:
    """A relation between two actors; each part is required."""
    kind = shapes.name(document, "relationship")
    if kind is None:
        raise MalformedActivity("The Relationship has no `relationship`.")
    return Relationship(
        id=shapes.required_id(document, "id"),
        subject=shapes.required_id(document, "subject"),
        object=shapes.required_id(document, "object"),
        relationship=kind,
        content=shapes.prose(document, "content", limits.SUMMARY_MAX) or "",
        terms=_terms(document) if kind == PARTNERSHIP else None,
    )


def unknown_object(document: Json) -> UnknownObject:
    """The name and id of something of a type not known here."""
    return UnknownObject(type=shapes.kind(document), id=shapes.required_id(document, "id"))


def _terms(document: Json) -> Terms:
    """What a partnership grants; what is not said to be allowed is not."""
    tier = shapes.name(document, "tier")
    largest = shapes.name(document, "largestReach")
    if tier not in PARTNERSHIP_TIERS or largest is None or largest not in {*Reach}:
        raise MalformedActivity("The partnership names no `tier` or no `largestReach` that is known.")
    return Terms(
        tier=tier,
        largest_reach=Reach(largest),
        direct_messages=shapes.flag(document, "directMessages") is True,
        directory=shapes.flag(document, "directory") is True,
        media=shapes.flag(document, "media") is True,
        contact=shapes.name(document, "contact") or "",
        retention=shapes.prose(document, "retention", limits.SUMMARY_MAX) or "",
        review_at=shapes.moment(document, "reviewAt"),
        approved=shapes.flag(document, "approved") is True,
        suspended=shapes.flag(document, "suspended") is True,
        suspends_at=shapes.moment(document, "suspendsAt"),
        people=shapes.count(document, "peopleCount"),
        announcements=shapes.count(document, "announcementsCount"),
    )


def _is_plain(document: Json) -> bool:
    return (media_type_of(document) or "").partition(";")[0].strip().lower() in _PLAIN


def _content(document: Json) -> tuple[str, dict[str, str]]:
    content_map = shapes.language_map(document, "contentMap")
    content = shapes.html(document, "content")
    if content is None:
        content = next(iter(content_map.values()), "")
    return content, {tag: text for tag, text in content_map.items() if tag != _UNDETERMINED}


def _reach(document: Json) -> Reach | None:
    value = shapes.name(document, "reach")
    if value is None:
        return None
    # A ring we do not know may be narrower than those we do: nothing wider than this node is safe.
    return Reach(value) if value in set(Reach) else Reach.NODE


def _poll(document: Json) -> Poll:
    key = "anyOf" if document.get("anyOf") else "oneOf"
    options = shapes.readable(_option, shapes.embedded(document, key), limits.OPTIONS_MAX)
    if not options:
        raise MalformedActivity("The Question has no options.")
    closed = shapes.first(document, "closed")
    ends_at = shapes.moment(document, "endTime")
    # Some software says only that the poll is closed; the moment it was to end is then the best there is.
    closed_at = ends_at or shapes.moment(document, "updated") if closed is True else None
    return Poll(
        options=options,
        is_multiple=key == "anyOf",
        ends_at=ends_at,
        closed_at=closed_at if isinstance(closed, bool) else shapes.moment(document, "closed"),
        voters_count=shapes.count(document, "votersCount"),
    )


def _option(document: Json) -> PollOption | None:
    text = shapes.told_name(document, "name")
    votes = [shapes.count(replies, "totalItems") for replies in shapes.embedded(document, "replies")]
    return None if text is None else PollOption(name=text, votes=next(iter(votes), None) or 0)


def _quote(document: Json, tags: list[Json]) -> Quote | None:
    quoted = shapes.usable_id(document, "quote")
    if quoted is not None:
        return Quote(id=quoted, authorization=shapes.usable_id(document, "quoteAuthorization"))
    legacy = (shapes.usable_id(document, key) for key in _LEGACY_QUOTES)
    linked = shapes.readable(quote_link, tags, 1)
    quoted = next((uri for uri in (*legacy, *linked) if uri is not None), None)
    return None if quoted is None else Quote(id=quoted, is_legacy=True)


def _interaction_policy(document: Json) -> InteractionPolicy | None:
    policy = next(iter(shapes.embedded(document, "interactionPolicy")), None)
    if policy is None:
        return None
    return InteractionPolicy(
        can_quote=_rule(policy, "canQuote"),
        can_reply=_rule(policy, "canReply"),
        can_like=_rule(policy, "canLike"),
        can_announce=_rule(policy, "canAnnounce"),
    )


def _rule(policy: Json, key: str) -> InteractionRule | None:
    rule = next(iter(shapes.embedded(policy, key)), None)
    if rule is None:
        return None
    # GoToSocial before 0.20 wrote `always` and `approvalRequired`.
    return InteractionRule(
        automatic=shapes.addressees(rule, "automaticApproval") or shapes.addressees(rule, "always"),
        manual=shapes.addressees(rule, "manualApproval") or shapes.addressees(rule, "approvalRequired"),
    )


def _summary(document: Json, key: str) -> CollectionSummary | None:
    collection = next(iter(shapes.embedded(document, key)), {})
    summary = CollectionSummary(
        id=shapes.usable_id(document, key),
        first=shapes.usable_id(collection, "first"),
        total_items=shapes.count(collection, "totalItems"),
    )
    return None if summary == CollectionSummary() else summary


def _location(document: Json) -> str | None:
    place = next(iter(shapes.embedded(document, "location")), None)
    return shapes.name(document, "location") if place is None else shapes.name(place, "name")
