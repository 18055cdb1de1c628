"""What an asker from another server is to statuses and their authors, for many at once; and pages of what it may see.

``visible_to`` says in SQL what ``services.statuses.showing`` says with ``may_see``, so that a page is full before the
latter looks at it; a test compares the two. Direct statuses are in no collection (S59), and those of reach ``node``
leave by no door.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Connection

from fedorg.domain.askers import Asker
from fedorg.domain.relationships import FollowState
from fedorg.domain.statuses import PageQuery, Status
from fedorg.domain.visibility import Reach, Tier, Visibility, is_inside
from fedorg.ids import AccountId, StatusId
from fedorg.store import domain_names, narrowing, paging, statuses
from fedorg.store.beside import beside
from fedorg.store.tables import accounts, blocks, follows, mentions, pins
from fedorg.store.tables import statuses as rows

_OPEN: Final = (Visibility.PUBLIC.value, Visibility.UNLISTED.value)
_LISTED: Final = sa.and_(rows.c.visibility != Visibility.DIRECT.value, rows.c.reach != Reach.NODE.value)
_IS_PRESENT: Final = sa.exists().where(accounts.c.id == rows.c.account_id, accounts.c.suspended_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An account that a status names, and its server; None: this one."""

    account_id: AccountId
    peer: str | None


def list_mentioned(conn: Connection, ids: Collection[StatusId]) -> dict[StatusId, list[Named]]:
    """Whom each of the statuses names, in one query."""
    found: defaultdict[StatusId, list[Named]] = defaultdict(list)
    statement = (
        sa.select(mentions.c.status_id, accounts.c.id, accounts.c.peer)
        .join(accounts, accounts.c.id == mentions.c.account_id)
        .where(mentions.c.status_id.in_(ids))
    )
    for row in conn.execute(statement):
        found[row.status_id].append(Named(account_id=row.id, peer=row.peer))
    return dict(found)


def list_followed_from(conn: Connection, peer: str, authors: Collection[AccountId]) -> frozenset[AccountId]:
    """Those of ``authors`` whom somebody on a server follows, accepted."""
    statement = (
        sa.select(follows.c.target_id)
        .join(accounts, accounts.c.id == follows.c.account_id)
        .where(
            follows.c.target_id.in_(authors),
            follows.c.state == FollowState.ACCEPTED.value,
            accounts.c.peer == peer,
        )
    )
    return frozenset(conn.execute(statement.distinct()).scalars())


def list_blocked_with(conn: Connection, account_id: AccountId, authors: Collection[AccountId]) -> frozenset[AccountId]:
    """Those of ``authors`` that block an account or are blocked by it."""
    statement = sa.union(
        sa.select(blocks.c.target_id).where(blocks.c.account_id == account_id, blocks.c.target_id.in_(authors)),
        sa.select(blocks.c.account_id).where(blocks.c.target_id == account_id, blocks.c.account_id.in_(authors)),
    )
    return frozenset(conn.execute(statement).scalars())


def visible_to(asker: Asker | None) -> ColumnElement[bool]:
    """Rows of ``statuses`` that may be listed to an asker; None is somebody who proves nothing."""
    if asker is None:
        return sa.and_(narrowing.visible_to(None), _IS_PRESENT)
    if asker.tier is Tier.BLOCKED:
        return sa.false()
    own, is_named, is_blocked = _relations(asker.account_id)
    reaches = [reach.value for reach in Reach if is_inside(asker.tier, reach, asker.ceilings.largest_reach)]
    is_in_ring = sa.or_(
        rows.c.reach == Reach.PUBLIC.value,
        rows.c.reach_domain.is_(None),
        rows.c.reach_domain == asker.domain,
        _names_somebody_at(asker.domain),
    )
    is_for = sa.or_(
        beside(rows.c.visibility).in_(_OPEN),
        sa.and_(rows.c.visibility == Visibility.PRIVATE.value, sa.or_(_has_follower_at(asker.domain), is_named)),
    )
    is_inside_reach = sa.and_(rows.c.reach.in_(reaches), _takes_in(asker), is_in_ring, is_for)
    return sa.and_(_LISTED, _IS_PRESENT, ~is_blocked, sa.or_(own, is_inside_reach))


def _takes_in(asker: Asker) -> ColumnElement[bool]:
    """Rows that name no partners, or the asker among them; who is no partner needs no naming."""
    if asker.tier is not Tier.PARTNER:
        return sa.true()
    return sa.or_(rows.c.reach_partners.is_(None), domain_names.holds(rows.c.reach_partners, asker.domain))


# Pages


def list_posted(conn: Connection, asker: Asker | None, account_id: AccountId, page: PageQuery) -> list[Status]:
    """What an account posted and boosted, newest first."""
    statement = _select(asker, rows.c.account_id == account_id)
    return [statuses.from_row(row) for row in paging.rows_of(conn, statement, rows.c.id, page)]


def list_replies(
    conn: Connection, asker: Asker | None, status_id: StatusId, *, after: StatusId, limit: int
) -> list[Status]:
    """What answers a status, oldest first."""
    return _list_after(conn, _select(asker, rows.c.in_reply_to_id == status_id), after, limit)


def list_boosts(
    conn: Connection, asker: Asker | None, status_id: StatusId, *, after: StatusId, limit: int
) -> list[Status]:
    """The boosts of a status, oldest first."""
    return _list_after(conn, _select(asker, rows.c.reblog_of_id == status_id), after, limit)


def list_thread(
    conn: Connection, asker: Asker | None, thread_id: StatusId, *, after: StatusId, limit: int
) -> list[Status]:
    """The statuses of a thread, oldest first."""
    return _list_after(conn, _select(asker, _in_thread(thread_id)), after, limit)


def list_pinned(conn: Connection, asker: Asker | None, account_id: AccountId, limit: int) -> list[Status]:
    """What an account pinned, the latest pin first."""
    statement = (
        _select(asker, beside(rows.c.account_id) == account_id)
        .join(pins, pins.c.status_id == rows.c.id)
        .where(pins.c.account_id == account_id)
        .order_by(pins.c.id.desc())
        .limit(limit)
    )
    return [statuses.from_row(row) for row in conn.execute(statement)]


def count_posted(conn: Connection, asker: Asker | None, account_id: AccountId, limit: int) -> int:
    """How many an account posted and boosted; no further than ``limit``."""
    return _count(conn, asker, rows.c.account_id == account_id, limit)


def count_replies(conn: Connection, asker: Asker | None, status_id: StatusId, limit: int) -> int:
    """How many answer a status; no further than ``limit``."""
    return _count(conn, asker, rows.c.in_reply_to_id == status_id, limit)


def count_boosts(conn: Connection, asker: Asker | None, status_id: StatusId, limit: int) -> int:
    """How many boosts of a status there are; no further than ``limit``."""
    return _count(conn, asker, rows.c.reblog_of_id == status_id, limit)


def count_thread(conn: Connection, asker: Asker | None, thread_id: StatusId, limit: int) -> int:
    """How many there are in a thread; no further than ``limit``."""
    return _count(conn, asker, _in_thread(thread_id), limit)


def _in_thread(thread_id: StatusId) -> ColumnElement[bool]:
    return sa.and_(rows.c.thread_id == thread_id, rows.c.reblog_of_id.is_(None))


def _select(asker: Asker | None, which: ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(*statuses.COLUMNS).where(which, visible_to(asker))


def _list_after(conn: Connection, statement: sa.Select[Any], after: StatusId, limit: int) -> list[Status]:
    page = statement.where(rows.c.id > after).order_by(rows.c.id).limit(limit)
    return [statuses.from_row(row) for row in conn.execute(page)]


def _count(conn: Connection, asker: Asker | None, which: ColumnElement[bool], limit: int) -> int:
    bounded = sa.select(rows.c.id).where(which, visible_to(asker)).limit(limit).subquery()
    return int(conn.execute(sa.select(sa.func.count()).select_from(bounded)).scalar_one())


def _relations(
    account_id: AccountId | None,
) -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[bool]]:
    """Whether a status is the account's own, names it, and is by somebody it does not get along with."""
    if account_id is None:
        return sa.false(), sa.false(), sa.false()
    is_named = sa.exists().where(mentions.c.status_id == rows.c.id, mentions.c.account_id == account_id)
    return rows.c.account_id == account_id, is_named, narrowing.is_blocked_with(account_id, rows.c.account_id)


def _names_somebody_at(peer: str) -> ColumnElement[bool]:
    return sa.exists().where(
        mentions.c.status_id == rows.c.id, accounts.c.id == mentions.c.account_id, accounts.c.peer == peer
    )


def _has_follower_at(peer: str) -> ColumnElement[bool]:
    follower: Column[int] = follows.c.account_id
    return sa.exists().where(
        follows.c.target_id == rows.c.account_id,
        follows.c.state == FollowState.ACCEPTED.value,
        accounts.c.id == follower,
        accounts.c.peer == peer,
    )
