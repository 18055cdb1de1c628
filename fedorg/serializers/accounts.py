"""Accounts as Mastodon's entities Account, CredentialAccount, Profile and Preferences."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from typing_extensions import TypedDict

from fedorg.domain.accounts import Account, ActorType, Emoji, Field, User, UserRole
from fedorg.domain.featured import FeaturedTagView
from fedorg.domain.featured_collections import may_feature
from fedorg.kept import Kept
from fedorg.serializers.featured_tags import FeaturedTagEntity, featured_tag_entity
from fedorg.serializers.times import day, moment, optional_moment
from fedorg.uris import Uris


class FieldEntity(TypedDict):
    """A row of profile metadata."""

    name: str
    value: str
    verified_at: str | None


class EmojiEntity(TypedDict):
    """A custom emoji."""

    shortcode: str
    url: str
    static_url: str
    visible_in_picker: bool
    category: str | None


class RoleEntity(TypedDict):
    """What a user may do, as a bit mask."""

    id: str
    name: str
    permissions: str
    color: str
    highlighted: bool
    collection_limit: int


class BadgeEntity(TypedDict):
    """A role shown beside a name."""

    id: str
    name: str
    color: str


class FeatureApprovalEntity(TypedDict):
    """Who may put an account into a collection; its own server knows."""

    automatic: list[str]
    manual: list[str]
    current_user: str


class AccountEntity(TypedDict):
    """Account."""

    id: str
    username: str
    acct: str
    url: str
    uri: str
    display_name: str
    note: str
    avatar: str
    avatar_static: str
    avatar_description: str
    header: str
    header_static: str
    header_description: str
    locked: bool
    fields: list[FieldEntity]
    emojis: list[EmojiEntity]
    bot: bool
    group: bool
    discoverable: bool
    indexable: bool
    noindex: bool
    hide_collections: bool
    memorial: bool
    suspended: bool
    limited: bool
    moved: "AccountEntity | None"
    roles: list[BadgeEntity]
    feature_approval: FeatureApprovalEntity
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    created_at: str
    last_status_at: str | None
    statuses_count: int
    followers_count: int
    following_count: int


class SourceEntity(TypedDict):
    """What an account's owner typed, and defaults for statuses to come; ``reach`` and ``partners`` are ours."""

    note: str
    fields: list[FieldEntity]
    privacy: str
    reach: str | None
    partners: list[str]
    sensitive: bool
    language: str | None
    quote_policy: str
    follow_requests_count: int
    discoverable: bool
    indexable: bool
    hide_collections: bool
    attribution_domains: list[str]


class ProfileEntity(TypedDict):
    """Profile: what its owner wrote, and no pictures where there are none."""

    id: str
    display_name: str
    note: str
    fields: list[FieldEntity]
    avatar: str | None
    avatar_static: str | None
    avatar_description: str
    header: str | None
    header_static: str | None
    header_description: str
    locked: bool
    bot: bool
    hide_collections: bool
    discoverable: bool
    indexable: bool
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    attribution_domains: list[str]
    featured_tags: list[FeaturedTagEntity]


class CredentialAccountEntity(AccountEntity):
    """The account of the one who asks."""

    source: SourceEntity
    role: RoleEntity


# Mastodon's bits for administrator, and for what its moderators usually have.
_ADMINISTRATOR: Final = 0x1
_MODERATOR: Final = 0x4 | 0x8 | 0x10 | 0x100 | 0x400 | 0x800
_INVITES: Final = 0x10000
_ROLES: Final = {
    UserRole.MEMBER: (-99, "", 0),
    UserRole.MODERATOR: (1, "Moderator", _MODERATOR | _INVITES),
    UserRole.ADMIN: (2, "Admin", _ADMINISTRATOR),
    UserRole.OWNER: (3, "Owner", _ADMINISTRATOR),
}


def account_entity(account: Account, uris: Uris) -> AccountEntity:
    """An account as anybody sees it; of a suspended one only that it is, and no pictures where those are rejected.

    It may be shared with others who show the account: nobody changes it.
    """
    return _ENTITIES.of(account.id, (account, uris))


def _entity(source: tuple[Account, Uris]) -> AccountEntity:
    account, uris = source
    shown = _shown(account)
    avatar = _picture(shown.avatar, uris, "avatar.png")
    header = _picture(shown.header, uris, "header.png")
    return {
        "id": str(shown.id),
        "username": shown.username,
        "acct": shown.acct,
        "url": shown.url,
        "uri": shown.uri,
        "display_name": shown.display_name,
        "note": shown.note,
        "avatar": avatar,
        "avatar_static": _picture(shown.avatar_static, uris, "avatar.png") if shown.avatar_static else avatar,
        "avatar_description": shown.avatar_description,
        "header": header,
        "header_static": header,
        "header_description": shown.header_description,
        "locked": shown.locked,
        "fields": [_field_entity(field) for field in shown.fields],
        "emojis": [emoji_entity(emoji) for emoji in shown.emojis],
        "bot": shown.is_bot,
        "group": shown.actor_type is ActorType.GROUP,
        "discoverable": shown.discoverable,
        "indexable": shown.indexable,
        "noindex": not shown.indexable,
        "hide_collections": shown.hide_collections,
        "memorial": shown.memorial,
        "suspended": shown.suspended_at is not None,
        "limited": shown.silenced_at is not None,
        "moved": None if shown.moved_to is None else account_entity(shown.moved_to, uris),
        "roles": [],
        "feature_approval": _feature_approval(shown),
        "show_media": shown.show_media,
        "show_media_replies": shown.show_media_replies,
        "show_featured": shown.show_featured,
        "created_at": moment(shown.created_at.replace(hour=0, minute=0, second=0, microsecond=0)),
        "last_status_at": None if shown.last_status_at is None else day(shown.last_status_at),
        "statuses_count": shown.statuses_count,
        "followers_count": shown.followers_count,
        "following_count": shown.following_count,
    }


_ENTITIES: Final = Kept(_entity, bytes_max=2 * 1024 * 1024, each_bytes=6 * 1024)


def credential_account_entity(
    account: Account, user: User, uris: Uris, *, follow_requests_count: int
) -> CredentialAccountEntity:
    """An account as its owner sees it."""
    source: SourceEntity = {
        "note": account.note_source,
        "fields": _typed_fields(account),
        "privacy": user.default_visibility.value,
        "reach": None if user.default_reach is None else user.default_reach.value,
        "partners": sorted(user.default_partners),
        "sensitive": user.default_sensitive,
        "language": user.default_language,
        "quote_policy": user.default_quote_policy.value,
        "follow_requests_count": follow_requests_count,
        "discoverable": account.discoverable,
        "indexable": account.indexable,
        "hide_collections": account.hide_collections,
        "attribution_domains": list(account.attribution_domains),
    }
    return {**account_entity(account, uris), "source": source, "role": role_entity(user.role)}


def profile_entity(account: Account, tags: Sequence[FeaturedTagView], uris: Uris) -> ProfileEntity:
    """An account's profile as its owner edits it."""
    avatar, avatar_static, header = [
        None if name is None else _picture_address(name, uris)
        for name in (account.avatar, account.avatar_static, account.header)
    ]
    return {
        "id": str(account.id),
        "display_name": account.display_name,
        "note": account.note_source,
        "fields": _typed_fields(account),
        "avatar": avatar,
        "avatar_static": avatar_static or avatar,
        "avatar_description": account.avatar_description,
        "header": header,
        "header_static": header,
        "header_description": account.header_description,
        "locked": account.locked,
        "bot": account.is_bot,
        "hide_collections": account.hide_collections,
        "discoverable": account.discoverable,
        "indexable": account.indexable,
        "show_media": account.show_media,
        "show_media_replies": account.show_media_replies,
        "show_featured": account.show_featured,
        "attribution_domains": list(account.attribution_domains),
        "featured_tags": [featured_tag_entity(tag, account, uris) for tag in tags],
    }


def role_of_id(number: str) -> UserRole | None:
    """The role that a Role entity names by an id."""
    return next((role for role, (known, _, _) in _ROLES.items() if str(known) == number), None)


def role_entity(role: UserRole) -> RoleEntity:
    """A role with its permissions."""
    number, name, permissions = _ROLES[role]
    return {
        "id": str(number),
        "name": name,
        "permissions": str(permissions),
        "color": "",
        "highlighted": role is not UserRole.MEMBER,
        "collection_limit": 0,
    }


def preferences_entity(user: User) -> dict[str, str | bool | list[str] | None]:
    """How clients should behave by default."""
    return {
        "posting:default:visibility": user.default_visibility.value,
        "posting:default:reach": None if user.default_reach is None else user.default_reach.value,
        "posting:default:partners": sorted(user.default_partners),
        "posting:default:sensitive": user.default_sensitive,
        "posting:default:language": user.default_language,
        "posting:default:quote_policy": user.default_quote_policy.value,
        "reading:expand:media": "default",
        "reading:expand:spoilers": False,
        "reading:autoplay:gifs": False,
    }


def emoji_entity(emoji: Emoji) -> EmojiEntity:
    """A custom emoji; its picture is shown as its server gives it."""
    return {
        "shortcode": emoji.shortcode,
        "url": emoji.url,
        "static_url": emoji.static_url or emoji.url,
        "visible_in_picker": False,
        "category": None,
    }


def _field_entity(field: Field) -> FieldEntity:
    return {"name": field.name, "value": field.value, "verified_at": optional_moment(field.verified_at)}


def _feature_approval(account: Account) -> FeatureApprovalEntity:
    if not account.is_local:
        return {"automatic": [], "manual": [], "current_user": "missing"}
    if may_feature(account):
        return {"automatic": ["public"], "manual": [], "current_user": "automatic"}
    return {"automatic": [], "manual": [], "current_user": "denied"}


def _typed_fields(account: Account) -> list[FieldEntity]:
    return [{**_field_entity(field), "value": field.source or field.value} for field in account.fields]


def kept_avatar(account: Account, uris: Uris) -> str:
    """The address of a still picture that this node serves: pages send nobody's browser to other servers."""
    shown = _shown(account)
    name = shown.avatar_static or shown.avatar
    return _picture(None if name is None or ":" in name else name, uris, "avatar.png")


def _picture(name: str | None, uris: Uris, default: str) -> str:
    return uris.static(default) if name is None else _picture_address(name, uris)


def _picture_address(name: str, uris: Uris) -> str:
    # Names have no colon: what has one is the address of a peer's picture.
    return name if ":" in name else uris.media(name)


def _shown(account: Account) -> Account:
    if account.suspended_at is not None:
        return _without_profile(account)
    if account.media_rejected:
        return replace(
            account,
            avatar=None,
            avatar_static=None,
            avatar_description="",
            header=None,
            header_description="",
            emojis=(),
        )
    return account


def _without_profile(account: Account) -> Account:
    return Account(
        id=account.id,
        username=account.username,
        domain=account.domain,
        uri=account.uri,
        url=account.url,
        actor_type=account.actor_type,
        suspended_at=account.suspended_at,
        created_at=account.created_at,
    )
