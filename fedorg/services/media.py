from collections.abc import AsyncIterable

from fedorg.domain.accounts import Account
from fedorg.domain.statuses import MediaAttachment
from fedorg.ids import AccountId, MediaId
from fedorg.node import Node


async def upload(
    node: Node,
    account: Account,
    chunks: AsyncIterable[bytes],
    *,
    description: str = "",
    focus: tuple[float, float] | None = None,
) -> MediaAttachment:
    """Keep a file for a status to come; its type is told from its bytes. ``TooLarge``, ``Invalid``."""
    raise NotImplementedError


async def get_unattached(node: Node, account_id: AccountId, media_id: MediaId) -> MediaAttachment:
    """A file of the account that no status shows yet; ``NotFound`` for any other."""
    raise NotImplementedError


async def change(
    node: Node,
    account_id: AccountId,
    media_id: MediaId,
    *,
    description: str | None = None,
    focus: tuple[float, float] | None = None,
) -> MediaAttachment:
    """New description or focus for an unattached file; None leaves it."""
    raise NotImplementedError


async def delete_unattached(node: Node, account_id: AccountId, media_id: MediaId) -> None:
    """Delete a file that no status shows."""
    raise NotImplementedError
