"""Rows of ``conversations``: one for each member, thread and circle of people, with the statuses in it.

What a conversation shows is loaded by the rules of statuses; nothing here says who may see what. What changed comes
back as (account, conversation), for the caller to tell open streams at the end of the transaction (``store.events``).
"""

import hashlib
from collections.abc import Collection
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.conversations import Conversation, Message
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.ids import AccountId, ConversationId, IdSource, StatusId
from fedorg.store import paging
from fedorg.store.tables import conversation_statuses, conversations
from fedorg.store.upsert import insert_from_ignore, insert_ignore

Changed: TypeAlias = tuple[AccountId, ConversationId]


def add(conn: Connection, ids: IdSource, receivers: Collection[AccountId], message: Message) -> list[Changed]:
    """Put a message into the conversation of each of ``receivers``, who are in it; twice is once.

    It is unread for everybody but its author.
    """
    added = [(receiver, _add_to_one(conn, ids, receiver, message)) for receiver in sorted(receivers)]
    return [(receiver, conversation_id) for receiver, conversation_id in added if conversation_id is not None]


def list_of_account(conn: Connection, account_id: AccountId, page: PageQuery) -> list[Conversation]:
    """A page, the liveliest first; cursors count in the last statuses."""
    statement = sa.select(conversations).where(conversations.c.account_id == account_id)
    return [_conversation(row) for row in paging.rows_of(conn, statement, conversations.c.last_status_id, page)]


def get(conn: Connection, account_id: AccountId, conversation_id: ConversationId) -> Conversation:
    """One of the account's own; ``NotFound`` for anybody else's (S45)."""
    row = conn.execute(
        sa.select(conversations).where(conversations.c.id == conversation_id, conversations.c.account_id == account_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return _conversation(row)


def mark_read(conn: Connection, conversation_id: ConversationId) -> None:
    """Nothing in it is unread."""
    conn.execute(sa.update(conversations).where(conversations.c.id == conversation_id).values(unread=False))


def delete(conn: Connection, account_id: AccountId, conversation_id: ConversationId) -> None:
    """Forget one of the account's own; ``NotFound`` for anybody else's."""
    statement = sa.delete(conversations).where(
        conversations.c.id == conversation_id, conversations.c.account_id == account_id
    )
    if not conn.execute(statement).rowcount:
        raise NotFound


def delete_with(conn: Connection, account_id: AccountId, other_id: AccountId) -> None:
    """Forget the conversations of an account that another one is in."""
    statement = sa.select(conversations.c.id, conversations.c.participants).where(
        conversations.c.account_id == account_id
    )
    shared = [row.id for row in conn.execute(statement) if other_id in row.participants]
    conn.execute(sa.delete(conversations).where(conversations.c.id.in_(shared)))


def forget_status(conn: Connection, status_id: StatusId) -> list[Changed]:
    """Take a status that is about to be deleted out of conversations; those with nothing else in them end."""
    holding = sa.select(conversation_statuses.c.conversation_id).where(conversation_statuses.c.status_id == status_id)
    held = [row.conversation_id for row in conn.execute(holding)]
    if not held:
        return []
    # Held first: what just goes on in one of them is seen by the second look.
    these = sa.select(conversations.c.id).where(conversations.c.id.in_(held)).order_by(conversations.c.account_id)
    conn.execute(these.with_for_update())
    conn.execute(sa.delete(conversation_statuses).where(conversation_statuses.c.status_id == status_id))
    is_filled = sa.exists().where(conversation_statuses.c.conversation_id == conversations.c.id)
    conn.execute(sa.delete(conversations).where(conversations.c.id.in_(held), ~is_filled))
    latest = (
        sa.select(sa.func.max(conversation_statuses.c.status_id))
        .where(conversation_statuses.c.conversation_id == conversations.c.id)
        .scalar_subquery()
    )
    shown_last = conversations.c.id.in_(held), conversations.c.last_status_id == status_id
    changed = conn.execute(
        sa.update(conversations)
        .where(*shown_last)
        .values(last_status_id=latest)
        .returning(conversations.c.account_id, conversations.c.id)
    )
    return [(AccountId(row.account_id), ConversationId(row.id)) for row in changed]


def join_threads(conn: Connection, old: StatusId, new: StatusId) -> None:
    """One thread turned out to be a part of another: its conversations go on in those of the other."""
    for row in conn.execute(sa.select(conversations).where(conversations.c.thread_id == old)).all():
        same = sa.select(conversations).where(
            conversations.c.account_id == row.account_id,
            conversations.c.thread_id == new,
            conversations.c.participants_key == row.participants_key,
        )
        target = conn.execute(same).one_or_none()
        if target is None:
            conn.execute(sa.update(conversations).where(conversations.c.id == row.id).values(thread_id=new))
            continue
        moved = sa.select(sa.literal(target.id, sa.BigInteger), conversation_statuses.c.status_id).where(
            conversation_statuses.c.conversation_id == row.id
        )
        insert_from_ignore(conn, conversation_statuses, ("conversation_id", "status_id"), moved)
        conn.execute(sa.delete(conversations).where(conversations.c.id == row.id))
        conn.execute(
            sa.update(conversations)
            .where(conversations.c.id == target.id)
            .values(last_status_id=max(row.last_status_id, target.last_status_id), unread=row.unread or target.unread)
        )


def _add_to_one(conn: Connection, ids: IdSource, receiver: AccountId, message: Message) -> ConversationId | None:
    """The conversation, None when the message was in it before."""
    participants = sorted({message.author_id, *message.named} - {receiver})
    key = hashlib.sha256(",".join(map(str, participants)).encode()).hexdigest()
    insert_ignore(
        conn,
        conversations,
        [
            {
                "id": ids.next(),
                "account_id": receiver,
                "thread_id": message.thread_id,
                "participants": participants,
                "participants_key": key,
                "last_status_id": message.status_id,
            }
        ],
    )
    conversation_id = conn.execute(
        sa.select(conversations.c.id)
        .where(
            conversations.c.account_id == receiver,
            conversations.c.thread_id == message.thread_id,
            conversations.c.participants_key == key,
        )
        .with_for_update()
    ).scalar_one()
    link = {"conversation_id": conversation_id, "status_id": message.status_id}
    if not insert_ignore(conn, conversation_statuses, [link]):
        return None
    last = conversations.c.last_status_id
    conn.execute(
        sa.update(conversations)
        .where(conversations.c.id == conversation_id)
        .values(
            last_status_id=sa.case((last < message.status_id, message.status_id), else_=last),
            unread=receiver != message.author_id,
        )
    )
    return ConversationId(conversation_id)


def _conversation(row: sa.Row[Any]) -> Conversation:
    return Conversation(
        id=row.id,
        account_id=row.account_id,
        participants=tuple(row.participants),
        last_status_id=row.last_status_id,
        unread=row.unread,
    )
