"""Rows of ``follows``, ``blocks``, ``mutes`` and ``account_notes``.

The counts of both accounts move with the row they count, in the same transaction, and only for accepted follows (S51).
Rows of accounts are always touched in the order of their ids, so that two who follow each other do not deadlock. Who
makes, accepts or ends a follow, makes a block, or takes a mute back, holds both accounts first (``hold_both``): no
follow begins beside a block, and nothing of an account comes back to a home timeline beside the end of a follow.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Column, Connection

from fedorg.domain.accounts import Account
from fedorg.domain.pages import Listed
from fedorg.domain.relationships import Follow, FollowState, MutedAccount
from fedorg.domain.statuses import PageQuery
from fedorg.ids import AccountId
from fedorg.store import accounts, paging
from fedorg.store.peer_rules import is_covered
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import account_notes, blocks, follows, mutes
from fedorg.store.tables import accounts as accounts_table
from fedorg.store.upsert import insert_ignore, upsert
from fedorg.store.written import Written

_BETWEEN: Final = Prepared(
    sa.select(follows).where(
        follows.c.account_id == sa.bindparam("account_id"), follows.c.target_id == sa.bindparam("target_id")
    )
)
_BY_URI: Final = Prepared(sa.select(follows).where(follows.c.uri == sa.bindparam("uri")))
_BLOCKED_BETWEEN: Final = Prepared(
    sa.select(
        sa.exists()
        .where(
            sa.or_(
                sa.and_(blocks.c.account_id == sa.bindparam("one"), blocks.c.target_id == sa.bindparam("other")),
                sa.and_(blocks.c.account_id == sa.bindparam("other"), blocks.c.target_id == sa.bindparam("one")),
            )
        )
        .label("is_blocked")
    )
)
_HOLD: Final = Prepared(
    sa.select(accounts_table.c.id)
    .where(accounts_table.c.id.in_(many("both")))
    .order_by(accounts_table.c.id)
    .with_for_update(key_share=True)
)
_ACCEPT: Final = Written(
    sa.update(follows)
    .where(follows.c.id == sa.bindparam("follow_id"), follows.c.state == FollowState.PENDING.value)
    .values(state=FollowState.ACCEPTED.value)
)


def _is_between(pairs: sa.Table) -> sa.ColumnElement[bool]:
    """A row is about an account and one of others."""
    return sa.or_(
        sa.and_(pairs.c.account_id == sa.bindparam("account_id"), pairs.c.target_id.in_(many("others"))),
        sa.and_(pairs.c.target_id == sa.bindparam("account_id"), pairs.c.account_id.in_(many("others"))),
    )


def _counting(column: Column[int]) -> Written:
    """Move a count of an account, never below zero."""
    moved = column + sa.bindparam("by", type_=sa.Integer)
    return Written(
        sa.update(accounts_table)
        .where(accounts_table.c.id == sa.bindparam("counted_id"))
        .values({column: sa.case((moved > 0, moved), else_=0)})
    )


_COUNT_FOLLOWING: Final = _counting(accounts_table.c.following_count)
_COUNT_FOLLOWERS: Final = _counting(accounts_table.c.followers_count)

_HAS_LOCAL_FOLLOWER: Final = Prepared(
    sa.select(
        sa.exists()
        .where(follows.c.target_id == sa.bindparam("target_id"), follows.c.state == FollowState.ACCEPTED.value)
        .where(accounts_table.c.id == follows.c.account_id, accounts_table.c.domain.is_(None))
        .label("has_follower")
    )
)

# Follows
_FOLLOWS_IT: Final = (
    follows.c.target_id == sa.bindparam("account_id", type_=sa.BigInteger),
    follows.c.state == FollowState.ACCEPTED.value,
)
_AT_PEER: Final = (
    sa.select(accounts_table.c.uri)
    .where(accounts_table.c.peer == sa.bindparam("peer"))
    .order_by(accounts_table.c.uri)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_OF_FEW_FOLLOWERS: Final = Prepared(
    _AT_PEER.join(follows, follows.c.account_id == accounts_table.c.id).where(*_FOLLOWS_IT)
)
_OF_MANY_FOLLOWERS: Final = Prepared(
    _AT_PEER.where(sa.exists().where(follows.c.account_id == accounts_table.c.id, *_FOLLOWS_IT))
)
_ARE_MORE: Final = Prepared(
    sa.select(follows.c.account_id).where(*_FOLLOWS_IT).limit(1).offset(sa.bindparam("few", type_=sa.Integer))
)
FEW_FOLLOWERS: Final = 1000
"""Of so many, those at a peer are found among the followers; of more, among the accounts of the peer."""


def hold_both(conn: Connection, one: AccountId, other: AccountId) -> None:
    """Nobody else changes what two accounts are to each other before this transaction ends.

    SQLite has one writer at a time.
    """
    if conn.dialect.name == "postgresql":
        _HOLD.rows(conn, both=(one, other))


def insert_follow(conn: Connection, follow: Follow) -> bool:
    """Add a follow, counted if it is accepted; False when there is one between the two, or its identity is taken."""
    row = {
        "id": follow.id,
        "account_id": follow.account_id,
        "target_id": follow.target_id,
        "uri": follow.uri,
        "state": follow.state.value,
        "show_reblogs": follow.show_reblogs,
        "notify": follow.notify,
        "languages": list(follow.languages),
        "created_at": follow.created_at,
    }
    is_new = bool(insert_ignore(conn, follows, [row]))
    if is_new and follow.state is FollowState.ACCEPTED:
        _count(conn, follow, 1)
    return is_new


def find_follow(conn: Connection, account_id: AccountId, target_id: AccountId) -> Follow | None:
    """How one account follows another, or asks to."""
    return next(map(_follow, _BETWEEN.rows(conn, account_id=account_id, target_id=target_id)), None)


def find_follow_by_uri(conn: Connection, uri: str) -> Follow | None:
    """The follow with an identity."""
    return next(map(_follow, _BY_URI.rows(conn, uri=uri)), None)


def change_follow(conn: Connection, follow: Follow) -> None:
    """Write how an account follows: boosts, notifications, languages, and the identity of the latest Follow."""
    conn.execute(
        sa.update(follows)
        .where(follows.c.id == follow.id)
        .values(
            uri=follow.uri,
            show_reblogs=follow.show_reblogs,
            notify=follow.notify,
            languages=list(follow.languages),
        )
    )


def accept_follow(conn: Connection, follow: Follow) -> bool:
    """Make a pending follow count; False when it counts already, or is gone."""
    is_changed = _ACCEPT.run(conn, {"follow_id": follow.id}) == 1
    if is_changed:
        _count(conn, follow, 1)
    return is_changed


def delete_follow(conn: Connection, account_id: AccountId, target_id: AccountId) -> Follow | None:
    """Remove a follow or a request and return it as it was; None when there was none."""
    row = conn.execute(
        sa.delete(follows)
        .where(follows.c.account_id == account_id, follows.c.target_id == target_id)
        .returning(*follows.c)
    ).one_or_none()
    if row is None:
        return None
    follow = _follow(row)
    if follow.state is FollowState.ACCEPTED:
        _count(conn, follow, -1)
    return follow


def list_ties_with_peer(conn: Connection, peer: str, limit: int) -> list[tuple[AccountId, AccountId]]:
    """Up to ``limit`` pairs of a member and an account of a peer, or of one below it, who have a follow or request."""
    return _list_ties(
        conn, lambda other: sa.or_(*(is_covered(other.c[name], peer) for name in ("peer", "domain"))), limit
    )


def list_ties_with_account(conn: Connection, account_id: AccountId, limit: int) -> list[tuple[AccountId, AccountId]]:
    """Likewise of members and one account."""
    return _list_ties(conn, lambda other: other.c.id == account_id, limit)


def _list_ties(
    conn: Connection, is_concerned: Callable[[sa.FromClause], sa.ColumnElement[bool]], limit: int
) -> list[tuple[AccountId, AccountId]]:
    member, other = accounts_table.alias("member"), accounts_table.alias("other")
    towards = (
        sa.select(member.c.id.label("member_id"), other.c.id.label("other_id"))
        .join(follows, follows.c.account_id == member.c.id)
        .join(other, other.c.id == follows.c.target_id)
    )
    back = (
        sa.select(member.c.id, other.c.id)
        .join(follows, follows.c.target_id == member.c.id)
        .join(other, other.c.id == follows.c.account_id)
    )
    is_between = member.c.domain.is_(None), is_concerned(other)
    statement = sa.union(towards.where(*is_between), back.where(*is_between)).limit(limit)
    return [(row.member_id, row.other_id) for row in conn.execute(statement)]


def has_local_follower(conn: Connection, account_id: AccountId) -> bool:
    """Whether an account of this node follows it, accepted."""
    return bool(_HAS_LOCAL_FOLLOWER.rows(conn, target_id=account_id)[0][0])


def list_followers_at(conn: Connection, account_id: AccountId, peer: str, limit: int) -> list[str]:
    """The identities of accepted followers that a peer hosts."""
    are_many = _ARE_MORE.rows(conn, account_id=account_id, few=FEW_FOLLOWERS)
    found = _OF_MANY_FOLLOWERS if are_many else _OF_FEW_FOLLOWERS
    return [row.uri for row in found.rows(conn, account_id=account_id, peer=peer, limit=limit)]


def list_local_followers(conn: Connection, account_id: AccountId, limit: int) -> dict[str, AccountId]:
    """Accepted followers that live here, by identity."""
    statement = (
        sa.select(accounts_table.c.uri, accounts_table.c.id)
        .join(follows, follows.c.account_id == accounts_table.c.id)
        .where(
            follows.c.target_id == account_id,
            follows.c.state == FollowState.ACCEPTED.value,
            accounts_table.c.domain.is_(None),
        )
        .limit(limit)
    )
    return {row.uri: AccountId(row.id) for row in conn.execute(statement)}


# Blocks and mutes


def is_blocked_between(conn: Connection, one: AccountId, other: AccountId) -> bool:
    """Whether either blocks the other."""
    return bool(_BLOCKED_BETWEEN.rows(conn, one=one, other=other)[0][0])


def insert_block(
    conn: Connection, *, block_id: int, account_id: AccountId, target_id: AccountId, uri: str, now: datetime
) -> bool:
    """Add a block; False when there is one, or its identity is taken."""
    row = {"id": block_id, "account_id": account_id, "target_id": target_id, "uri": uri, "created_at": now}
    return bool(insert_ignore(conn, blocks, [row]))


def delete_block(conn: Connection, account_id: AccountId, target_id: AccountId) -> str | None:
    """Remove a block and return its identity; None when there was none."""
    return conn.execute(
        sa.delete(blocks)
        .where(blocks.c.account_id == account_id, blocks.c.target_id == target_id)
        .returning(blocks.c.uri)
    ).scalar_one_or_none()


def delete_block_of(conn: Connection, account_id: AccountId, uri: str) -> bool:
    """Remove the block of an account that has that identity; whether there was one."""
    taken = sa.delete(blocks).where(blocks.c.uri == uri, blocks.c.account_id == account_id)
    return conn.execute(taken).rowcount > 0


def put_mute(
    conn: Connection,
    *,
    mute_id: int,
    account_id: AccountId,
    target_id: AccountId,
    notifications: bool,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    """Mute, or change a mute."""
    row = {
        "id": mute_id,
        "account_id": account_id,
        "target_id": target_id,
        "notifications": notifications,
        "expires_at": expires_at,
        "created_at": now,
    }
    upsert(conn, mutes, row, key=("account_id", "target_id"), update=("notifications", "expires_at"))


def delete_mute(conn: Connection, account_id: AccountId, target_id: AccountId) -> bool:
    """Remove a mute; whether there was one."""
    statement = sa.delete(mutes).where(mutes.c.account_id == account_id, mutes.c.target_id == target_id)
    return bool(conn.execute(statement).rowcount)


def put_note(conn: Connection, account_id: AccountId, target_id: AccountId, comment: str) -> None:
    """Keep a note; an empty one is removed."""
    if comment:
        row = {"account_id": account_id, "target_id": target_id, "comment": comment}
        upsert(conn, account_notes, row, key=("account_id", "target_id"))
    else:
        conn.execute(
            sa.delete(account_notes).where(
                account_notes.c.account_id == account_id, account_notes.c.target_id == target_id
            )
        )


# Lists


def list_followers(conn: Connection, account_id: AccountId, page: PageQuery) -> list[Listed[Account]]:
    """Accepted followers."""
    is_wanted = sa.and_(follows.c.target_id == account_id, follows.c.state == FollowState.ACCEPTED.value)
    return accounts.list_page(conn, follows.c.id, follows.c.account_id, is_wanted, page)


def list_following(conn: Connection, account_id: AccountId, page: PageQuery) -> list[Listed[Account]]:
    """Accounts followed, accepted."""
    is_wanted = sa.and_(follows.c.account_id == account_id, follows.c.state == FollowState.ACCEPTED.value)
    return accounts.list_page(conn, follows.c.id, follows.c.target_id, is_wanted, page)


def list_requests(conn: Connection, account_id: AccountId, page: PageQuery) -> list[Listed[Account]]:
    """Accounts that ask to follow."""
    is_wanted = sa.and_(follows.c.target_id == account_id, follows.c.state == FollowState.PENDING.value)
    return accounts.list_page(conn, follows.c.id, follows.c.account_id, is_wanted, page)


def list_blocks(conn: Connection, account_id: AccountId, page: PageQuery) -> list[Listed[Account]]:
    """Accounts blocked."""
    return accounts.list_page(conn, blocks.c.id, blocks.c.target_id, blocks.c.account_id == account_id, page)


def list_mutes(conn: Connection, account_id: AccountId, now: datetime, page: PageQuery) -> list[Listed[MutedAccount]]:
    """Accounts muted at ``now``."""
    statement = (
        sa.select(*accounts.COLUMNS, mutes.c.id.label("row_id"), mutes.c.expires_at)
        .join(mutes, mutes.c.target_id == accounts_table.c.id)
        .where(mutes.c.account_id == account_id, sa.or_(mutes.c.expires_at.is_(None), mutes.c.expires_at > now))
    )
    return [
        Listed(row_id=row.row_id, item=MutedAccount(account=accounts.from_row(row), expires_at=row.expires_at))
        for row in paging.rows_of(conn, statement, mutes.c.id, page)
    ]


# What accounts are to each other, for many at once

_FOLLOWS_AMONG: Final = Prepared(sa.select(follows).where(_is_between(follows)))
_BLOCKS_AMONG: Final = Prepared(sa.select(blocks.c.account_id, blocks.c.target_id).where(_is_between(blocks)))
_MUTES_AMONG: Final = Prepared(
    sa.select(mutes.c.target_id, mutes.c.notifications, mutes.c.expires_at).where(
        mutes.c.account_id == sa.bindparam("account_id"),
        mutes.c.target_id.in_(many("others")),
        sa.or_(mutes.c.expires_at.is_(None), mutes.c.expires_at > sa.bindparam("now")),
    )
)
_NOTES_AMONG: Final = Prepared(
    sa.select(account_notes.c.target_id, account_notes.c.comment).where(
        account_notes.c.account_id == sa.bindparam("account_id"), account_notes.c.target_id.in_(many("others"))
    )
)


def follows_between(conn: Connection, account_id: AccountId, others: Collection[AccountId]) -> list[Follow]:
    """Every follow and request between one account and ``others``, in both directions."""
    return [_follow(row) for row in _FOLLOWS_AMONG.rows(conn, account_id=account_id, others=others)]


def blocks_between(
    conn: Connection, account_id: AccountId, others: Collection[AccountId]
) -> set[tuple[AccountId, AccountId]]:
    """(who, whom) of every block between one account and ``others``."""
    rows = _BLOCKS_AMONG.rows(conn, account_id=account_id, others=others)
    return {(row.account_id, row.target_id) for row in rows}


def mutes_of(
    conn: Connection, account_id: AccountId, others: Collection[AccountId], now: datetime
) -> dict[AccountId, tuple[bool, datetime | None]]:
    """For each of ``others`` that is muted at ``now``: whether notifications are too, and until when."""
    rows = _MUTES_AMONG.rows(conn, account_id=account_id, others=others, now=now)
    return {row.target_id: (row.notifications, row.expires_at) for row in rows}


def notes_of(conn: Connection, account_id: AccountId, others: Collection[AccountId]) -> dict[AccountId, str]:
    """The notes an account keeps about ``others``."""
    return {row.target_id: row.comment for row in _NOTES_AMONG.rows(conn, account_id=account_id, others=others)}


def _count(conn: Connection, follow: Follow, by: int) -> None:
    changes = [(follow.account_id, _COUNT_FOLLOWING), (follow.target_id, _COUNT_FOLLOWERS)]
    for account_id, count in sorted(changes, key=lambda change: change[0]):
        count.run(conn, {"counted_id": account_id, "by": by})


def _follow(row: Any) -> Follow:  # noqa: ANN401 - a row or a record
    return Follow(
        id=row.id,
        account_id=row.account_id,
        target_id=row.target_id,
        uri=row.uri,
        state=FollowState(row.state),
        show_reblogs=row.show_reblogs,
        notify=row.notify,
        languages=tuple(row.languages),
        created_at=row.created_at,
    )
