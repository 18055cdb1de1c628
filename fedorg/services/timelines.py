from fedorg.domain.pages import Listed
from fedorg.domain.statuses import PageQuery, StatusView
from fedorg.ids import AccountId
from fedorg.node import Node


async def home(node: Node, account_id: AccountId, page: PageQuery) -> list[StatusView]:
    """What the accounts somebody follows, and they themselves, posted and boosted."""
    raise NotImplementedError


async def public(
    node: Node,
    viewer: AccountId | None,
    page: PageQuery,
    *,
    local_only: bool = False,
    remote_only: bool = False,
    media_only: bool = False,
) -> list[StatusView]:
    """Public statuses known here, without boosts and without replies to others."""
    raise NotImplementedError


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
) -> list[StatusView]:
    """Public statuses with the hashtag ``name`` or one of ``any_of``, with each of ``all_of`` and none of ``none_of``."""
    raise NotImplementedError


async def account_statuses(
    node: Node,
    viewer: AccountId | None,
    account_id: AccountId,
    page: PageQuery,
    *,
    exclude_replies: bool = False,
    exclude_reblogs: bool = False,
    media_only: bool = False,
    tagged: str | None = None,
) -> list[StatusView]:
    """What an account posted, as far as ``viewer`` may see it."""
    raise NotImplementedError


async def favourites(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[StatusView]]:
    """What somebody favourited, paged by the favourite."""
    raise NotImplementedError


async def bookmarks(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[StatusView]]:
    """What somebody bookmarked, paged by the bookmark."""
    raise NotImplementedError
