from fedorg.domain.accounts import Account
from fedorg.domain.statuses import StatusView
from fedorg.ids import StatusId
from fedorg.node import Node


async def delete_status(node: Node, author: Account, status_id: StatusId) -> StatusView:
    """Delete a status of ``author`` and return it as it stood, for a redraft; its files wait 24 h to be attached again."""
    raise NotImplementedError


async def delete_status_and_media(node: Node, author: Account, status_id: StatusId) -> StatusView:
    """Delete a status of ``author`` and its files at once."""
    raise NotImplementedError
