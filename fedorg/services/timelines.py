"""Pages of timelines: the ids by one query, their views by a fixed number more."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from fedorg import text
from fedorg.domain.accounts import Account
from fedorg.domain.pages import Listed
from fedorg.domain.statuses import PageQuery, StatusView
from fedorg.domain.timelines import AccountSelection, Selection
from fedorg.domain.visibility import Reach
from fedorg.ids import AccountId, ListId, StatusId
from fedorg.node import Node
from fedorg.services import completion
from fedorg.store import accounts, cards, interactions, lists, timelines, trends, views

TAGS_MAX: Final = 10


async def home(node: Node, account_id: AccountId, page: PageQuery) -> list[StatusView]:
    """What the accounts somebody follows, and they themselves, posted and boosted."""

    def unit(conn: Connection) -> list[StatusView]:
        return views.load_views(conn, node.now(), account_id, timelines.list_home(conn, account_id, page))

    return await node.read(unit)


async def list_timeline(node: Node, account_id: AccountId, list_id: ListId, page: PageQuery) -> list[StatusView]:
    """What the members of a list of the account posted; ``NotFound`` for anybody else's list."""

    def unit(conn: Connection) -> list[StatusView]:
        one = lists.get(conn, account_id, list_id)
        return views.load_views(conn, node.now(), account_id, timelines.list_of_list(conn, one, page))

    return await node.read(unit)


async def direct(node: Node, account_id: AccountId, page: PageQuery) -> list[StatusView]:
    """What somebody wrote and was sent for addressees only."""

    def unit(conn: Connection) -> list[StatusView]:
        ids = timelines.list_direct(conn, account_id, node.now(), page)
        return views.load_views(conn, node.now(), account_id, ids)

    return await node.read(unit)


async def public(
    node: Node,
    viewer: AccountId | None,
    page: PageQuery,
    *,
    local_only: bool = False,
    remote_only: bool = False,
    media_only: bool = False,
    reach: Reach | None = None,
) -> list[StatusView]:
    """Public statuses known here, without boosts and without replies to others; reach public only for visitors.

    ``reach`` keeps those that go exactly that far: the timeline of the organisation, of its partners, of the node.
    """
    selection = Selection(local_only=local_only, remote_only=remote_only, media_only=media_only, reach=reach)

    def unit(conn: Connection) -> list[StatusView]:
        now = node.now()
        return views.load_views(conn, now, viewer, timelines.list_public(conn, viewer, now, page, selection))

    return await node.read(unit)


async def link(node: Node, viewer: AccountId | None, url: str, page: PageQuery) -> list[StatusView]:
    """Public statuses that link to a page that trends; nothing for any other page."""

    def unit(conn: Connection) -> list[StatusView]:
        now, card = node.now(), cards.find_by_url(conn, url)
        if card is None or not trends.is_link_trending(conn, viewer, card.id):
            return []
        return views.load_views(conn, now, viewer, timelines.list_linked(conn, viewer, now, page, card.id))

    return await node.read(unit)


async def tag(
    node: Node,
    viewer: AccountId | None,
    name: str,
    page: PageQuery,
    *,
    any_of: tuple[str, ...] = (),
    all_of: tuple[str, ...] = (),
    none_of: tuple[str, ...] = (),
    local_only: bool = False,
    remote_only: bool = False,
    media_only: bool = False,
    reach: Reach | None = None,
) -> list[StatusView]:
    """Public statuses with the hashtag ``name`` or one of ``any_of``, with each of ``all_of`` and none of ``none_of``.

    Names may come in any spelling; of each list the first ten count.
    """
    selection = Selection(local_only=local_only, remote_only=remote_only, media_only=media_only, reach=reach)

    def unit(conn: Connection) -> list[StatusView]:
        ids = timelines.list_tagged(
            conn,
            viewer,
            node.now(),
            page,
            selection,
            any_of=_normalised((name, *any_of)),
            all_of=_normalised(all_of),
            none_of=_normalised(none_of),
        )
        return views.load_views(conn, node.now(), viewer, ids)

    return await node.read(unit)


async def account_statuses(
    node: Node, viewer: AccountId | None, account_id: AccountId, page: PageQuery, selection: AccountSelection
) -> list[StatusView]:
    """What an account posted, as far as ``viewer`` may see it; ``NotFound`` when there is no such account."""

    def unit(conn: Connection) -> list[StatusView]:
        return _posted(conn, node, viewer, accounts.get(conn, account_id), page, selection)

    return await node.read(unit)


async def visit_statuses(
    node: Node, member: AccountId, account_id: AccountId, page: PageQuery, selection: AccountSelection
) -> list[StatusView]:
    """The same for a member, at whose look what is missing of a remote profile is asked for."""

    def unit(conn: Connection) -> tuple[list[StatusView], bool]:
        account = accounts.get(conn, account_id)
        found = _posted(conn, node, member, account, page, selection)
        return found, page.max_id is None and completion.is_due_profile(conn, node, account)

    found, is_due = await node.read(unit)
    if is_due:
        await completion.see_profile(node, account_id)
    return found


def _posted(
    conn: Connection,
    node: Node,
    viewer: AccountId | None,
    account: Account,
    page: PageQuery,
    selection: AccountSelection,
) -> list[StatusView]:
    tagged = None if selection.tagged is None else text.normalise_hashtag(selection.tagged)
    ids = timelines.list_of_account(conn, viewer, account.id, page, replace(selection, tagged=tagged))
    return views.load_views(conn, node.now(), viewer, ids)


async def favourites(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[StatusView]]:
    """What somebody favourited, paged by the favourite."""

    def unit(conn: Connection) -> list[Listed[StatusView]]:
        return _with_views(conn, node.now(), account_id, interactions.list_favourites(conn, account_id, page))

    return await node.read(unit)


async def bookmarks(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[StatusView]]:
    """What somebody bookmarked, paged by the bookmark."""

    def unit(conn: Connection) -> list[Listed[StatusView]]:
        return _with_views(conn, node.now(), account_id, interactions.list_bookmarks(conn, account_id, page))

    return await node.read(unit)


def _with_views(
    conn: Connection, now: datetime, viewer: AccountId, rows: list[Listed[StatusId]]
) -> list[Listed[StatusView]]:
    loaded = {view.status.id: view for view in views.load_views(conn, now, viewer, [row.item for row in rows])}
    return [Listed(row_id=row.row_id, item=loaded[row.item]) for row in rows if row.item in loaded]


def _normalised(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text.normalise_hashtag(name) for name in names[:TAGS_MAX])
