"""Conversations of an account: read, marked, forgotten. They grow where what is said in them is told.

They hold statuses for addressees only, and show of them what the account may see (S59): a conversation whose last
status it may not see any more is not shown at all.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from fedorg.domain.conversations import Conversation, ConversationView
from fedorg.domain.events import EventKind
from fedorg.domain.pages import Page
from fedorg.domain.statuses import PageQuery
from fedorg.ids import AccountId, ConversationId
from fedorg.node import Node
from fedorg.store import accounts, conversations, events, views


async def list_conversations(node: Node, account_id: AccountId, page: PageQuery) -> Page[ConversationView]:
    """A page, the liveliest first; cursors count in last statuses."""

    def unit(conn: Connection) -> Page[ConversationView]:
        found = conversations.list_of_account(conn, account_id, page)
        shown = _views(conn, node.now(), account_id, found)
        return Page(
            items=tuple(view for view in shown if view.last_status is not None),
            cursors=tuple(one.last_status_id for one in found),
        )

    return await node.read(unit)


async def find(node: Node, account_id: AccountId, conversation_id: ConversationId) -> ConversationView | None:
    """One of the account's own as streams tell of it; None when there is nothing (any more) to see in it."""

    def unit(conn: Connection) -> ConversationView | None:
        (view,) = _views(conn, node.now(), account_id, [conversations.get(conn, account_id, conversation_id)])
        return view if view.last_status is not None else None

    return await node.read(unit)


async def mark_read(node: Node, account_id: AccountId, conversation_id: ConversationId) -> ConversationView:
    """Nothing in it is unread any more; ``NotFound`` for anybody else's."""

    def unit(conn: Connection) -> ConversationView:
        conversations.get(conn, account_id, conversation_id)
        conversations.mark_read(conn, conversation_id)
        events.insert(conn, node.now(), EventKind.CONVERSATION, account_id, conversation_id)
        return _views(conn, node.now(), account_id, [conversations.get(conn, account_id, conversation_id)])[0]

    return await node.write(unit)


async def forget(node: Node, account_id: AccountId, conversation_id: ConversationId) -> None:
    """It leaves the account's list, and comes back with the next message; ``NotFound`` for anybody else's."""
    await node.write(conversations.delete, account_id, conversation_id)


def _views(
    conn: Connection, now: datetime, account_id: AccountId, found: Sequence[Conversation]
) -> list[ConversationView]:
    """Who writes to themselves is the one who is in it."""
    people = accounts.list_by_ids(conn, {account_id}.union(*(one.participants for one in found)))
    shown = {
        view.status.id: view for view in views.load_views(conn, now, account_id, [one.last_status_id for one in found])
    }
    return [
        ConversationView(
            conversation=one,
            accounts=tuple(people[other] for other in one.participants or (account_id,) if other in people),
            last_status=shown.get(one.last_status_id),
        )
        for one in found
    ]
