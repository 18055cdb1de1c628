"""Search. Spec: Mastodon API, methods/search and methods/accounts#search.

Only members search: to let anybody ask by beginnings of names would give away who works here.
"""

from dataclasses import dataclass
from typing import Final

from quart import Blueprint, Response

from fedorg.domain.accounts import Account
from fedorg.domain.search import SearchPage
from fedorg.domain.statuses import StatusView, TagView
from fedorg.errors import BadRequest
from fedorg.ids import AccountId
from fedorg.serializers.accounts import account_entity
from fedorg.serializers.search import search_entity
from fedorg.services import search
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import Params, read_params

blueprint = Blueprint("search", __name__, url_prefix="/api")

_KINDS: Final = ("accounts", "statuses", "hashtags")
_QUERY_MAX: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    """What somebody looks for; ``resolve`` lets this node ask others."""

    text: str
    limit: int
    offset: int
    resolve: bool
    following_only: bool


@blueprint.get("/v2/search")
@requires("read:search")
async def search_all(viewer: Viewer) -> Response:
    """Accounts, statuses and hashtags for a text, a handle or an address."""
    params = await read_params()
    query, kind = _query(params, default_limit=20, max_limit=40), params.text("type")
    if kind and kind not in _KINDS:
        raise BadRequest("type must be accounts, statuses or hashtags")
    wanted = (kind,) if kind else _KINDS
    page = _page(params, query)
    accounts = await _accounts(viewer, query) if "accounts" in wanted else []
    statuses = await _statuses(viewer, query, page) if "statuses" in wanted else []
    tags = await _tags(viewer, query) if "hashtags" in wanted else []
    return json_answer(search_entity(accounts, statuses, tags, this_node().uris))


@blueprint.get("/v1/accounts/search")
@requires("read:accounts")
async def search_accounts(viewer: Viewer) -> Response:
    """Accounts whose name or handle begins with a text."""
    query = _query(await read_params(), default_limit=40, max_limit=80)
    uris = this_node().uris
    return json_answer([account_entity(account, uris) for account in await _accounts(viewer, query)])


def _query(params: Params, *, default_limit: int, max_limit: int) -> _Query:
    text = (params.text("q") or "").strip()
    if not text:
        raise BadRequest("param is missing or the value is empty: q")
    window = params.window(default_limit, max_limit)
    return _Query(
        text=text[:_QUERY_MAX],
        limit=window.limit,
        offset=window.offset,
        resolve=params.flag("resolve") or False,
        following_only=params.flag("following") or False,
    )


def _page(params: Params, query: _Query) -> SearchPage:
    author, window = params.integer("account_id"), params.page(query.limit, query.limit)
    return SearchPage(
        limit=query.limit,
        offset=query.offset,
        max_id=window.max_id,
        min_id=window.min_id if window.min_id is not None else window.since_id,
        author=None if author is None else AccountId(author),
    )


async def _accounts(viewer: Viewer, query: _Query) -> list[Account]:
    node = this_node()
    if query.resolve and not query.offset:
        # Whoever names somebody in full, by handle or address, means nobody else.
        named = await search.resolve_account(node, viewer.account.id, query.text, following_only=query.following_only)
        if named is not None:
            return [named]
    return await search.search_accounts(
        node,
        viewer.account.id,
        query.text,
        limit=query.limit,
        offset=query.offset,
        following_only=query.following_only,
    )


async def _statuses(viewer: Viewer, query: _Query, page: SearchPage) -> list[StatusView]:
    node, me = this_node(), viewer.account.id
    if not search.is_address(query.text):
        return await search.search_statuses(node, me, query.text, page)
    if query.offset:
        return []
    found = await (search.resolve_status if query.resolve else search.find_status)(node, me, query.text)
    return [view for view in found if page.author in (None, view.status.account_id)]


async def _tags(viewer: Viewer, query: _Query) -> list[TagView]:
    return await search.search_tags(this_node(), viewer.account.id, query.text, limit=query.limit, offset=query.offset)
