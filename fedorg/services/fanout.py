from datetime import datetime

from fedorg.domain.statuses import Status
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node


async def distribute_locally(node: Node, status_id: StatusId, after: AccountId | None) -> AccountId | None:
    """Bring one chunk of local followers a new status or reblog; the cursor of the next chunk, None at the end.

    The first chunk (``after`` None) also tells those mentioned, the author of what is boosted, and the public streams.
    Doing it twice is doing it once.
    """
    raise NotImplementedError


async def distribute_edit_locally(node: Node, status_id: StatusId, edited_at: datetime) -> None:
    """Tell boosters, those newly mentioned and open streams that a status was edited."""
    raise NotImplementedError


async def remote_inboxes(node: Node, status: Status) -> tuple[str, ...]:
    """The distinct inboxes a new local status or reblog goes to; remembers them for its edits and its deletion."""
    raise NotImplementedError


async def remote_inboxes_of_edit(node: Node, status: Status) -> tuple[str, ...]:
    """The inboxes an edit goes to: those the status would go to now, and those of servers that hold it and still may."""
    raise NotImplementedError
