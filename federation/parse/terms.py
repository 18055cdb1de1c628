"""The names of properties and types as this package reads them, whatever prefix a peer's JSON-LD library gave them.

A library that compacts a document under another context than it was written for leaves ``toot:featured`` or
``http://joinmastodon.org/ns#featured`` where everybody else writes ``featured`` (Fedify under the identity context).
The table below is fixed: no context is read, fetched or followed, what is not in it stays as it is and is dropped by
the readers, and the plain name wins where both stand. Spec: JSON-LD 1.1 §4.1.5 (compact IRIs), §4.2 (value objects).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from federation.parse.shapes import Json
from federation.vocabulary import (
    ACTOR_TYPES,
    AS2_CONTEXT,
    COLLECTION_TYPES,
    DOCUMENT_TYPES,
    FEDORG_NS,
    NOTE_TYPES,
    NOTICE_TYPES,
    PAGE_TYPES,
)

_TYPES: Final = (*ACTOR_TYPES, *NOTE_TYPES, *DOCUMENT_TYPES, *COLLECTION_TYPES, *PAGE_TYPES, *NOTICE_TYPES)
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "as": """
            accept actor alsoKnownAs anyOf attachment attributedTo audience cc closed content contentMap context current
            deleted duration endTime endpoints first followers following formerType generator height href icon id image
            inReplyTo inbox instrument items last likes liked location manuallyApprovesFollowers mediaType movedTo name
            nameMap next object oneOf orderedItems outbox partOf preferredUsername prev preview published quoteUrl
            relationship replies result sensitive sharedInbox shares startTime subject summary summaryMap tag target to
            totalItems type updated url width
            Accept Add Announce Block Create Delete Dislike Emoji Flag Follow Hashtag Join Leave Like Link Listen
            Mention Move Offer Place Reject Relationship Remove Tombstone Undo Update View
        """,
        "toot": """
            Emoji attributionDomains blurhash discoverable featured featuredTags focalPoint indexable memorial suspended
            votersCount
        """,
        "schema": "PropertyValue jobTitle value",
        "sec": "Key Multikey assertionMethod controller owner publicKey publicKeyMultibase publicKeyPem",
        "misskey": "_misskey_quote _misskey_reaction",
        "fedibird": "quoteUri",
        "litepub": "EmojiReact",
        "ostatus": "conversation",
        "ldp": "inbox",
        "gts": """
            always approvalRequired automaticApproval canAnnounce canLike canQuote canReply interactingObject
            interactionPolicy interactionTarget manualApproval
        """,
        "044f": "QuoteAuthorization QuoteRequest quote quoteAuthorization",
        "844e": "implements",
        "f228": "contextHistory",
        "webfinger": "webfinger",
        "fedorg": """
            Acknowledgement Announcement acknowledgedCount allDay announcementsCount approved contact department
            directMessages directory largestReach listed media membersCount needsAcknowledgement peopleCount reach
            retention reviewAt suspendsAt tier
        """,
    }
)
_PREFIXES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "as": ("as:", f"{AS2_CONTEXT}#"),
        "toot": ("toot:", "http://joinmastodon.org/ns#"),
        "schema": ("schema:", "sc:", "http://schema.org#", "http://schema.org/", "https://schema.org/"),
        "sec": ("sec:", "https://w3id.org/security#"),
        "misskey": ("misskey:", "https://misskey-hub.net/ns#", "https://misskey-hub.net/ns/#"),
        "fedibird": ("fedibird:", "http://fedibird.com/ns#"),
        "litepub": ("litepub:", "http://litepub.social/ns#"),
        "ostatus": ("ostatus:", "http://ostatus.org#"),
        "ldp": ("ldp:", "http://www.w3.org/ns/ldp#"),
        "gts": ("gts:", "https://gotosocial.org/ns#"),
        "044f": ("https://w3id.org/fep/044f#",),
        "844e": ("https://w3id.org/fep/844e#",),
        "f228": ("https://w3id.org/fep/f228#",),
        "webfinger": ("https://purl.archive.org/socialweb/webfinger#",),
        "fedorg": ("fedorg:", FEDORG_NS),
    }
)
_PLAIN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "@id": "id",
        "@type": "type",
        **{f"as:{name}": name for name in _TYPES},
        **{f"{AS2_CONTEXT}#{name}": name for name in _TYPES},
        **{
            f"{prefix}{name}": name
            for key, names in _NAMES.items()
            for prefix in _PREFIXES[key]
            for name in names.split()
        },
    }
)


def plain(document: Json) -> Json:
    """The document with plain names for its properties and types, at any depth; the same one if it has them already."""
    if not _is_prefixed(document):
        return document
    return {key: _plain(key, value) for key, value in _members(document).items()}


def _members(document: Json) -> dict[str, object]:
    plainly = {key: value for key, value in document.items() if key not in _PLAIN}
    return {**{_PLAIN[key]: value for key, value in document.items() if key in _PLAIN}, **plainly}


def _plain(key: str, value: object) -> object:
    if isinstance(value, list):
        return [_plain(key, entry) for entry in value]
    if isinstance(value, str):
        return _PLAIN.get(value, value) if key == "type" else value
    if not isinstance(value, dict) or key == "@context":
        return value
    for carrier in ("@value", "@list", "@set"):
        # A language, or the type of a number, is of no use here.
        if carrier in value:
            return _plain(key, value[carrier])
    return {name: _plain(name, entry) for name, entry in _members(value).items()}


def _is_prefixed(value: object) -> bool:
    """Whether there is anything to do, for most documents have plain names only."""
    if isinstance(value, list):
        return any(_is_prefixed(entry) for entry in value)
    if not isinstance(value, dict):
        return False
    return any(
        key != "@context"
        and (":" in key or key.startswith("@") or _is_prefixed(entry) or (key == "type" and _has_prefix(entry)))
        for key, entry in value.items()
    )


def _has_prefix(types: object) -> bool:
    return any(isinstance(entry, str) and ":" in entry for entry in (types if isinstance(types, list) else [types]))
