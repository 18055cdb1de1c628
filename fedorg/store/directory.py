"""Accounts by how their names begin (``store.names``).

Those of this node and the others are looked for apart, and each of them in one of two ways. Of a few that begin so, all
are ranked. Of many, the first are soon met among all accounts in the order of their rank, for which there is an index.
"""

from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.accounts import Account, ActorType
from fedorg.domain.relationships import FollowState
from fedorg.ids import AccountId
from fedorg.store import accounts, names, narrowing
from fedorg.store.prefixes import end_of, is_between
from fedorg.store.prepared import Prepared
from fedorg.store.tables import account_names, follows
from fedorg.store.tables import accounts as accounts_table

FEW: Final = 1000

_ACCOUNT: Final = accounts_table.c
_viewer: Final = sa.bindparam("viewer", type_=sa.BigInteger)
_handle: Final = sa.bindparam("handle", type_=sa.Text)
_limit: Final = sa.bindparam("limit", type_=sa.Integer)
_offset: Final = sa.bindparam("offset", type_=sa.Integer)
_BEGINS: Final = is_between(
    account_names.c.name, sa.bindparam("prefix", type_=sa.Text), sa.bindparam("end", type_=sa.Text)
)


def search(
    conn: Connection,
    viewer: AccountId | None,
    prefix: str,
    *,
    limit: int,
    offset: int,
    followed_by: AccountId | None,
) -> list[Account]:
    """Accounts whose handle, display name or a later word of it begins with ``prefix`` (lower case).

    An exact handle first, then accounts of this node, then the most followed ones. Suspended accounts and those that
    block ``viewer`` are not found, and those that ``viewer`` blocks by their exact handle alone: to unblock them.
    """
    people = {"viewer": viewer, "follower": followed_by}
    given = {name: one for name, one in people.items() if one is not None}
    kind = {"is_seen": viewer is not None, "is_followed": followed_by is not None}
    start = prefix[: names.LENGTH_MAX]
    begin = {"prefix": start, "end": end_of(start)}

    def others(*, is_here: bool, limit: int, offset: int) -> list[Any]:
        if limit <= 0:
            return []
        is_few = _counted(is_here=is_here).rows(conn, few=FEW, **begin)[0].found < FEW
        statement = (_of_few if is_few else _of_many)(is_here=is_here, **kind)
        return statement.rows(conn, handle=prefix, limit=limit, offset=offset, **begin, **given)

    found = _exact(**kind).rows(conn, handle=prefix, **given)
    found += others(is_here=True, limit=offset + limit - len(found), offset=0)
    # Of the others, who may be many, no more is read than what the page shows.
    passed, found = max(0, offset - len(found)), found[offset:]
    found += others(is_here=False, limit=limit - len(found), offset=passed)
    return accounts.with_moves(conn, accounts.from_records(found[:limit]))


def is_shown(conn: Connection, account_id: AccountId, *, followed_by: AccountId | None) -> bool:
    """Whether an account that is named in full is found: a program as well, and whoever blocks the one who looks."""
    given = {} if followed_by is None else {"follower": followed_by}
    return bool(_shown(is_followed=followed_by is not None).rows(conn, account_id=account_id, **given))


@cache
def _shown(*, is_followed: bool) -> Prepared:
    one = sa.select(_ACCOUNT.id).where(_ACCOUNT.id == sa.bindparam("account_id"), _ACCOUNT.deleted_at.is_(None))
    return Prepared(one.where(*_is_open(is_seen=False, is_followed=is_followed)))


@cache
def _counted(*, is_here: bool) -> Prepared:
    """How many begin so, up to those who are no more a few."""
    bounded = _beginning(is_here=is_here).limit(sa.bindparam("few", type_=sa.Integer)).subquery()
    return Prepared(sa.select(sa.func.count().label("found")).select_from(bounded))


@cache
def _exact(*, is_seen: bool, is_followed: bool) -> Prepared:
    statement = sa.select(*accounts.COLUMNS).where(_ACCOUNT.acct_key == _handle)
    return Prepared(statement.where(*_is_shown(is_seen=is_seen, is_followed=is_followed)))


@cache
def _of_few(*, is_here: bool, is_seen: bool, is_followed: bool) -> Prepared:
    begins = _ACCOUNT.id.in_(_beginning(is_here=is_here))
    return _others(begins, is_here=is_here, is_seen=is_seen, is_followed=is_followed)


@cache
def _of_many(*, is_here: bool, is_seen: bool, is_followed: bool) -> Prepared:
    begins = sa.exists().where(account_names.c.account_id == _ACCOUNT.id, _BEGINS)
    return _others(begins, is_here=is_here, is_seen=is_seen, is_followed=is_followed)


def _others(begins: ColumnElement[bool], *, is_here: bool, is_seen: bool, is_followed: bool) -> Prepared:
    """All but the one with the very handle, ranked."""
    lives = _ACCOUNT.domain.is_(None) if is_here else _ACCOUNT.domain.is_not(None)
    statement = sa.select(*accounts.COLUMNS).where(begins, lives, _ACCOUNT.acct_key != _handle)
    if is_seen:
        statement = statement.where(~narrowing.is_blocked_with(_viewer, _ACCOUNT.id))
    ranked = statement.order_by(_ACCOUNT.followers_count.desc(), _ACCOUNT.acct_key).limit(_limit).offset(_offset)
    return Prepared(ranked.where(*_is_shown(is_seen=is_seen, is_followed=is_followed)))


def _beginning(*, is_here: bool) -> sa.Select[tuple[int]]:
    return sa.select(account_names.c.account_id).where(account_names.c.is_here.is_(is_here), _BEGINS)


def _is_shown(*, is_seen: bool, is_followed: bool) -> list[ColumnElement[bool]]:
    people = _ACCOUNT.actor_type != ActorType.APPLICATION.value
    return [people, *_is_open(is_seen=is_seen, is_followed=is_followed)]


def _is_open(*, is_seen: bool, is_followed: bool) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_ACCOUNT.suspended_at.is_(None)]
    if is_seen:
        conditions.append(~narrowing.is_blocked_by(_viewer, _ACCOUNT.id))
    if is_followed:
        followed = sa.select(follows.c.target_id).where(
            follows.c.account_id == sa.bindparam("follower"), follows.c.state == FollowState.ACCEPTED.value
        )
        conditions.append(_ACCOUNT.id.in_(followed))
    return conditions
