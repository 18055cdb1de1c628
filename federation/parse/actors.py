"""Actors and key documents from JSON.

An actor needs an id, an inbox and a username; the rest is optional, and decoration that is malformed is left out. Spec:
ActivityPub §4.1; security/v1; FEP-521a, FEP-2c59, FEP-844e, FEP-1b12; schema.org ``PropertyValue``.
"""

import re
from typing import Final

from federation.actors import Actor, Multikey, PropertyValue, PublicKey
from federation.errors import MalformedActivity
from federation.parse import limits, shapes
from federation.parse.media import picture
from federation.parse.shapes import Json
from federation.parse.tags import emoji, hashtag
from federation.vocabulary import ACTOR_TYPES

_USERNAME: Final = re.compile(rf"[\w.~-]{{1,{limits.USERNAME_MAX}}}")
_MULTIBASE: Final = re.compile(r"[a-zA-Z0-9+/=_-]{2,4096}")


def actor(document: Json) -> Actor:
    """A person, group, organisation, service or application; raises ``MalformedActivity`` for anything else."""
    kind = shapes.type_among(document, ACTOR_TYPES)
    if kind is None:
        raise MalformedActivity(f"A {shapes.kind(document)} is not an actor.")
    tags = shapes.embedded(document, "tag")[: limits.TAGS_MAX]
    endpoints = next(iter(shapes.embedded(document, "endpoints")), {})
    return Actor(
        type=kind,
        id=shapes.required_id(document, "id"),
        preferred_username=_username(document),
        inbox=shapes.required_id(document, "inbox"),
        outbox=shapes.optional_id(document, "outbox"),
        followers=shapes.optional_id(document, "followers"),
        following=shapes.optional_id(document, "following"),
        featured=shapes.optional_id(document, "featured"),
        featured_tags=shapes.optional_id(document, "featuredTags"),
        # Lemmy before 0.16 and some others put the shared inbox beside the inbox.
        shared_inbox=shapes.optional_id(endpoints, "sharedInbox") or shapes.optional_id(document, "sharedInbox"),
        moderators=_moderators(document) if kind == "Group" else None,
        name=shapes.told_name(document, "name"),
        summary=shapes.told_html(document, "summary"),
        url=shapes.optional_url(document, "url"),
        icon=picture(document, "icon"),
        image=picture(document, "image"),
        fields=shapes.readable(_field, shapes.embedded(document, "attachment"), limits.FIELDS_MAX),
        hashtags=shapes.readable(hashtag, tags, limits.TAGS_MAX),
        emojis=shapes.readable(emoji, tags, limits.TAGS_MAX),
        manually_approves_followers=shapes.flag(document, "manuallyApprovesFollowers") or False,
        discoverable=shapes.flag(document, "discoverable"),
        indexable=shapes.flag(document, "indexable"),
        memorial=shapes.flag(document, "memorial") or False,
        suspended=shapes.flag(document, "suspended") or False,
        moved_to=shapes.optional_id(document, "movedTo"),
        also_known_as=_aliases(document),
        attribution_domains=_domains(document),
        published=shapes.moment(document, "published"),
        updated=shapes.moment(document, "updated"),
        public_keys=shapes.readable(_public_key, shapes.embedded(document, "publicKey"), limits.KEYS_PER_ACTOR_MAX),
        assertion_methods=shapes.readable(
            _multikey, shapes.embedded(document, "assertionMethod"), limits.KEYS_PER_ACTOR_MAX
        ),
        department=shapes.name(document, "department"),
        job_title=shapes.name(document, "jobTitle"),
        webfinger=_webfinger(document),
        implements=_implements(document),
    )


def key_document(document: Json, key_id: str) -> PublicKey | Multikey:
    """The key named ``key_id``, from a document of its own or from the actor that lists it (S8).

    Some servers answer a key id with the key, others with the whole actor, GoToSocial with a stub of the actor. Raises
    ``MalformedActivity`` when no key of exactly that id is in the document. The owner it names has not confirmed it:
    see ``origin.check_key``.
    """
    carriers = [document, *shapes.embedded(document, "publicKey"), *shapes.embedded(document, "assertionMethod")]
    for carrier in carriers:
        if carrier.get("id") != key_id:
            continue
        if "publicKeyPem" in carrier:
            return _public_key(carrier)
        if "publicKeyMultibase" in carrier:
            return _multikey(carrier)
    raise MalformedActivity(f"The {shapes.kind(document)} holds no key with the id {key_id[: limits.ID_MAX]}.")


def key_owner(document: Json, key_id: str) -> str:
    """Whose the key named ``key_id`` is, as the document at that address says.

    PeerTube and some relays call the key of an actor by the actor's own id. Raises ``MalformedActivity`` as
    ``key_document`` does, and nobody has confirmed it likewise.
    """
    if document.get("id") == key_id and shapes.type_among(document, ACTOR_TYPES) is not None:
        return key_id
    key = key_document(document, key_id)
    return key.owner if isinstance(key, PublicKey) else key.controller


def _username(document: Json) -> str:
    value = shapes.first(document, "preferredUsername")
    if value is None:
        raise MalformedActivity(f"The {shapes.kind(document)} has no `preferredUsername`.")
    if not isinstance(value, str) or not _USERNAME.fullmatch(value):
        raise MalformedActivity(f"The {shapes.kind(document)} has a `preferredUsername` that is no username.")
    return value


def _moderators(document: Json) -> str | None:
    """The collection of moderators; a list there names persons instead (PeerTube's owners, Lemmy before 0.16)."""
    value = document.get("attributedTo") or document.get("moderators")
    return value if isinstance(value, str) and shapes.is_id(value) else None


def _field(document: Json) -> PropertyValue | None:
    if shapes.type_among(document, ("PropertyValue",)) is None:
        return None
    label = shapes.told_name(document, "name")
    value = shapes.html(document, "value")
    return None if label is None else PropertyValue(name=label, value=value or "")


def _public_key(document: Json) -> PublicKey:
    return PublicKey(
        id=shapes.required_id(document, "id"), owner=shapes.required_id(document, "owner"), pem=_pem(document)
    )


def _pem(document: Json) -> str:
    value = shapes.first(document, "publicKeyPem")
    if not isinstance(value, str) or len(value) > limits.PEM_MAX or not value.isascii():
        raise MalformedActivity("The key has no `publicKeyPem` that could be one.")
    return value


def _multikey(document: Json) -> Multikey:
    value = shapes.first(document, "publicKeyMultibase")
    if not isinstance(value, str) or not _MULTIBASE.fullmatch(value):
        raise MalformedActivity("The key has no `publicKeyMultibase` that could be one.")
    return Multikey(
        id=shapes.required_id(document, "id"),
        controller=shapes.required_id(document, "controller"),
        public_key_multibase=value,
    )


def _aliases(document: Json) -> tuple[str, ...]:
    """Other names of the actor; some of them (``did:``, ``acct:``) are no ids of this protocol and left out."""
    named = (value.get("id") if isinstance(value, dict) else value for value in shapes.many(document, "alsoKnownAs"))
    found = [value for value in named if isinstance(value, str) and shapes.is_id(value)]
    return tuple(dict.fromkeys(found))[: limits.ALIASES_MAX]


def _domains(document: Json) -> tuple[str, ...]:
    values = [value for value in shapes.many(document, "attributionDomains") if isinstance(value, str)]
    cleaned = (shapes.clean_name(value)[: limits.USERNAME_MAX].strip() for value in values[: limits.ALIASES_MAX])
    return tuple(dict.fromkeys(value for value in cleaned if value))


def _webfinger(document: Json) -> str | None:
    value = shapes.name(document, "webfinger")
    return None if value is None else value.removeprefix("acct:").removeprefix("@").strip() or None


def _implements(document: Json) -> tuple[str, ...]:
    """What the actor's software can do, told by the actor itself or by its generator."""
    carriers = (document, *shapes.embedded(document, "generator"))
    named = (value for carrier in carriers for value in shapes.many(carrier, "implements"))
    hrefs = (value.get("href", value.get("id")) if isinstance(value, dict) else value for value in named)
    found = [href for href in hrefs if isinstance(href, str) and shapes.is_id(href)]
    return tuple(dict.fromkeys(found))[: limits.ALIASES_MAX]
