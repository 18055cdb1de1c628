"""Whom somebody may want to follow: the directory, friends of friends, and who is followed most.

Only accounts that asked to be found (``discoverable``), and never those that a viewer has shut out in any way.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.accounts import Account, ActorType
from fedorg.domain.relationships import FollowState
from fedorg.ids import AccountId
from fedorg.store import accounts, domain_blocks, narrowing
from fedorg.store.tables import accounts as accounts_table
from fedorg.store.tables import dismissed_suggestions, follows
from fedorg.store.tables.people import LAST_ACTIVE
from fedorg.store.upsert import insert_ignore

FRIENDS_MAX: Final = 100
FOLLOWS_PER_FRIEND_MAX: Final = 40
# Of those whom most friends follow, so many are looked at more closely.
CANDIDATES_MAX: Final = 400
PAIRS_MAX: Final = 10_000

_ACCOUNT: Final = accounts_table.c


def list_directory(
    conn: Connection,
    viewer: AccountId | None,
    now: datetime,
    order: ColumnElement[Any],
    *,
    local_only: bool,
    limit: int,
    offset: int,
) -> list[Account]:
    """Accounts that want to be found, by ``order``; the handle decides between equals."""
    statement = sa.select(*accounts.COLUMNS).where(*_findable(viewer, now))
    if local_only:
        statement = statement.where(_ACCOUNT.domain.is_(None))
    statement = statement.order_by(order, _ACCOUNT.acct_key).limit(limit).offset(offset)
    return [accounts.from_row(row) for row in conn.execute(statement)]


BY_ACTIVITY = LAST_ACTIVE
BY_AGE = _ACCOUNT.created_at.desc()


def list_friends_of_friends(conn: Connection, viewer: AccountId, now: datetime, limit: int) -> list[Account]:
    """Followed by those whom ``viewer`` follows, by how many of them; who hides whom they follow gives nobody away.

    Looked for among whom these came to follow last, and of the ``FRIENDS_MAX`` who were followed last themselves.
    """
    friends = {row.target_id: row.friends for row in conn.execute(_known_to_friends(viewer))}
    statement = sa.select(_ACCOUNT.id, _ACCOUNT.followers_count).where(
        _ACCOUNT.id.in_(friends), *_new_to(viewer), *_findable(viewer, now), ~_ACCOUNT.hide_collections
    )
    known = sorted(conn.execute(statement), key=lambda row: (-friends[row.id], -row.followers_count, row.id))
    ids = [AccountId(row.id) for row in known[:limit]]
    found = accounts.list_by_ids(conn, ids)
    return [found[number] for number in ids]


def _known_to_friends(viewer: AccountId) -> sa.Select[Any]:
    near, far, friend, own, last = (
        follows.alias("near"),
        follows.alias("far"),
        accounts_table.alias("friend"),
        follows.alias("own"),
        follows.alias("last"),
    )
    # The one from which on a friend's are looked at; none where there are fewer.
    since = (
        sa.select(last.c.id)
        .where(last.c.account_id == near.c.target_id, _is_accepted(last))
        .order_by(last.c.id.desc())
        .limit(1)
        .offset(FOLLOWS_PER_FRIEND_MAX - 1)
        .correlate(near)
        .scalar_subquery()
    )
    friends = (
        sa.select(near.c.target_id.label("id"), sa.func.coalesce(since, 0).label("since"))
        .join(friend, friend.c.id == near.c.target_id)
        .where(near.c.account_id == viewer, _is_accepted(near), ~friend.c.hide_collections)
        .order_by(near.c.id.desc())
        .limit(FRIENDS_MAX)
        .subquery()
    )
    return (
        sa.select(far.c.target_id, sa.func.count().label("friends"))
        .join(friends, sa.and_(far.c.account_id == friends.c.id, _is_accepted(far), far.c.id >= friends.c.since))
        .where(
            far.c.target_id != viewer,
            ~sa.exists().where(own.c.account_id == viewer, own.c.target_id == far.c.target_id),
        )
        .group_by(far.c.target_id)
        .order_by(sa.desc("friends"), sa.func.max(far.c.id).desc())
        .limit(CANDIDATES_MAX)
    )


def list_most_followed(conn: Connection, viewer: AccountId, now: datetime, limit: int) -> list[Account]:
    """Of this node, by how many follow."""
    statement = (
        sa.select(*accounts.COLUMNS)
        .where(_ACCOUNT.domain.is_(None), *_new_to(viewer), *_findable(viewer, now))
        .order_by(_ACCOUNT.followers_count.desc(), _ACCOUNT.id)
        .limit(limit)
    )
    return [accounts.from_row(row) for row in conn.execute(statement)]


def dismiss(conn: Connection, now: datetime, account_id: AccountId, target_id: AccountId) -> None:
    """Suggest somebody no more."""
    row = {"account_id": account_id, "target_id": target_id, "created_at": now}
    insert_ignore(conn, dismissed_suggestions, [row])


def list_familiar(
    conn: Connection, viewer: AccountId, targets: Collection[AccountId], limit: int
) -> dict[AccountId, list[Account]]:
    """Whom ``viewer`` follows among the followers of each of ``targets``, at most ``limit`` each, in one query.

    Who hides whom they follow is left out, and so is everybody for a target that hides its followers. Asked of each
    whom ``viewer`` follows, however many follow the target; where that would be more than ``PAIRS_MAX`` questions, of
    those who were followed last.
    """
    if not targets:
        return {}
    near, far, target = follows.alias("near"), follows.alias("far"), accounts_table.alias("target")
    friends = (
        sa.select(near.c.target_id.label("id"))
        .where(near.c.account_id == viewer, _is_accepted(near))
        .order_by(near.c.id.desc())
        .limit(PAIRS_MAX // len(targets))
        .subquery()
    )
    follow = (
        sa.select(far.c.id)
        .where(far.c.account_id == friends.c.id, far.c.target_id == target.c.id, _is_accepted(far))
        .correlate(friends, target)
        .scalar_subquery()
    )
    pairs = (
        sa.select(friends.c.id.label("account_id"), target.c.id.label("target_id"), follow.label("follow_id"))
        .select_from(friends.join(target, sa.true()))
        .where(target.c.id.in_(targets), ~target.c.hide_collections)
        .subquery()
    )
    place = sa.func.row_number().over(partition_by=pairs.c.target_id, order_by=pairs.c.follow_id.desc()).label("place")
    ranked = sa.select(pairs.c.target_id, pairs.c.account_id, place).where(pairs.c.follow_id.is_not(None)).subquery()
    statement = (
        sa.select(*accounts.COLUMNS, ranked.c.target_id.label("followed"))
        .join(ranked, ranked.c.account_id == _ACCOUNT.id)
        .where(ranked.c.place <= limit, _ACCOUNT.suspended_at.is_(None), ~_ACCOUNT.hide_collections)
        .order_by(ranked.c.target_id, ranked.c.place)
    )
    found: defaultdict[AccountId, list[Account]] = defaultdict(list)
    for row in conn.execute(statement):
        found[AccountId(row.followed)].append(accounts.from_row(row))
    return found


def _findable(viewer: AccountId | None, now: datetime) -> list[ColumnElement[bool]]:
    conditions = [
        _ACCOUNT.discoverable,
        _ACCOUNT.suspended_at.is_(None),
        _ACCOUNT.silenced_at.is_(None),
        _ACCOUNT.moved_to_uri.is_(None),
        _ACCOUNT.actor_type != ActorType.APPLICATION.value,
    ]
    if viewer is not None:
        conditions += [
            ~narrowing.is_blocked_with(viewer, _ACCOUNT.id),
            ~narrowing.is_muted_by(viewer, _ACCOUNT.id, now),
            ~domain_blocks.is_shut_out(viewer, _ACCOUNT.id),
        ]
    return conditions


def _new_to(viewer: AccountId) -> list[ColumnElement[bool]]:
    return [
        _ACCOUNT.id != viewer,
        ~sa.exists().where(follows.c.account_id == viewer, follows.c.target_id == _ACCOUNT.id),
        ~sa.exists().where(
            dismissed_suggestions.c.account_id == viewer, dismissed_suggestions.c.target_id == _ACCOUNT.id
        ),
    ]


def _is_accepted(follow: sa.FromClause) -> ColumnElement[bool]:
    accepted: ColumnElement[bool] = follow.c.state == FollowState.ACCEPTED.value
    return accepted
