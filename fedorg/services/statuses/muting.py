"""Muting a thread: who does it hears nothing of it any more, and nobody else learns of it."""

from sqlalchemy import Connection

from fedorg.ids import AccountId, StatusId
from fedorg.node import Node
from fedorg.store import thread_mutes, views


async def mute_thread(node: Node, account_id: AccountId, status_id: StatusId) -> None:
    """Make no notifications of the thread of a status; ``NotFound`` for what the account may not see."""

    def unit(conn: Connection) -> None:
        thread_mutes.insert(conn, node.now(), account_id, _thread_of(conn, node, account_id, status_id))

    await node.write(unit)


async def unmute_thread(node: Node, account_id: AccountId, status_id: StatusId) -> None:
    """Make them again."""

    def unit(conn: Connection) -> None:
        thread_mutes.delete(conn, account_id, _thread_of(conn, node, account_id, status_id))

    await node.write(unit)


def _thread_of(conn: Connection, node: Node, account_id: AccountId, status_id: StatusId) -> StatusId:
    """A boost speaks of the thread of what it boosts."""
    return views.get_view(conn, node.now(), account_id, status_id).shown.status.thread_id
