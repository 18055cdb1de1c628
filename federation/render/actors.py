"""Actors and keys to JSON. Spec: as in ``federation.parse.actors``."""

from federation.actors import Actor, Multikey, PropertyValue, PublicKey
from federation.render.objects import JsonObject, compact, image, moment, tag


def actor(value: Actor) -> JsonObject:
    """A person, group, organisation, service or application."""
    tags = [*map(tag, value.hashtags), *map(tag, value.emojis)]
    public_keys = [public_key(key) for key in value.public_keys]
    return compact(
        {
            "id": value.id,
            "type": value.type,
            "preferredUsername": value.preferred_username,
            "webfinger": value.webfinger,
            "name": value.name,
            "summary": value.summary,
            "url": value.url,
            "inbox": value.inbox,
            "outbox": value.outbox,
            "followers": value.followers,
            "following": value.following,
            "featured": value.featured,
            "featuredTags": value.featured_tags,
            "endpoints": None if value.shared_inbox is None else {"sharedInbox": value.shared_inbox},
            "attributedTo": value.moderators,
            "icon": None if value.icon is None else image(value.icon),
            "image": None if value.image is None else image(value.image),
            "attachment": [_field(row) for row in value.fields] or None,
            "tag": tags or None,
            "department": value.department,
            "jobTitle": value.job_title,
            "manuallyApprovesFollowers": value.manually_approves_followers,
            "discoverable": value.discoverable,
            "indexable": value.indexable,
            "memorial": value.memorial or None,
            "suspended": value.suspended or None,
            "movedTo": value.moved_to,
            "alsoKnownAs": list(value.also_known_as) or None,
            "attributionDomains": list(value.attribution_domains) or None,
            "published": moment(value.published),
            "updated": moment(value.updated),
            # Most software reads one key and takes a list for no key at all.
            "publicKey": public_keys[0] if len(public_keys) == 1 else public_keys or None,
            "assertionMethod": [multikey(key) for key in value.assertion_methods] or None,
            **_implements(value),
        }
    )


def public_key(value: PublicKey) -> JsonObject:
    """A key in PEM."""
    return {"id": value.id, "owner": value.owner, "publicKeyPem": value.pem}


def multikey(value: Multikey) -> JsonObject:
    """A key in multibase."""
    return {
        "id": value.id,
        "type": "Multikey",
        "controller": value.controller,
        "publicKeyMultibase": value.public_key_multibase,
    }


def _field(row: PropertyValue) -> JsonObject:
    return {"type": "PropertyValue", "name": row.name, "value": row.value}


def _implements(value: Actor) -> JsonObject:
    """What the software can do, said by the actor of a server itself and by the generator of everybody else."""
    if not value.implements:
        return {}
    implemented: JsonObject = {"implements": [{"href": href} for href in value.implements]}
    return implemented if value.type == "Application" else {"generator": {"type": "Application", **implemented}}
