"""Accounts: finding them, recording those of peers, changing one's own profile and posting defaults."""

import re
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account, AccountKey, ActorType, Emoji, Field, User, keep_verified
from fedorg.domain.jobs import AcceptRequests, DistributeProfile
from fedorg.domain.limits import (
    ATTRIBUTION_DOMAINS_MAX,
    DESCRIPTION_MAX,
    DISPLAY_NAME_MAX,
    FIELD_NAME_MAX,
    FIELD_VALUE_MAX,
    FIELDS_MAX,
    NOTE_MAX,
)
from fedorg.domain.policies import QuotePolicy
from fedorg.domain.visibility import Reach, Visibility
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services import files, links, pictures
from fedorg.services.custom_emojis import emojis_in
from fedorg.services.pictures import PictureKind
from fedorg.services.statuses import naming
from fedorg.store import accounts, jobs, users
from fedorg.text import MentionTarget, field_to_html, find, is_longer, normalise, normalise_line, to_html
from fedorg.text.hosts import canonical_domain

IDS_MAX: Final = 80
# No account has more, whatever its server says; a column holds twice as many.
COUNT_MAX: Final = 1_000_000_000
_SCHEME: Final = re.compile(r"^https?://", re.IGNORECASE)
_PICTURES: Final = ("avatar", "avatar_static", "header")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """What somebody changes about an account; None leaves a part as it is. Fields are (name, value as typed)."""

    display_name: str | None = None
    note: str | None = None
    fields: tuple[tuple[str, str], ...] | None = None
    locked: bool | None = None
    is_bot: bool | None = None
    discoverable: bool | None = None
    indexable: bool | None = None
    hide_collections: bool | None = None
    show_media: bool | None = None
    show_media_replies: bool | None = None
    show_featured: bool | None = None
    attribution_domains: tuple[str, ...] | None = None
    avatar: BinaryIO | None = None
    avatar_description: str | None = None
    header: BinaryIO | None = None
    header_description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingDefaults:
    """What a user changes about statuses to come; None leaves a part as it is.

    ``partners`` are those that reach ``partners`` stands for, an empty one: every partner.
    """

    visibility: Visibility | None = None
    reach: Reach | None = None
    partners: tuple[str, ...] | None = None
    sensitive: bool | None = None
    language: str | None = None
    quote_policy: QuotePolicy | None = None


async def get_account(node: Node, account_id: AccountId) -> Account:
    """The account with an id, local or remote, unless it left."""
    account = await node.read(accounts.get, account_id)
    if account.deleted_at is not None:
        raise NotFound
    return account


async def list_accounts(node: Node, ids: tuple[AccountId, ...]) -> list[Account]:
    """The accounts that exist among ``ids``, in that order."""
    found = await node.read(accounts.list_by_ids, ids[:IDS_MAX])
    return [found[one] for one in dict.fromkeys(ids) if one in found and found[one].deleted_at is None]


async def find_local(node: Node, username: str) -> Account | None:
    """The account of this node with a name."""
    return await node.read(accounts.find_by_acct, username, None)


async def find_by_uri(node: Node, uri: str) -> Account | None:
    """The account with an identity, if it is known here."""
    return await node.read(accounts.find_by_uri, uri)


async def lookup(node: Node, acct: str) -> Account:
    """The known account with a handle, with or without our own domain; nothing is fetched."""
    username, _, domain = acct.strip().removeprefix("@").partition("@")
    is_ours = not domain or domain.lower() in (node.settings.domain, node.settings.web_domain)
    found = await node.read(accounts.find_by_acct, username, None if is_ours else domain)
    if found is None or found.deleted_at is not None:
        raise NotFound
    return found


async def count_follow_requests(node: Node, account_id: AccountId) -> int:
    """How many accounts wait to be let in as followers."""
    return await node.read(accounts.count_follow_requests, account_id)


async def record_remote_account(node: Node, account: Account, keys: tuple[AccountKey, ...]) -> Account:
    """Keep what a peer says of its account; the account as this node has it now."""
    return await node.write(links.record_remote, node, account, keys)


async def suspend_by_peer(node: Node, account: Account) -> Account:
    """Hide an account that its own server suspended, until that server shows it again; the account as it now is."""

    def unit(conn: Connection) -> Account:
        accounts.suspend_remotely(conn, account.id, node.now())
        return accounts.get(conn, account.id)

    return await node.write(unit)


async def record_counts(
    node: Node, account: Account, *, followers: int | None, following: int | None, statuses: int | None
) -> None:
    """Keep the numbers that a peer tells about its account; None leaves one as it is counted here."""
    told = {"followers_count": followers, "following_count": following, "statuses_count": statuses}
    counts = {name: min(number, COUNT_MAX) for name, number in told.items() if number is not None}
    if counts and not account.is_local:
        await node.write(accounts.set_counts, account.id, counts)


async def change_profile(node: Node, account: Account, change: ProfileChange) -> Account:
    """Write a changed profile and tell the servers that follow; ``Invalid`` says what is too long."""
    _check(change)
    values = _plain_values(change)
    if change.note is not None:
        source = normalise(change.note)
        values |= {"note_source": source, "note": await _note_html(node, source)}
    for kind, upload in (("avatar", change.avatar), ("header", change.header)):
        if upload is not None:
            values |= await _kept(node, upload, kind)  # type: ignore[arg-type] # mypy widens the literals
    values["emojis"] = await _emojis(node, account, values)
    try:
        return await _write(node, account.id, values)
    except BaseException:
        await pictures.forget(node, {str(values[name]) for name in _PICTURES if values.get(name)})
        raise


async def remove_picture(node: Node, account: Account, kind: PictureKind) -> Account:
    """Take an avatar or header away; nothing happens when there is none."""
    values: dict[str, Any] = {kind: None, f"{kind}_description": ""}
    if kind == "avatar":
        values["avatar_static"] = None
    return await _write(node, account.id, values)


async def change_defaults(node: Node, user: User, change: PostingDefaults) -> User:
    """Write changed posting defaults; ``Invalid``: a reach wider than the node's default, and who is no partner."""
    widest = Reach(node.settings.default_reach)
    if change.reach is not None and change.reach.width > widest.width:
        raise Invalid(f"Validation failed: by default statuses of this server travel no further than {widest}")
    values: dict[str, Any] = {}
    if change.visibility is not None:
        if change.visibility is Visibility.DIRECT:
            raise Invalid("Validation failed: Privacy is not a default")
        values["default_visibility"] = change.visibility
    if change.reach is not None:
        values["default_reach"] = change.reach
    if change.sensitive is not None:
        values["default_sensitive"] = change.sensitive
    if change.language is not None:
        values["default_language"] = change.language or None
    if change.quote_policy is not None:
        values["default_quote_policy"] = change.quote_policy
    if not values and change.partners is None:
        return user

    def unit(conn: Connection) -> User:
        if change.partners is not None:
            values["default_partners"] = naming.check(conn, node, change.partners)
        changed = replace(users.get_for_update(conn, user.id), **values)
        users.update(conn, changed)
        return changed

    return await node.write(unit)


async def _write(node: Node, account_id: AccountId, values: dict[str, Any]) -> Account:
    def unit(conn: Connection) -> tuple[Account, Account]:
        before = accounts.get_for_update(conn, account_id)
        after = replace(before, **values)
        after = replace(after, fields=keep_verified(before.fields, after.fields))
        if after != before or "fields" in values:
            links.request(conn, node, after)
        if after != before:
            after = replace(after, updated_at=node.now())
            accounts.update(conn, after)
            files.keep(conn, _pictures(after))
            files.let_go(conn, node, _pictures(before) - _pictures(after))
            jobs.enqueue(conn, node.ids, node.now(), DistributeProfile(account_id=account_id))
        if before.locked and not after.locked:
            jobs.enqueue(conn, node.ids, node.now(), AcceptRequests(account_id=account_id))
        return before, after

    before, after = await node.write(unit)
    await pictures.forget(node, _pictures(before) - _pictures(after))
    return after


async def _emojis(node: Node, account: Account, values: dict[str, Any]) -> tuple[Emoji, ...]:
    """The custom emoji in what a profile will say."""
    fields: tuple[Field, ...] = values.get("fields", account.fields)
    texts = [values.get("display_name", account.display_name), values.get("note_source", account.note_source)]
    return await emojis_in(node, [*texts, *(text for field in fields for text in (field.name, field.source))])


def _pictures(account: Account) -> set[str]:
    return {name for column in _PICTURES if (name := getattr(account, column)) is not None}


async def _kept(node: Node, upload: BinaryIO, kind: PictureKind) -> dict[str, Any]:
    moving, still = await pictures.keep(node, upload, kind)
    return {"avatar": moving, "avatar_static": still} if kind == "avatar" else {"header": still}


async def _note_html(node: Node, source: str) -> str:
    def unit(conn: Connection) -> dict[str, MentionTarget]:
        targets = {}
        for mention in find(source).mentions:
            domain = mention.domain if mention.domain not in (None, node.settings.domain) else None
            known = accounts.find_by_acct(conn, mention.username, domain)
            if known is not None:
                targets[mention.handle] = MentionTarget(url=known.url, username=known.username, acct=known.acct)
        return targets

    return to_html(source, await node.read(unit), node.uris.tag)


def _plain_values(change: ProfileChange) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: value
        for name in (
            "locked", "discoverable", "indexable", "hide_collections", "avatar_description", "header_description",
            "show_media", "show_media_replies", "show_featured",
        )
        if (value := getattr(change, name)) is not None
    }  # fmt: skip
    if change.display_name is not None:
        values["display_name"] = normalise_line(change.display_name)
    if change.is_bot is not None:
        values["actor_type"] = ActorType.SERVICE if change.is_bot else ActorType.PERSON
    if change.fields is not None:
        values["fields"] = tuple(
            Field(name=normalise_line(name), value=field_to_html(source), source=source)
            for name, source in ((name, normalise_line(value)) for name, value in change.fields)
            if normalise_line(name) and source
        )
    if change.attribution_domains is not None:
        values["attribution_domains"] = _sites(change.attribution_domains)
    return values


def _sites(typed: tuple[str, ...]) -> tuple[str, ...]:
    """The domains in what somebody typed, which may be whole addresses."""
    found: dict[str, None] = {}
    for text in filter(str.strip, typed):
        name = canonical_domain(_SCHEME.sub("", text.strip()).partition("/")[0])
        if name is None:
            raise Invalid("Validation failed: Attribution domains is invalid")
        found[name] = None
    if len(found) > ATTRIBUTION_DOMAINS_MAX:
        raise Invalid(
            f"Validation failed: Attribution domains is too long (maximum is {ATTRIBUTION_DOMAINS_MAX} domains)"
        )
    return tuple(found)


def _check(change: ProfileChange) -> None:
    problems = [
        f"{words} is too long (maximum is {most} characters)"
        for words, text, most in (
            ("Display name", change.display_name, DISPLAY_NAME_MAX),
            ("Avatar description", change.avatar_description, DESCRIPTION_MAX),
            ("Header description", change.header_description, DESCRIPTION_MAX),
        )
        if text is not None and len(text) > most
    ]
    if change.note is not None and is_longer(normalise(change.note), NOTE_MAX):
        problems.append(f"Note is too long (maximum is {NOTE_MAX} characters)")
    fields = change.fields or ()
    if len(fields) > FIELDS_MAX:
        problems.append(f"Fields are too many (maximum is {FIELDS_MAX})")
    if any(len(name) > FIELD_NAME_MAX or len(value) > FIELD_VALUE_MAX for name, value in fields):
        problems.append(f"Fields are too long (maximum is {FIELD_VALUE_MAX} characters)")
    if problems:
        raise Invalid(f"Validation failed: {', '.join(problems)}")
