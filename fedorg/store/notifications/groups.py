"""Rows of ``notifications`` as groups: one for each key, with what a page shows of it.

A page holds each group once, by its newest notification in the window (the oldest one, when it is read forwards from
``min_id``). What is counted and shown of a group ends with the newest notification of the page, so that a page says the
same whenever it is asked for: Mastodon's meaning.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.notifications import (
    SAMPLE_MAX,
    UNGROUPED,
    GroupOnPage,
    Notification,
    NotificationGroup,
    NotificationQuery,
    NotificationType,
)
from fedorg.domain.pages import Listed
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.ids import ID_MAX, AccountId, NotificationId
from fedorg.store import paging
from fedorg.store.notifications.reading import asked_for, from_row, selected
from fedorg.store.tables import notifications

LOOKED_THROUGH_MAX: Final = 10_000
_EVERYTHING: Final = NotificationQuery(include_filtered=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What is known of one group up to a notification."""

    count: int
    newest_id: NotificationId
    min_id: NotificationId
    latest_at: datetime
    account_ids: tuple[AccountId, ...]


def list_of_account(
    conn: Connection,
    account_id: AccountId,
    page: PageQuery,
    query: NotificationQuery,
    grouped: Collection[NotificationType],
) -> list[NotificationGroup]:
    """A page of groups, in three queries; only kinds in ``grouped`` are told as one."""
    stands = _stands_for_its_group(account_id, query, grouped, page)
    one, *others = (asked.where(stands) for asked in asked_for(account_id, query))
    found = [from_row(row) for row in paging.rows_of(conn, one, notifications.c.id, page, *others)]
    if not found:
        return []
    first, last = _range(page, found)
    keys = {one.group_key for one in found if one.group_key is not None and one.type in grouped}
    facts = _facts(conn, account_id, keys, first, last)
    return [
        _group(one, facts[one.group_key]) if one.group_key in facts and one.type in grouped else _alone(one)
        for one in found
    ]


def count_after(
    conn: Connection,
    account_id: AccountId,
    after: int,
    limit: int,
    query: NotificationQuery,
    grouped: Collection[NotificationType],
) -> int:
    """How many groups hold something newer than ``after``, counted no further than ``limit``.

    No more than the newest ``LOOKED_THROUGH_MAX`` notifications are looked at: a flood may be told as one.
    """
    key = sa.case((notifications.c.type.in_([one.value for one in grouped]), notifications.c.group_key))
    newest = [
        one.with_only_columns(notifications.c.id, key.label("key"))
        .where(notifications.c.id > after)
        .order_by(notifications.c.id.desc())
        .limit(LOOKED_THROUGH_MAX)
        .subquery()
        for one in asked_for(account_id, query)
    ]
    rows = sa.union_all(*map(sa.select, newest)).subquery()
    groups = sa.select(sa.func.coalesce(rows.c.key, sa.cast(rows.c.id, sa.Text))).distinct().limit(limit)
    return conn.execute(sa.select(sa.func.count()).select_from(groups.subquery())).scalar_one()


def get(conn: Connection, account_id: AccountId, key: str) -> NotificationGroup:
    """One group of the account's own; ``NotFound`` when nothing has this key."""
    statement = (
        sa.select(notifications)
        .where(*selected(notifications, account_id, _EVERYTHING), _has_key(key))
        .order_by(notifications.c.id.desc())
        .limit(1)
    )
    row = conn.execute(statement).one_or_none()
    if row is None:
        raise NotFound
    newest = from_row(row)
    if newest.group_key != key:
        return replace(_alone(newest), page=None)
    facts = _facts(conn, account_id, [key], 0, ID_MAX)[key]
    return NotificationGroup(
        key=key, newest=newest, count=facts.count, most_recent_id=facts.newest_id, account_ids=facts.account_ids
    )


def list_accounts(conn: Connection, account_id: AccountId, key: str, page: PageQuery) -> list[Listed[AccountId]]:
    """Who caused the notifications of a group, paged by the notification."""
    statement = sa.select(notifications.c.id, notifications.c.from_account_id).where(
        *selected(notifications, account_id, _EVERYTHING), _has_key(key)
    )
    return [
        Listed(row_id=row.id, item=AccountId(row.from_account_id))
        for row in paging.rows_of(conn, statement, notifications.c.id, page)
    ]


def delete(conn: Connection, account_id: AccountId, key: str) -> None:
    """Remove a group of the account's own; nothing happens when there is none."""
    conn.execute(sa.delete(notifications).where(notifications.c.account_id == account_id, _has_key(key)))


def _stands_for_its_group(
    account_id: AccountId, query: NotificationQuery, grouped: Collection[NotificationType], page: PageQuery
) -> ColumnElement[bool]:
    """A notification that stands alone, or the one by which the page shows a group."""
    other = notifications.alias("other")
    conditions = [*selected(other, account_id, query), other.c.group_key == notifications.c.group_key]
    if page.min_id is None:
        conditions.append(other.c.id > notifications.c.id)
        if page.max_id is not None:
            conditions.append(other.c.id < page.max_id)
    else:
        conditions += [other.c.id < notifications.c.id, other.c.id > page.min_id]
    return sa.or_(
        notifications.c.group_key.is_(None),
        notifications.c.type.not_in([one.value for one in grouped]),
        ~sa.exists().where(*conditions),
    )


def _range(page: PageQuery, found: Sequence[Notification]) -> tuple[int, int]:
    """From which to which notification a page goes; one that is not full goes to the end of what was asked for."""
    first, last = found[-1].id, found[0].id
    if len(found) == page.limit:
        return first, last
    if page.min_id is not None:
        return first, ID_MAX if page.max_id is None else page.max_id - 1
    return 0 if page.since_id is None else page.since_id + 1, last


def _facts(
    conn: Connection, account_id: AccountId, keys: Collection[str | None], first: int, last: int
) -> dict[str | None, _Facts]:
    """Of each group what lies up to ``last``; its oldest notification from ``first`` on."""
    if not keys:
        return {}
    within = (
        *selected(notifications, account_id, _EVERYTHING),
        notifications.c.group_key.in_(keys),
        notifications.c.id <= last,
    )
    key, number = notifications.c.group_key, notifications.c.id
    counted = (
        sa.select(
            key,
            sa.func.count().label("size"),
            sa.func.min(sa.case((number >= first, number), else_=None)).label("min_id"),
        )
        .where(*within)
        .group_by(key)
    )
    ranked = (
        sa.select(
            key,
            number,
            notifications.c.from_account_id,
            notifications.c.created_at,
            sa.func.row_number().over(partition_by=key, order_by=number.desc()).label("rank"),
        )
        .where(*within)
        .subquery()
    )
    latest: dict[str, list[sa.Row[tuple[str, int, int, datetime, int]]]] = {}
    for row in conn.execute(sa.select(ranked).where(ranked.c.rank <= SAMPLE_MAX).order_by(ranked.c.rank)):
        latest.setdefault(row.group_key, []).append(row)
    return {
        row.group_key: _Facts(
            count=row.size,
            newest_id=latest[row.group_key][0].id,
            min_id=row.min_id or latest[row.group_key][0].id,
            latest_at=latest[row.group_key][0].created_at,
            account_ids=tuple(AccountId(one.from_account_id) for one in latest[row.group_key]),
        )
        for row in conn.execute(counted)
    }


def _group(shown: Notification, facts: _Facts) -> NotificationGroup:
    return NotificationGroup(
        key=shown.key,
        newest=shown,
        count=facts.count,
        most_recent_id=facts.newest_id,
        account_ids=facts.account_ids,
        page=GroupOnPage(min_id=facts.min_id, latest_at=facts.latest_at),
    )


def _alone(one: Notification) -> NotificationGroup:
    return NotificationGroup(
        key=f"{UNGROUPED}{one.id}",
        newest=one,
        count=1,
        most_recent_id=one.id,
        account_ids=(one.from_account_id,),
        page=GroupOnPage(min_id=one.id, latest_at=one.created_at),
    )


def _has_key(key: str) -> ColumnElement[bool]:
    alone = key.removeprefix(UNGROUPED)
    if alone == key:
        return notifications.c.group_key == key
    is_id = alone.isascii() and alone.isdigit() and len(alone) <= len(str(ID_MAX)) and int(alone) <= ID_MAX
    return notifications.c.id == int(alone) if is_id else sa.false()
