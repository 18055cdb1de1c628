"""Threads as a whole: what of them came from elsewhere, and where their servers keep the rest."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.statuses import Status
from fedorg.domain.visibility import Visibility
from fedorg.ids import AccountId, StatusId
from fedorg.store import domain_blocks, narrowing
from fedorg.store.prepared import Prepared
from fedorg.store.tables import accounts, statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The collection that a peer keeps of the answers to one of its statuses."""

    status_uri: str
    replies_uri: str


_viewer: Final = sa.bindparam("viewer", type_=sa.BigInteger)
_author: Final = sa.bindparam("author_id", type_=sa.BigInteger)


_limit: Final = sa.bindparam("limit", type_=sa.Integer)


def _shown(is_shown: sa.ColumnElement[bool]) -> Prepared:
    return Prepared(
        sa.select(statuses.c.id, statuses.c.in_reply_to_id)
        .where(
            statuses.c.thread_id == sa.bindparam("thread_id"),
            statuses.c.id > sa.bindparam("after", type_=sa.BigInteger),
            statuses.c.reblog_of_id.is_(None),
            is_shown,
        )
        .order_by(statuses.c.id)
        .limit(_limit)
    )


def _above(is_shown: sa.ColumnElement[bool]) -> Prepared:
    answered, depth = statuses.alias("answered"), sa.literal_column("1", sa.Integer).label("depth")
    first = sa.select(statuses.c.id, statuses.c.in_reply_to_id, depth).where(
        statuses.c.id == sa.bindparam("start", type_=sa.BigInteger)
    )
    chain = first.cte("above", recursive=True)
    chain = chain.union_all(
        sa.select(answered.c.id, answered.c.in_reply_to_id, chain.c.depth + 1)
        .join(chain, answered.c.id == chain.c.in_reply_to_id)
        .where(chain.c.depth < _limit)
    )
    return Prepared(
        sa.select(statuses.c.id, statuses.c.in_reply_to_id).join(chain, chain.c.id == statuses.c.id).where(is_shown)
    )


_PEER: Final = Prepared(
    sa.select(accounts.c.peer)
    .join(statuses, statuses.c.account_id == accounts.c.id)
    .where(
        statuses.c.thread_id == sa.bindparam("thread_id"),
        statuses.c.reblog_of_id.is_(None),
        accounts.c.peer.is_not(None),
    )
    .order_by(statuses.c.id)
    .limit(1)
)
_BY_VISITORS: Final = narrowing.visible_to(None)
_BY_MEMBERS: Final = sa.and_(
    narrowing.visible_to(_viewer),
    (statuses.c.account_id == _author) | ~domain_blocks.is_shut_out(_viewer, statuses.c.account_id),
)
_TO_VISITORS: Final = _shown(_BY_VISITORS)
_TO_MEMBERS: Final = _shown(_BY_MEMBERS)
_ABOVE_TO_VISITORS: Final = _above(_BY_VISITORS)
_ABOVE_TO_MEMBERS: Final = _above(_BY_MEMBERS)


def list_shown(
    conn: Connection, viewer: AccountId | None, around: Status, limit: int, *, after: int = 0
) -> list[tuple[StatusId, StatusId | None]]:
    """(id, what it answers) of the statuses of a thread that ``viewer`` may see, oldest first.

    Nobody of a server that they shut out is among them, but the author of the status they look at.
    """
    values = {"thread_id": around.thread_id, "after": after, "limit": limit}
    if viewer is None:
        rows = _TO_VISITORS.rows(conn, **values)
    else:
        rows = _TO_MEMBERS.rows(conn, **values, viewer=viewer, author_id=around.account_id)
    return [(row.id, row.in_reply_to_id) for row in rows]


def list_above(
    conn: Connection, viewer: AccountId | None, below: Status, limit: int
) -> list[tuple[StatusId, StatusId | None]]:
    """The same of what a status answers, of what that answers and so on, in any order."""
    values = {"start": below.in_reply_to_id, "limit": limit}
    if viewer is None:
        rows = _ABOVE_TO_VISITORS.rows(conn, **values)
    else:
        rows = _ABOVE_TO_MEMBERS.rows(conn, **values, viewer=viewer, author_id=below.account_id)
    return [(row.id, row.in_reply_to_id) for row in rows]


def find_peer(conn: Connection, thread_id: StatusId) -> str | None:
    """The server of the oldest status of a thread that came from elsewhere; None when all of it is ours."""
    return next((str(row.peer) for row in _PEER.rows(conn, thread_id=thread_id)), None)


def count(conn: Connection, thread_id: StatusId, limit: int) -> int:
    """How many statuses of a thread are known; no further than ``limit``."""
    bounded = sa.select(statuses.c.id).where(statuses.c.thread_id == thread_id).limit(limit).subquery()
    return int(conn.execute(sa.select(sa.func.count()).select_from(bounded)).scalar_one())


def list_answers(conn: Connection, thread_id: StatusId, limit: int) -> list[Answers]:
    """Where peers list the answers to statuses of a thread, for the oldest of these."""
    statement = (
        sa.select(statuses.c.uri, statuses.c.replies_uri)
        .where(
            statuses.c.thread_id == thread_id,
            statuses.c.replies_uri.is_not(None),
            statuses.c.visibility != Visibility.DIRECT.value,
        )
        .order_by(statuses.c.id)
        .limit(limit)
    )
    return [Answers(status_uri=row.uri, replies_uri=row.replies_uri) for row in conn.execute(statement)]
