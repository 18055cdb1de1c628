"""Rows of ``notification_requests`` and ``notification_permissions``: who asks to be heard, and who is heard.

A request stands for as long as a filtered mention or quote of its sender is there.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.notification_policy import COUNT_MAX, REQUESTED, NotificationRequest
from fedorg.domain.notifications import NotificationType
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.ids import AccountId, IdSource, NotificationRequestId, StatusId
from fedorg.store import paging
from fedorg.store.stale import Stale
from fedorg.store.tables import accounts, notification_permissions, notification_requests, notifications
from fedorg.store.upsert import upsert

_ASKING = [one.value for one in REQUESTED]


def put(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    account_ids: Collection[AccountId],
    by: AccountId,
    status_id: StatusId,
) -> None:
    """``by`` asks each of ``account_ids`` to be heard, with one status more."""
    for account_id in account_ids:
        row = {
            "id": ids.next(),
            "account_id": account_id,
            "from_account_id": by,
            "last_status_id": status_id,
            "created_at": now,
            "updated_at": now,
        }
        key = ["account_id", "from_account_id"]
        upsert(conn, notification_requests, row, key=key, update=["last_status_id", "updated_at"])


def list_of_account(conn: Connection, account_id: AccountId, page: PageQuery) -> list[NotificationRequest]:
    """A page of who asks an account, the latest first."""
    statement = sa.select(notification_requests).where(*_standing(account_id))
    return [_request(row) for row in paging.rows_of(conn, statement, notification_requests.c.id, page)]


def list_by_ids(
    conn: Connection, account_id: AccountId, ids: Collection[NotificationRequestId]
) -> list[NotificationRequest]:
    """Those of ``ids`` that ask the account itself (S45)."""
    statement = sa.select(notification_requests).where(*_standing(account_id), notification_requests.c.id.in_(ids))
    return [_request(row) for row in conn.execute(statement.order_by(notification_requests.c.id))]


def get(conn: Connection, account_id: AccountId, request_id: NotificationRequestId) -> NotificationRequest:
    """One that asks the account itself; ``NotFound`` for anybody else's."""
    found = list_by_ids(conn, account_id, [request_id])
    if not found:
        raise NotFound
    return found[0]


def counts(conn: Connection, account_id: AccountId, senders: Collection[AccountId]) -> dict[AccountId, int]:
    """How many filtered mentions and quotes of each sender wait, counted no further than ``COUNT_MAX``."""
    number = sa.func.count().label("number")
    statement = (
        sa.select(notifications.c.from_account_id, number)
        .where(*_waiting(account_id), notifications.c.from_account_id.in_(senders))
        .group_by(notifications.c.from_account_id)
    )
    return {AccountId(row.from_account_id): min(row.number, COUNT_MAX) for row in conn.execute(statement)}


def totals(conn: Connection, account_id: AccountId) -> tuple[int, int]:
    """How many ask an account, and with how many notifications; of ``COUNT_MAX`` who ask."""
    asking = sa.select(notification_requests.c.from_account_id).where(*_standing(account_id)).limit(COUNT_MAX)
    found = counts(conn, account_id, list(conn.execute(asking).scalars()))
    return len(found), sum(found.values())


def permit(conn: Connection, now: datetime, request: NotificationRequest) -> None:
    """Hear of whoever asks from now on; what waits is still to be brought in."""
    row = {
        "account_id": request.account_id,
        "from_account_id": request.from_account_id,
        "is_merging": True,
        "created_at": now,
    }
    upsert(conn, notification_permissions, row, key=["account_id", "from_account_id"], update=["is_merging"])
    _delete(conn, request)


def dismiss(conn: Connection, request: NotificationRequest) -> None:
    """Forget who asks and what waits of them; they may ask again."""
    conn.execute(
        sa.delete(notifications).where(
            notifications.c.account_id == request.account_id,
            notifications.c.from_account_id == request.from_account_id,
            notifications.c.filtered,
        )
    )
    _delete(conn, request)


def forget(conn: Connection, account_id: AccountId, by: AccountId | None = None) -> None:
    """Forget who asks an account: ``by``, or everybody."""
    condition = notification_requests.c.account_id == account_id
    if by is not None:
        condition &= notification_requests.c.from_account_id == by
    conn.execute(sa.delete(notification_requests).where(condition))


def forget_domain(conn: Connection, account_id: AccountId, domain: str) -> None:
    """Forget those of a server who ask an account."""
    is_theirs = sa.or_(accounts.c.domain == domain, accounts.c.peer == domain)
    conn.execute(
        sa.delete(notification_requests).where(
            notification_requests.c.account_id == account_id,
            sa.exists().where(accounts.c.id == notification_requests.c.from_account_id, is_theirs),
        )
    )


def unfilter(
    conn: Connection, account_id: AccountId, by: AccountId, limit: int
) -> list[tuple[StatusId | None, NotificationType]]:
    """Show up to ``limit`` notifications that waited, the oldest first: the status and the type of each."""
    some = (
        sa.select(notifications.c.id)
        .where(
            notifications.c.account_id == account_id, notifications.c.from_account_id == by, notifications.c.filtered
        )
        .order_by(notifications.c.id)
        .limit(limit)
    )
    statement = (
        sa.update(notifications)
        .where(notifications.c.id.in_(some))
        .values(filtered=False)
        .returning(notifications.c.id, notifications.c.status_id, notifications.c.type)
    )
    return [
        (row.status_id, NotificationType(row.type)) for row in sorted(conn.execute(statement), key=lambda row: row.id)
    ]


def end_merging(conn: Connection, account_id: AccountId, by: AccountId) -> bool:
    """All that waited of ``by`` is brought in; whether nothing of anybody else is being brought in either."""
    conn.execute(
        sa.update(notification_permissions)
        .where(notification_permissions.c.account_id == account_id, notification_permissions.c.from_account_id == by)
        .values(is_merging=False)
    )
    return not is_merging(conn, account_id)


def is_merging(conn: Connection, account_id: AccountId) -> bool:
    """Whether something that was accepted is still being brought in."""
    statement = sa.exists().where(
        notification_permissions.c.account_id == account_id, notification_permissions.c.is_merging
    )
    return bool(conn.execute(sa.select(statement)).scalar())


EMPTY: Final = Stale(
    notification_requests.c.id,
    lambda before: (notification_requests.c.updated_at < before) & ~_is_waited_for(notification_requests.c.account_id),
)
"""Requests last made before a moment that nothing waits for."""


def _standing(account_id: AccountId) -> tuple[ColumnElement[bool], ...]:
    """Requests of senders that are not suspended and of whom something waits."""
    return (
        notification_requests.c.account_id == account_id,
        _is_waited_for(account_id),
        ~sa.exists().where(
            accounts.c.id == notification_requests.c.from_account_id, accounts.c.suspended_at.is_not(None)
        ),
    )


def _is_waited_for(account_id: AccountId | ColumnElement[Any]) -> ColumnElement[bool]:
    return sa.exists().where(
        *_waiting(account_id), notifications.c.from_account_id == notification_requests.c.from_account_id
    )


def _waiting(account_id: AccountId | ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
    return (
        notifications.c.account_id == account_id,
        notifications.c.filtered,
        notifications.c.type.in_(_ASKING),
    )


def _delete(conn: Connection, request: NotificationRequest) -> None:
    conn.execute(sa.delete(notification_requests).where(notification_requests.c.id == request.id))


def _request(row: sa.Row[Any]) -> NotificationRequest:
    return NotificationRequest(
        id=row.id,
        account_id=row.account_id,
        from_account_id=row.from_account_id,
        last_status_id=row.last_status_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
