"""OAuth values: applications, tokens, and what each scope takes in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fedorg.domain.accounts import Account, User
from fedorg.ids import AccountId, ApplicationId, TokenId, UserId

OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"

_READ: Final = (
    "accounts", "blocks", "bookmarks", "collections", "favourites", "filters", "follows", "lists", "mutes",
    "notifications", "search", "statuses",
)  # fmt: skip
_WRITE: Final = (
    "accounts", "blocks", "bookmarks", "collections", "conversations", "favourites", "filters", "follows", "lists",
    "media", "mutes", "notifications", "reports", "statuses",
)  # fmt: skip
_ADMIN: Final = (
    "accounts", "reports", "domain_allows", "domain_blocks", "ip_blocks", "email_domain_blocks",
    "canonical_email_blocks",
)  # fmt: skip

# The old scope "follow" stands for these (Mastodon documentation, OAuth scopes).
_FOLLOW: Final = frozenset(f"{verb}:{noun}" for verb in ("read", "write") for noun in ("follows", "blocks", "mutes"))
SCOPES: Final = frozenset(
    {"read", "write", "follow", "push", "profile", "admin:read", "admin:write"}
    | {f"read:{noun}" for noun in _READ}
    | {f"write:{noun}" for noun in _WRITE}
    | {f"admin:{verb}:{noun}" for verb in ("read", "write") for noun in _ADMIN}
)
DEFAULT_SCOPES: Final = ("read",)


def covers(granted: tuple[str, ...], wanted: str) -> bool:
    """Whether the scopes ``granted`` take in ``wanted``: itself, its parent, or ``follow`` for its six."""
    parent, _, noun = wanted.rpartition(":")
    return (
        wanted in granted
        or (bool(noun) and parent in granted)
        or ("follow" in granted and wanted in _FOLLOW)
        # Every token that may read accounts may read its own profile.
        or (wanted == "profile" and covers(granted, "read:accounts"))
    )


def are_covered(granted: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether each of ``wanted`` is covered by ``granted``."""
    return all(covers(granted, scope) for scope in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthApplication:
    """A registered client program. The secret is kept as a hash; it is known in clear only when made."""

    id: ApplicationId
    name: str
    website: str | None
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    client_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token without its secret. A client-credentials token has neither user nor account."""

    id: TokenId
    application_id: ApplicationId
    user_id: UserId | None
    account_id: AccountId | None
    scopes: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a valid token stands for; an application that acts for itself has neither user nor accounts.

    ``account`` is the one it acts for, ``own_account`` that of the user, who may act for others too. ``used_at`` is
    when the token was last used, as far as that was noted.
    """

    token: Token
    user: User | None
    account: Account | None
    own_account: Account | None
    used_at: datetime | None = None
