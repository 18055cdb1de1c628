"""Actors and their keys, as values.

``summary`` and the values of ``fields`` are HTML as it was sent; whoever shows them sanitises them (S55). A key counts
only if the actor it names as owner lists it: ``origin.check_key`` (S8). Spec: ActivityPub §4.1; security/v1;
FEP-521a (Multikey), FEP-2c59 (webfinger), FEP-844e (implements), FEP-1b12 (moderators), FEP-5feb (indexable).
"""

from dataclasses import dataclass
from datetime import datetime

from federation.objects import Emoji, Hashtag, Image
from federation.vocabulary import ActorType


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A key in PEM, as security/v1 writes it."""

    id: str
    owner: str
    pem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Multikey:
    """A key in multibase, as FEP-521a writes it; ``controller`` is its owner."""

    id: str
    controller: str
    public_key_multibase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyValue:
    """One row of a profile: a label and HTML."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who acts: a person, a community, an organisation, a program, a server.

    ``discoverable`` and ``indexable`` are None where nothing was said, which is not consent. ``moderators`` is the
    collection a ``Group`` names as ``attributedTo``. ``implements`` holds the URIs of what its software can do,
    ``webfinger`` the preferred address without ``acct:``. ``department`` and ``job_title``
    say where somebody works in an organisation, and as what.
    """

    type: ActorType = "Person"
    id: str
    preferred_username: str
    inbox: str
    outbox: str | None = None
    followers: str | None = None
    following: str | None = None
    featured: str | None = None
    featured_tags: str | None = None
    shared_inbox: str | None = None
    moderators: str | None = None
    name: str | None = None
    summary: str | None = None
    url: str | None = None
    icon: Image | None = None
    image: Image | None = None
    fields: tuple[PropertyValue, ...] = ()
    hashtags: tuple[Hashtag, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    manually_approves_followers: bool = False
    discoverable: bool | None = None
    indexable: bool | None = None
    memorial: bool = False
    suspended: bool = False
    moved_to: str | None = None
    also_known_as: tuple[str, ...] = ()
    attribution_domains: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    public_keys: tuple[PublicKey, ...] = ()
    assertion_methods: tuple[Multikey, ...] = ()
    department: str | None = None
    job_title: str | None = None
    webfinger: str | None = None
    implements: tuple[str, ...] = ()
