"""Whom somebody no longer wants to see leaves their home timeline at once: out of sight first, then row by row.

Much of it would keep every writer waiting, so that only the latest goes in the transaction that begins it.
"""

from typing import Final

from sqlalchemy import Connection

from fedorg.domain.jobs import ClearHome
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node
from fedorg.store import home_timelines, jobs

CHUNK: Final = 500


def clear_home(conn: Connection, node: Node, account_id: AccountId, author_id: AccountId) -> None:
    """Show nothing on a home timeline any more of what somebody posted and boosted until now, nor boosts of it."""
    if home_timelines.remove_author(conn, account_id, author_id, StatusId(node.ids.next()), CHUNK):
        jobs.enqueue(conn, node.ids, node.now(), ClearHome(account_id=account_id, author_id=author_id))


async def clear(node: Node, job: ClearHome) -> ClearHome | None:
    """Remove some more of it; the job while something is left. Doing it again goes on."""
    is_left = await node.write(home_timelines.remove_more, job.account_id, job.author_id, CHUNK)
    return job if is_left else None
