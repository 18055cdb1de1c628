"""Accounts (public actors) and users (logins)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from fedorg.domain.policies import QuotePolicy
from fedorg.domain.visibility import Reach, Visibility
from fedorg.ids import AccountId, InviteId, UserId


class ActorType(StrEnum):
    """ActivityStreams actor types, as Mastodon keeps them."""

    PERSON = "Person"
    GROUP = "Group"
    ORGANIZATION = "Organization"
    SERVICE = "Service"
    APPLICATION = "Application"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A row of profile metadata; ``value`` is safe HTML, ``source`` what a local member typed."""

    name: str
    value: str
    source: str = ""
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Emoji:
    """A custom emoji as its server declares it; ``url`` is its picture, ``static_url`` one that stands still."""

    shortcode: str
    url: str
    static_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A public actor, of this node (``domain`` is None) or of a peer.

    ``note`` is safe HTML. ``avatar`` and ``header`` are media names of this node for local accounts, addresses for
    remote ones, and None when there is none. Counts are those this node knows, or the peer's own claim.
    ``suspended_remotely``: its own server suspended it, and may let it speak again. ``deleted_at``: it left, and what
    it did goes; it counts as suspended too. ``moved_to`` is where it lives now, if that is known here and confirms it;
    ``moved_at`` when it moved last, whether or not that was taken back. ``attribution_domains`` are sites that may name
    it as the author of a page. ``sensitized_at``: all its media are
    marked as sensitive, whatever it says itself.
    """

    id: AccountId
    username: str
    domain: str | None
    uri: str
    url: str
    actor_type: ActorType
    display_name: str = ""
    note: str = ""
    note_source: str = ""
    fields: tuple[Field, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    avatar: str | None = None
    avatar_static: str | None = None
    avatar_description: str = ""
    header: str | None = None
    header_description: str = ""
    locked: bool = False
    discoverable: bool = False
    indexable: bool = False
    hide_collections: bool = False
    memorial: bool = False
    show_media: bool = True
    show_media_replies: bool = True
    show_featured: bool = True
    attribution_domains: tuple[str, ...] = ()
    inbox: str = ""
    shared_inbox: str | None = None
    outbox: str = ""
    followers_uri: str = ""
    following_uri: str = ""
    featured_uri: str | None = None
    featured_tags_uri: str | None = None
    also_known_as: tuple[str, ...] = ()
    moved_to_uri: str | None = None
    moved_at: datetime | None = None
    suspended_at: datetime | None = None
    suspended_remotely: bool = False
    deleted_at: datetime | None = None
    silenced_at: datetime | None = None
    sensitized_at: datetime | None = None
    media_rejected: bool = False
    created_at: datetime
    updated_at: datetime | None = None
    fetched_at: datetime | None = None
    last_status_at: datetime | None = None
    followers_count: int = 0
    following_count: int = 0
    statuses_count: int = 0
    moved_to: "Account | None" = None

    @property
    def is_local(self) -> bool:
        """Whether this node is the account's home."""
        return self.domain is None

    @property
    def acct(self) -> str:
        """``username``, or ``username@domain`` for a remote account."""
        return self.username if self.domain is None else f"{self.username}@{self.domain}"

    @property
    def peer(self) -> str | None:
        """The server a remote account lives on: the host of its identity, whatever the domain in its handle."""
        return None if self.domain is None else urlsplit(self.uri).netloc

    @property
    def is_bot(self) -> bool:
        """Whether a program speaks, as Mastodon tells it from the actor type."""
        return self.actor_type in (ActorType.SERVICE, ActorType.APPLICATION)

    @property
    def is_barred(self) -> bool:
        """Whether it was suspended here, or left: nothing that its own server says changes that."""
        return self.suspended_at is not None and not self.suspended_remotely

    @property
    def is_unopened(self) -> bool:
        """Whether it is closed since it was made, because whoever registered with it was not let in yet."""
        return self.suspended_at == self.created_at

    @property
    def delivery_inbox(self) -> str:
        """Where activities for this account go: the shared inbox when its server has one."""
        return self.shared_inbox or self.inbox


def keep_verified(before: tuple[Field, ...], after: tuple[Field, ...]) -> tuple[Field, ...]:
    """``after``, each link in it as verified as it was ``before``."""
    known = {field.value: field.verified_at for field in before}
    return tuple(replace(field, verified_at=known.get(field.value)) for field in after)


class KeyAlgorithm(StrEnum):
    """The kinds of key an account signs with."""

    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKey:
    """A key of an account. ``public`` is SPKI PEM for both kinds; ``private`` PKCS8 PEM, of local accounts only."""

    uri: str
    account_id: AccountId
    algorithm: KeyAlgorithm
    public: str
    private: str | None = field(repr=False)
    created_at: datetime


class UserRole(StrEnum):
    """What a user may do on this node, from least to most."""

    MEMBER = "member"
    MODERATOR = "moderator"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """0 for members, 3 for owners: nobody acts on somebody of the same rank or above."""
        return list(UserRole).index(self)


STAFF: Final = frozenset({UserRole.MODERATOR, UserRole.ADMIN, UserRole.OWNER})
"""Those who look after accounts, reports and what trends."""
ADMINISTRATORS: Final = frozenset({UserRole.ADMIN, UserRole.OWNER})
"""Those who look after the node itself as well: its servers, its words, and who comes in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A login. It may act for several accounts; ``account_id`` is the one it acts for unless it says otherwise.

    S49: only a user that is confirmed, approved and not disabled counts as signed in (``is_active``).
    """

    id: UserId
    account_id: AccountId
    username: str
    email: str | None = field(repr=False)
    password_hash: str | None = field(repr=False)
    role: UserRole
    locale: str = "en"
    default_visibility: Visibility = Visibility.PUBLIC
    default_reach: Reach | None = None
    default_partners: frozenset[str] = frozenset()
    default_sensitive: bool = False
    default_language: str | None = None
    default_quote_policy: QuotePolicy = QuotePolicy.PUBLIC
    sign_up_reason: str = ""
    invite_id: InviteId | None = None
    created_at: datetime
    confirmed_at: datetime | None = None
    approved_at: datetime | None = None
    disabled_at: datetime | None = None
    last_sign_in_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether this user may sign in and act."""
        return self.confirmed_at is not None and self.approved_at is not None and self.disabled_at is None

    @property
    def is_administrator(self) -> bool:
        """Whether this user may invite people and look after the node itself."""
        return self.role in ADMINISTRATORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """A code that lets somebody register; ``uses_max`` None means without limit."""

    id: InviteId
    code: str
    created_by: UserId
    uses: int
    uses_max: int | None
    expires_at: datetime | None
    created_at: datetime
