"""What a member's text turns into: HTML, hashtags, the accounts it names; and what it must not be.

Handles are resolved before any transaction, as many and as long as is fair; a handle that cannot be resolved stays
text. Naming somebody whom the status may not reach is refused, not silently widened (blueprint §4).
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from fedorg import text
from fedorg.domain.accounts import Account, Emoji
from fedorg.domain.statuses import Status, Tag
from fedorg.domain.visibility import Audience, FederationMode, Reach, Tier, Visibility
from fedorg.errors import Invalid, NotFound, Unavailable
from fedorg.node import FetchError, Node
from fedorg.services.custom_emojis import emojis_in
from fedorg.store import accounts, peers, statuses, tags

LOOKUPS_MAX: Final = 30
LOOKUP_SECONDS: Final = 10.0
TAGS_MAX: Final = 100
MEDIA_MAX: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A text, read: ``content`` is its HTML, ``mentions`` the accounts it names."""

    text: str
    content: str
    spoiler_text: str
    mentions: tuple[Account, ...]
    tags: tuple[Tag, ...]
    emojis: tuple[Emoji, ...] = ()


async def compose(
    node: Node, plain: str, spoiler_text: str, *, has_media: bool, options: Iterable[str] = ()
) -> Composed:
    """Read a status that somebody typed, with the ``options`` of its poll.

    Raises ``Invalid`` when it is empty or too long.
    """
    plain, spoiler_text = text.normalise(plain), text.normalise(spoiler_text)
    if not plain and spoiler_text:
        plain, spoiler_text = spoiler_text, ""
    rules = _rules(node)
    limit = node.settings.status_characters_max
    # Whatever the text holds, it is not shorter than this; counting a megabyte is not worth it.
    longest = 100 * limit + 10_000
    if len(plain) + len(spoiler_text) > longest or _length(plain, spoiler_text, rules) > limit:
        raise Invalid(f"Validation failed: Text character limit of {limit} exceeded")
    if not plain and not has_media:
        raise Invalid("Validation failed: Text can't be blank")
    found = text.find(plain, rules)
    named = await _resolve_mentions(node, found)
    targets = {
        handle: text.MentionTarget(url=account.url, username=account.username, acct=account.acct)
        for handle, account in named.items()
    }
    written = {tag.name: Tag(name=tag.name, display_name=tag.written) for tag in reversed(found.hashtags)}
    return Composed(
        text=plain,
        content=text.to_html(plain, targets, node.uris.tag, rules),
        spoiler_text=spoiler_text,
        mentions=tuple({account.id: account for account in named.values()}.values()),
        tags=tuple(written.values())[:TAGS_MAX],
        emojis=await emojis_in(node, (plain, spoiler_text, *options)),
    )


def check_tags(conn: Connection, used: Iterable[Tag]) -> None:
    """Raise ``Invalid`` when one of the hashtags ``used`` is one that nobody here may use."""
    refused = tags.list_unusable(conn, [tag.name for tag in used])
    if refused:
        noun = "a disallowed hashtag" if len(refused) == 1 else "the disallowed hashtags"
        raise Invalid(f"Validation failed: Text contained {noun}: {', '.join(refused)}")


def check_addressees(
    conn: Connection,
    mode: FederationMode,
    audience: Audience,
    mentions: tuple[Account, ...],
    *,
    answered: Status | None,
) -> None:
    """Raise ``Invalid`` when one of ``mentions`` lies outside what ``audience`` or the node's mode takes in.

    Which partners another node means is known there alone: in its ring, only those may be named who take part in the
    thread of ``answered``.
    """
    remote = [(account, account.peer) for account in mentions if account.peer is not None]
    standings = peers.standings(conn, [peer for _, peer in remote]) if remote else {}
    for account, peer in remote:
        standing = standings[peer]
        if not standing.is_admitted(mode):
            raise Invalid(f"Validation failed: this server does not exchange statuses with {peer}")
        if audience.visibility is Visibility.DIRECT and not standing.ceilings.direct_messages:
            raise Invalid(f"Validation failed: no direct messages are exchanged with {peer}")
        is_known_inside = _is_known_inside(conn, audience, answered, account, standing.tier)
        if not standing.is_inside(audience, peer) or not is_known_inside:
            noun = "direct message" if audience.visibility is Visibility.DIRECT else "status"
            raise Invalid(
                f"Validation failed: @{account.acct} is outside the reach of this {noun} ({audience.reach.value})"
            )


def _is_known_inside(
    conn: Connection, audience: Audience, answered: Status | None, account: Account, tier: Tier
) -> bool:
    if answered is None or answered.reach_domain is None or audience.reach is not Reach.PARTNERS:
        return True
    is_told = tier is Tier.SIBLING or account.peer == answered.reach_domain
    return is_told or statuses.takes_part(conn, answered.thread_id, account.id)


def _rules(node: Node) -> text.TextRules:
    return text.TextRules(allow_ports=node.settings.insecure_loopback)


def _length(plain: str, spoiler_text: str, rules: text.TextRules) -> int:
    return text.count_characters(plain, rules) + text.count_characters(spoiler_text, rules)


async def _resolve_mentions(node: Node, found: text.Found) -> Mapping[str, Account]:
    """The account behind each handle that has one."""
    if not found.mentions:
        return {}
    handles = {mention.handle: mention for mention in found.mentions}
    here = {handle: _local_name(node, mention) for handle, mention in handles.items()}
    known = await node.read(_find_known, here, handles)
    unknown = [handle for handle in handles if handle not in known and here[handle] is None][:LOOKUPS_MAX]
    if unknown:
        fetched = await asyncio.gather(*(_look_up(node, handle) for handle in unknown))
        known |= {handle: account for handle, account in zip(unknown, fetched, strict=True) if account is not None}
    return {handle: known[handle] for handle in handles if handle in known}


def _local_name(node: Node, mention: text.Mention) -> str | None:
    """The username if the handle is one of this node, else None."""
    is_here = mention.domain in (None, node.settings.domain, node.settings.web_domain)
    return mention.username if is_here else None


def _find_known(
    conn: Connection, here: Mapping[str, str | None], handles: Mapping[str, text.Mention]
) -> dict[str, Account]:
    found: dict[str, Account] = {}
    for handle, mention in handles.items():
        username = here[handle]
        account = (
            accounts.find_by_acct(conn, mention.username, mention.domain)
            if username is None
            else accounts.find_by_acct(conn, username, None)
        )
        if account is not None and account.suspended_at is None:
            found[handle] = account
    return found


async def _look_up(node: Node, handle: str) -> Account | None:
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            return await node.resolver.account(node, handle)
    except (NotFound, Unavailable, FetchError, TimeoutError):
        return None
