from fedorg.domain.accounts import Account, User
from fedorg.domain.statuses import Status, StatusDraft
from fedorg.node import Node


async def post_status(node: Node, author: Account, user: User | None, draft: StatusDraft) -> Status:
    """Post for ``author``; ``user`` gives the defaults of the person who writes.

    Raises ``Invalid`` for what the draft says and ``NotFound`` when it answers what the author cannot see.
    """
    raise NotImplementedError
