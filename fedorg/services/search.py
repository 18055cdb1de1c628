"""Search: accounts and hashtags by how they begin, statuses by address or words; elsewhere only when asked to.

Nothing is found that its reader could not read by another door.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from fedorg import text
from fedorg.domain.accounts import Account
from fedorg.domain.search import Condition, From, SearchPage, StatusQuery
from fedorg.domain.statuses import StatusView, TagView
from fedorg.errors import NotFound, Unavailable
from fedorg.ids import AccountId
from fedorg.node import FetchError, Node
from fedorg.store import directory, search_index, statuses, tags, views

_SCHEMES: Final = ("https://", "http://")


async def search_accounts(
    node: Node, viewer: AccountId | None, query: str, *, limit: int, offset: int = 0, following_only: bool = False
) -> list[Account]:
    """Accounts known here whose name or handle begins with ``query``; ``following_only``: those ``viewer`` follows."""
    words = _handle(node, query)
    if not words:
        return []
    return await node.read(
        directory.search, viewer, words, limit=limit, offset=offset, followed_by=viewer if following_only else None
    )


async def resolve_account(node: Node, viewer: AccountId, query: str, *, following_only: bool = False) -> Account | None:
    """The account that ``query`` names exactly (handle or address), asked of its server if need be.

    None for one that was suspended, or that ``viewer`` does not follow with ``following_only``.
    """
    try:
        found = await node.resolver.account(node, query.strip())
    except (NotFound, Unavailable, FetchError):
        return None
    followed_by = viewer if following_only else None
    return found if await node.read(directory.is_shown, found.id, followed_by=followed_by) else None


def is_address(query: str) -> bool:
    """Whether somebody looks for what lies at an address, not for words."""
    return query.lower().startswith(_SCHEMES) and not any(character.isspace() for character in query.strip())


async def search_statuses(node: Node, viewer: AccountId, query: str, page: SearchPage) -> list[StatusView]:
    """Statuses that ``viewer`` may find by their words, the newest first; ``Invalid`` for operators that are wrong."""
    parsed = _at_home(node, text.parse_query(query))

    def unit(conn: Connection) -> list[StatusView]:
        found = search_index.search(conn, viewer, node.now(), parsed, page)
        return views.load_views(conn, node.now(), viewer, found)

    return await node.read(unit)


async def find_status(node: Node, viewer: AccountId | None, query: str) -> list[StatusView]:
    """The status known here whose identity or page is ``query``."""

    def unit(conn: Connection) -> list[StatusView]:
        found = statuses.find_by_address(conn, query.strip())
        return [] if found is None else views.load_views(conn, node.now(), viewer, [found.id])

    return await node.read(unit)


async def resolve_status(node: Node, viewer: AccountId, query: str) -> list[StatusView]:
    """The same, asked of its server if need be."""
    known = await find_status(node, viewer, query)
    if known:
        return known
    try:
        found = await node.resolver.status(node, query.strip())
    except (NotFound, Unavailable, FetchError):
        return []
    return await node.read(views.load_views, node.now(), viewer, [found.id])


async def search_tags(node: Node, viewer: AccountId, query: str, *, limit: int, offset: int = 0) -> list[TagView]:
    """Hashtags of public statuses that begin with ``query``, with or without its sign."""
    prefix = text.normalise_hashtag(query.strip().removeprefix("#"))
    return await node.read(tags.search, viewer, prefix, node.now(), limit=limit, offset=offset) if prefix else []


def _handle(node: Node, query: str) -> str:
    """In lower case, without the leading @ and without this node's own domain."""
    words = query.strip().removeprefix("@").lower()
    for domain in (node.settings.domain, node.settings.web_domain):
        words = words.removesuffix(f"@{domain}")
    return words


def _at_home(node: Node, query: StatusQuery) -> StatusQuery:
    """Authors of this node may be named with its domain."""

    def settle(condition: Condition) -> Condition:
        match condition:
            case From(handle=str() as handle):
                return From(handle=_handle(node, handle))
            case _:
                return condition

    return replace(query, wanted=tuple(map(settle, query.wanted)), unwanted=tuple(map(settle, query.unwanted)))
