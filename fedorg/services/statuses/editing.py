from fedorg.domain.accounts import Account
from fedorg.domain.statuses import Status, StatusChange
from fedorg.ids import StatusId
from fedorg.node import Node


async def edit_status(node: Node, author: Account, status_id: StatusId, change: StatusChange) -> Status:
    """Change a status of ``author``; the version before is kept. ``NotFound`` for anybody else's."""
    raise NotImplementedError
