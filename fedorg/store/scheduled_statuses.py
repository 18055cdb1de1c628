"""Rows of ``scheduled_statuses``: drafts that wait for their time, and the files kept for them (S45)."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.statuses import MediaAttachment, PageQuery, ScheduledStatus, StatusDraft
from fedorg.errors import NotFound
from fedorg.ids import AccountId, ScheduledStatusId, UserId
from fedorg.store import media, paging
from fedorg.store.tables import media_attachments, scheduled_statuses
from fedorg.store.upsert import insert_ignore

ERROR_MAX: Final = 500


def insert(conn: Connection, now: datetime, one: ScheduledStatus) -> bool:
    """Add one; False when its key is in use."""
    values = {
        "id": one.id,
        "account_id": one.account_id,
        "user_id": one.user_id,
        "draft": msgspec.to_builtins(one.draft),
        "idempotency_key": one.draft.idempotency_key,
        "scheduled_at": one.scheduled_at,
        "created_at": now,
    }
    return bool(insert_ignore(conn, scheduled_statuses, [values]))


def get(conn: Connection, account_id: AccountId, scheduled_id: ScheduledStatusId) -> ScheduledStatus:
    """One of the account's own; ``NotFound`` for anybody else's."""
    owned = (scheduled_statuses.c.id == scheduled_id, scheduled_statuses.c.account_id == account_id)
    return _one(conn, sa.select(scheduled_statuses).where(*owned))


def find(conn: Connection, scheduled_id: ScheduledStatusId) -> ScheduledStatus | None:
    """One, whosever it is: for the job that posts it."""
    try:
        return _one(conn, sa.select(scheduled_statuses).where(scheduled_statuses.c.id == scheduled_id))
    except NotFound:
        return None


def find_by_key(conn: Connection, account_id: AccountId, key: str) -> ScheduledStatus | None:
    """The one that was scheduled under an idempotency key."""
    keyed = (scheduled_statuses.c.account_id == account_id, scheduled_statuses.c.idempotency_key == key)
    try:
        return _one(conn, sa.select(scheduled_statuses).where(*keyed))
    except NotFound:
        return None


def list_of_account(conn: Connection, account_id: AccountId, page: PageQuery) -> list[ScheduledStatus]:
    """A page of an account's own, the latest made first."""
    statement = sa.select(scheduled_statuses).where(scheduled_statuses.c.account_id == account_id)
    rows = paging.rows_of(conn, statement, scheduled_statuses.c.id, page)
    files = _media(conn, [row.id for row in rows])
    return [_scheduled(row, tuple(files[row.id])) for row in rows]


def count(conn: Connection, account_id: AccountId, since: datetime, until: datetime) -> tuple[int, int]:
    """How many wait for an account in all, and how many of them for a moment from ``since`` to before ``until``."""
    is_within = sa.and_(scheduled_statuses.c.scheduled_at >= since, scheduled_statuses.c.scheduled_at < until)
    statement = sa.select(sa.func.count(), sa.func.count().filter(is_within)).where(
        scheduled_statuses.c.account_id == account_id
    )
    total, within = conn.execute(statement).one()
    return int(total), int(within)


def put_off(conn: Connection, scheduled_id: ScheduledStatusId, scheduled_at: datetime) -> None:
    """Another moment; what went wrong before is forgotten."""
    conn.execute(
        sa.update(scheduled_statuses)
        .where(scheduled_statuses.c.id == scheduled_id)
        .values(scheduled_at=scheduled_at, error=None)
    )


def record_error(conn: Connection, one: ScheduledStatus, error: str) -> None:
    """It could not be posted; one that was put off since it was read has another try before it."""
    conn.execute(sa.update(scheduled_statuses).where(*_is_unchanged(one)).values(error=error[:ERROR_MAX]))


def take(conn: Connection, now: datetime, one: ScheduledStatus) -> bool:
    """Remove one that is about to be posted; False when it was posted, deleted or put off since it was read."""
    held = sa.select(scheduled_statuses.c.id).where(*_is_unchanged(one)).with_for_update()
    return conn.execute(held).one_or_none() is not None and delete(conn, now, one.id)


def delete(conn: Connection, now: datetime, scheduled_id: ScheduledStatusId) -> bool:
    """Remove one and let go of its files, which wait from ``now`` on to be attached again; whether it was there."""
    conn.execute(
        sa.update(media_attachments)
        .where(media_attachments.c.scheduled_status_id == scheduled_id)
        .values(scheduled_status_id=None, created_at=now)
    )
    return conn.execute(sa.delete(scheduled_statuses).where(scheduled_statuses.c.id == scheduled_id)).rowcount == 1


def _is_unchanged(one: ScheduledStatus) -> tuple[sa.ColumnElement[bool], ...]:
    return (scheduled_statuses.c.id == one.id, scheduled_statuses.c.scheduled_at == one.scheduled_at)


def _one(conn: Connection, statement: sa.Select[Any]) -> ScheduledStatus:
    row = conn.execute(statement).one_or_none()
    if row is None:
        raise NotFound
    return _scheduled(row, tuple(_media(conn, [row.id])[row.id]))


def _media(conn: Connection, ids: Collection[int]) -> defaultdict[int, list[MediaAttachment]]:
    found: defaultdict[int, list[MediaAttachment]] = defaultdict(list)
    statement = (
        sa.select(media_attachments)
        .where(media_attachments.c.scheduled_status_id.in_(ids))
        .order_by(media_attachments.c.id)
    )
    for row in conn.execute(statement):
        found[row.scheduled_status_id].append(media.from_row(row))
    return found


def _scheduled(row: sa.Row[Any], files: tuple[MediaAttachment, ...]) -> ScheduledStatus:
    return ScheduledStatus(
        id=ScheduledStatusId(row.id),
        account_id=AccountId(row.account_id),
        user_id=UserId(row.user_id),
        draft=msgspec.convert(row.draft, StatusDraft),
        scheduled_at=row.scheduled_at,
        error=row.error,
        media=files,
    )
