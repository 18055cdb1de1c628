from collections.abc import Collection

from fedorg.domain.notifications import NotificationType, NotificationView
from fedorg.domain.statuses import PageQuery
from fedorg.ids import AccountId, NotificationId
from fedorg.node import Node


async def list_notifications(
    node: Node,
    account_id: AccountId,
    page: PageQuery,
    *,
    types: Collection[NotificationType] = (),
    exclude_types: Collection[NotificationType] = (),
    from_account_id: AccountId | None = None,
) -> list[NotificationView]:
    """What happened to an account, newest first; empty ``types`` means all."""
    raise NotImplementedError


async def get(node: Node, account_id: AccountId, notification_id: NotificationId) -> NotificationView:
    """One notification of the account; ``NotFound`` for anybody else's."""
    raise NotImplementedError


async def dismiss(node: Node, account_id: AccountId, notification_id: NotificationId) -> None:
    """Remove one."""
    raise NotImplementedError


async def clear(node: Node, account_id: AccountId) -> None:
    """Remove all."""
    raise NotImplementedError


async def count_unread(node: Node, account_id: AccountId, limit: int) -> int:
    """How many are newer than the account's marker, at most ``limit``."""
    raise NotImplementedError
