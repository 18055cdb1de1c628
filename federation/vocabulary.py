"""The words of the wire: contexts, content types, and the type names this library knows.

Every term that is not in the two remote contexts is defined inline, so that nobody needs to fetch anything of ours to
read our documents. Spec: ActivityStreams 2.0 Vocabulary; security/v1; Mastodon's ``toot`` namespace; schema.org
``PropertyValue``; FEP-044f, FEP-2c59, FEP-521a, FEP-5feb, FEP-844e.
"""

from types import MappingProxyType
from typing import Final, Literal, get_args

AS2_CONTEXT: Final = "https://www.w3.org/ns/activitystreams"
SECURITY_CONTEXT: Final = "https://w3id.org/security/v1"
DATA_INTEGRITY_CONTEXT: Final = "https://w3id.org/security/data-integrity/v1"
FEDORG_NS: Final = "https://w3id.org/fedorg/ns#"

PARTNERSHIP: Final = f"{FEDORG_NS}Partnership"
"""The kind of a ``Relationship`` by which two servers agree what passes between them."""
PARTNERSHIP_TIERS: Final = frozenset({"sibling", "partner"})

PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
PUBLIC_SPELLINGS: Final = frozenset({PUBLIC, "as:Public", "Public"})
"""ActivityPub §5.6: the compact forms mean the same as the full IRI."""

ACTIVITY_JSON: Final = "application/activity+json"
LD_JSON: Final = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'

ActorType = Literal["Person", "Group", "Organization", "Service", "Application"]
NoteType = Literal["Note", "Article", "Page", "Question", "Image", "Audio", "Video", "Event"]
DocumentType = Literal["Document", "Image", "Audio", "Video"]
CollectionType = Literal["Collection", "OrderedCollection"]
PageType = Literal["CollectionPage", "OrderedCollectionPage"]

ACTOR_TYPES: Final[tuple[ActorType, ...]] = get_args(ActorType)
NOTE_TYPES: Final[tuple[NoteType, ...]] = get_args(NoteType)
DOCUMENT_TYPES: Final[tuple[DocumentType, ...]] = get_args(DocumentType)
COLLECTION_TYPES: Final[tuple[CollectionType, ...]] = get_args(CollectionType)
PAGE_TYPES: Final[tuple[PageType, ...]] = get_args(PageType)
NOTICE_TYPES: Final = ("Announcement", "Acknowledgement")

_NOTE_TERMS: Final = MappingProxyType(
    {
        "toot": "http://joinmastodon.org/ns#",
        "fedorg": FEDORG_NS,
        "sensitive": "as:sensitive",
        "Hashtag": "as:Hashtag",
        "Emoji": "toot:Emoji",
        "blurhash": "toot:blurhash",
        "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
        "votersCount": "toot:votersCount",
        "conversation": "http://ostatus.org#conversation",
        "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
        "quoteAuthorization": {"@id": "https://w3id.org/fep/044f#quoteAuthorization", "@type": "@id"},
        "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
        "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
        # Not @id: Misskey, who coined them, writes strings, and Fedify refuses a note in which they are anything else.
        "quoteUrl": "as:quoteUrl",
        "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote",
        "gts": "https://gotosocial.org/ns#",
        "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
        "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
        "canReply": {"@id": "gts:canReply", "@type": "@id"},
        "canLike": {"@id": "gts:canLike", "@type": "@id"},
        "canAnnounce": {"@id": "gts:canAnnounce", "@type": "@id"},
        "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
        "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
        "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
        "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
        "contextHistory": {"@id": "https://w3id.org/fep/f228#contextHistory", "@type": "@id"},
        "litepub": "http://litepub.social/ns#",
        "EmojiReact": "litepub:EmojiReact",
        "reach": "fedorg:reach",
        "listed": "fedorg:listed",
        "Announcement": "fedorg:Announcement",
        "Acknowledgement": "fedorg:Acknowledgement",
        "allDay": "fedorg:allDay",
        "needsAcknowledgement": "fedorg:needsAcknowledgement",
        "acknowledgedCount": "fedorg:acknowledgedCount",
        "membersCount": "fedorg:membersCount",
    }
)
_ACTOR_TERMS: Final = MappingProxyType(
    {
        "toot": "http://joinmastodon.org/ns#",
        "schema": "http://schema.org#",
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
        "Emoji": "toot:Emoji",
        "featured": {"@id": "toot:featured", "@type": "@id"},
        "featuredTags": {"@id": "toot:featuredTags", "@type": "@id"},
        "discoverable": "toot:discoverable",
        "indexable": "toot:indexable",
        "memorial": "toot:memorial",
        "suspended": "toot:suspended",
        "attributionDomains": {"@id": "toot:attributionDomains", "@type": "@id"},
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
        "assertionMethod": {
            "@id": "https://w3id.org/security#assertionMethod",
            "@type": "@id",
            "@container": "@set",
        },
        "Multikey": "https://w3id.org/security#Multikey",
        "controller": {"@id": "https://w3id.org/security#controller", "@type": "@id"},
        "publicKeyMultibase": "https://w3id.org/security#publicKeyMultibase",
        "implements": {"@id": "https://w3id.org/fep/844e#implements", "@type": "@id"},
        "fedorg": FEDORG_NS,
        "department": "fedorg:department",
        "jobTitle": "schema:jobTitle",
        "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
    }
)

_PARTNERSHIP_TERMS: Final = MappingProxyType(
    {
        "fedorg": FEDORG_NS,
        "tier": "fedorg:tier",
        "largestReach": "fedorg:largestReach",
        "directMessages": "fedorg:directMessages",
        "directory": "fedorg:directory",
        "media": "fedorg:media",
        "contact": "fedorg:contact",
        "retention": "fedorg:retention",
        "reviewAt": {"@id": "fedorg:reviewAt", "@type": "http://www.w3.org/2001/XMLSchema#dateTime"},
        "approved": "fedorg:approved",
        "suspended": "http://joinmastodon.org/ns#suspended",
        "peopleCount": "fedorg:peopleCount",
        "announcementsCount": "fedorg:announcementsCount",
        "suspendsAt": {"@id": "fedorg:suspendsAt", "@type": "http://www.w3.org/2001/XMLSchema#dateTime"},
    }
)

NOTE_CONTEXT: Final = (AS2_CONTEXT, _NOTE_TERMS)
"""Context of objects, collections and activities."""
ACTOR_CONTEXT: Final = (AS2_CONTEXT, SECURITY_CONTEXT, _ACTOR_TERMS)
ACTOR_ACTIVITY_CONTEXT: Final = (AS2_CONTEXT, SECURITY_CONTEXT, MappingProxyType({**_NOTE_TERMS, **_ACTOR_TERMS}))
"""Context of an activity or a collection that carries an actor."""
PARTNERSHIP_CONTEXT: Final = (AS2_CONTEXT, _PARTNERSHIP_TERMS)
"""Context of a relation between two servers, and of what is said about it."""
