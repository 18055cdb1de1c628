from fedorg.domain.accounts import Account
from fedorg.domain.statuses import StatusView, Tag
from fedorg.ids import AccountId
from fedorg.node import Node


async def search_accounts(
    node: Node, viewer: AccountId | None, query: str, *, limit: int, offset: int = 0, following_only: bool = False
) -> list[Account]:
    """Accounts known here whose name or handle begins with ``query``."""
    raise NotImplementedError


async def resolve_account(node: Node, query: str) -> Account | None:
    """The account that ``query`` names exactly (handle or address), asked of its server if need be."""
    raise NotImplementedError


async def search_statuses(node: Node, viewer: AccountId | None, query: str) -> list[StatusView]:
    """The status known here whose identity or page is ``query``."""
    raise NotImplementedError


async def resolve_status(node: Node, viewer: AccountId, query: str) -> list[StatusView]:
    """The same, asked of its server if need be."""
    raise NotImplementedError


async def search_tags(node: Node, query: str, *, limit: int, offset: int = 0) -> list[Tag]:
    """Hashtags that begin with ``query``."""
    raise NotImplementedError
