"""Rows of ``media_attachments``: files of local accounts, and where those of peers lie."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.media import MediaState, Playback
from fedorg.domain.statuses import Dimensions, MediaAttachment, MediaChange, MediaType
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId, MediaId, ScheduledStatusId, StatusId
from fedorg.store.gathered import Part
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import media_attachments

_OWN_UNATTACHED: Final = (
    media_attachments.c.id == sa.bindparam("media_id"),
    media_attachments.c.account_id == sa.bindparam("owner"),
    media_attachments.c.status_id.is_(None),
    media_attachments.c.scheduled_status_id.is_(None),
)
_OF_STATUSES: Final = Prepared(
    sa.select(media_attachments)
    .where(media_attachments.c.status_id.in_(many("ids")))
    .order_by(media_attachments.c.status_id, media_attachments.c.position, media_attachments.c.id)
)
OF_STATUSES: Final = Part(
    sa.select(media_attachments.c.status_id.label("which"), *media_attachments.c).where(
        media_attachments.c.status_id.in_(many("ids"))
    ),
    lambda rows: tuple(from_row(row) for row in sorted(rows, key=lambda row: (row.position, row.id))),
)
"""The files of statuses, in their order."""
_GET_UNATTACHED: Final = sa.select(media_attachments).where(*_OWN_UNATTACHED)
_DELETE_UNATTACHED: Final = sa.delete(media_attachments).where(*_OWN_UNATTACHED).returning(media_attachments)
_IS_OWN: Final = sa.select(sa.exists().where(*_OWN_UNATTACHED[:2]))
# What no status shows and no scheduled one holds.
_IS_FREE: Final = sa.and_(*_OWN_UNATTACHED[2:])


def insert_many(conn: Connection, attachments: Sequence[MediaAttachment]) -> None:
    """Add files; their place in the status is the place in ``attachments``."""
    if attachments:
        conn.execute(
            sa.insert(media_attachments), [_values(one) | {"position": place} for place, one in enumerate(attachments)]
        )


def get_unattached(conn: Connection, account_id: AccountId, media_id: MediaId) -> MediaAttachment:
    """A file of the account that no status shows; ``NotFound`` for any other (S45)."""
    row = conn.execute(_GET_UNATTACHED, {"media_id": media_id, "owner": account_id}).one_or_none()
    if row is None:
        raise NotFound
    return from_row(row)


def find_waiting(conn: Connection, media_id: MediaId) -> MediaAttachment | None:
    """A file that waits to be made anew, whosever it is: for the job that does."""
    statement = sa.select(media_attachments).where(*_waiting(media_id))
    row = conn.execute(statement).one_or_none()
    return None if row is None else from_row(row)


def lock_waiting(conn: Connection, media_id: MediaId) -> MediaAttachment | None:
    """The same, which nobody else changes until the end of the transaction."""
    row = conn.execute(sa.select(media_attachments).where(*_waiting(media_id)).with_for_update()).one_or_none()
    return None if row is None else from_row(row)


def finish(conn: Connection, made: MediaAttachment) -> bool:
    """Write down what was made of a file that waited; False when it was deleted or finished meanwhile.

    Description and focus may have changed since and stay as they are.
    """
    values = _values(made)
    kept = {"id", "account_id", "status_id", "description", "focus_x", "focus_y", "created_at"}
    changed = {name: value for name, value in values.items() if name not in kept}
    return conn.execute(sa.update(media_attachments).where(*_waiting(made.id)).values(changed)).rowcount == 1


def set_preview(
    conn: Connection, account_id: AccountId, media_id: MediaId, preview: str, small: Dimensions, blurhash: str
) -> str | None:
    """Give an unattached file of the account another preview; the one it had, whose file the caller deletes.

    A picture keeps the blurhash of what it shows; ``NotFound`` for anybody else's file.
    """
    owned = {"media_id": media_id, "owner": account_id}
    row = conn.execute(_GET_UNATTACHED.with_for_update(), owned).one_or_none()
    if row is None:
        raise NotFound
    before = from_row(row)
    shown = before.blurhash if before.type is MediaType.IMAGE else blurhash
    changed = {"preview": preview, "small_width": small.width, "small_height": small.height, "blurhash": shown}
    conn.execute(sa.update(media_attachments).where(media_attachments.c.id == media_id).values(changed))
    return before.preview


def sum_bytes(conn: Connection, account_id: AccountId) -> int:
    """How many bytes the files of an account take."""
    statement = sa.select(sa.func.coalesce(sa.func.sum(media_attachments.c.size_bytes), 0))
    return int(conn.execute(statement.where(media_attachments.c.account_id == account_id)).scalar_one())


def change(conn: Connection, account_id: AccountId, status_id: StatusId | None, changed: MediaChange) -> None:
    """New description or focus for a file of the account, of that status or unattached; ``NotFound`` for any other."""
    values: dict[str, Any] = {}
    if changed.description is not None:
        values["description"] = changed.description
    if changed.focus is not None:
        values["focus_x"], values["focus_y"] = changed.focus
    owned = (
        media_attachments.c.id == changed.media_id,
        media_attachments.c.account_id == account_id,
        media_attachments.c.status_id == status_id,
    )
    # Nothing to set is still a question: does the account have such a file?
    values = values or {"position": media_attachments.c.position}
    if conn.execute(sa.update(media_attachments).where(*owned).values(values)).rowcount != 1:
        raise NotFound


def keep(
    conn: Connection, account_id: AccountId, scheduled_id: ScheduledStatusId, media_ids: Collection[MediaId]
) -> bool:
    """Hold the account's own free files for a scheduled status; False when one of them is not free."""
    held = sa.update(media_attachments).where(
        media_attachments.c.id.in_(media_ids), media_attachments.c.account_id == account_id, _IS_FREE
    )
    return conn.execute(held.values(scheduled_status_id=scheduled_id)).rowcount == len(set(media_ids))


def attach(
    conn: Connection, account_id: AccountId, status_id: StatusId, media_ids: Sequence[MediaId]
) -> tuple[MediaId, ...]:
    """Give a status its files, in this order; returns those that are not the account's own, or another status's.

    Files the status had before and that are not named are let go of.
    """
    conn.execute(
        sa.update(media_attachments)
        .where(media_attachments.c.status_id == status_id, media_attachments.c.id.not_in(media_ids))
        .values(status_id=None)
    )
    free = sa.or_(_IS_FREE, media_attachments.c.status_id == status_id)
    refused = []
    for position, media_id in enumerate(media_ids):
        statement = (
            sa.update(media_attachments)
            .where(media_attachments.c.id == media_id, media_attachments.c.account_id == account_id, free)
            .values(status_id=status_id, position=position)
        )
        if conn.execute(statement).rowcount != 1:
            refused.append(media_id)
    return tuple(refused)


def detach_all(conn: Connection, status_id: StatusId, now: datetime) -> None:
    """Let go of the files of a status; they wait from ``now`` on to be attached again."""
    conn.execute(
        sa.update(media_attachments)
        .where(media_attachments.c.status_id == status_id)
        .values(status_id=None, created_at=now)
    )


def delete_of_status(conn: Connection, status_id: StatusId) -> None:
    """Remove the rows of all files of a status."""
    conn.execute(sa.delete(media_attachments).where(media_attachments.c.status_id == status_id))


def delete_unattached(conn: Connection, account_id: AccountId, media_id: MediaId) -> MediaAttachment:
    """Remove a file that no status shows or will show; the caller deletes what is stored.

    ``NotFound`` for somebody else's, ``Invalid`` for one that a status shows, or a scheduled one holds.
    """
    owned = {"media_id": media_id, "owner": account_id}
    row = conn.execute(_DELETE_UNATTACHED, owned).one_or_none()
    if row is not None:
        return from_row(row)
    if conn.execute(_IS_OWN, owned).scalar():
        raise Invalid("Media attachment is currently used by a status")
    raise NotFound


def take_abandoned(conn: Connection, before: datetime, limit: int) -> list[MediaAttachment]:
    """Remove up to ``limit`` files that were kept for no status since before a moment, and return them."""
    stale = sa.select(media_attachments.c.id).where(_IS_FREE, media_attachments.c.created_at < before).limit(limit)
    # Found first: PostgreSQL would look for them anew for each file that is free.
    found = conn.execute(stale).scalars().all()
    # Asked again of each row: somebody may attach it while it is found.
    statement = sa.delete(media_attachments).where(media_attachments.c.id.in_(found), _IS_FREE)
    return [from_row(row) for row in conn.execute(statement.returning(media_attachments))]


def list_of_account(conn: Connection, account_id: AccountId, limit: int) -> list[MediaAttachment]:
    """Up to ``limit`` files of an account, attached or not."""
    statement = (
        sa.select(media_attachments)
        .where(media_attachments.c.account_id == account_id)
        .order_by(media_attachments.c.id)
        .limit(limit)
    )
    return [from_row(row) for row in conn.execute(statement)]


def delete_many(conn: Connection, ids: Collection[MediaId]) -> None:
    """Remove the rows of files whose contents are gone."""
    conn.execute(sa.delete(media_attachments).where(media_attachments.c.id.in_(ids)))


def list_of_statuses(conn: Connection, ids: Collection[StatusId]) -> dict[StatusId, tuple[MediaAttachment, ...]]:
    """The files of each status that has any, in their order, in one query."""
    if not ids:
        return {}
    found: defaultdict[StatusId, list[MediaAttachment]] = defaultdict(list)
    for row in _OF_STATUSES.rows(conn, ids=ids):
        found[row.status_id].append(from_row(row))
    return {status_id: tuple(found[status_id]) for status_id in found}


def from_row(row: Any) -> MediaAttachment:  # noqa: ANN401 - a row or a record
    """The attachment in a row of the table."""
    return MediaAttachment(
        id=row.id,
        account_id=row.account_id,
        status_id=row.status_id,
        type=MediaType(row.type),
        content_type=row.content_type,
        file=row.file,
        preview=row.preview,
        remote_url=row.remote_url,
        remote_preview_url=row.remote_preview_url,
        description=row.description,
        blurhash=row.blurhash,
        focus=None if row.focus_x is None or row.focus_y is None else (row.focus_x, row.focus_y),
        original=_dimensions(row.original_width, row.original_height),
        small=_dimensions(row.small_width, row.small_height),
        size_bytes=row.size_bytes,
        state=MediaState(row.state),
        received=row.received,
        playback=None if row.playback is None else msgspec.convert(row.playback, Playback),
        created_at=row.created_at,
    )


def _waiting(media_id: MediaId) -> tuple[sa.ColumnElement[bool], ...]:
    return (media_attachments.c.id == media_id, media_attachments.c.state == MediaState.PROCESSING.value)


def _dimensions(width: int | None, height: int | None) -> Dimensions | None:
    return None if width is None or height is None else Dimensions(width=width, height=height)


def _values(one: MediaAttachment) -> dict[str, Any]:
    focus_x, focus_y = one.focus or (None, None)
    return {
        "id": one.id,
        "account_id": one.account_id,
        "status_id": one.status_id,
        "type": one.type.value,
        "content_type": one.content_type,
        "file": one.file,
        "preview": one.preview,
        "remote_url": one.remote_url,
        "remote_preview_url": one.remote_preview_url,
        "description": one.description,
        "blurhash": one.blurhash,
        "focus_x": focus_x,
        "focus_y": focus_y,
        "original_width": one.original and one.original.width,
        "original_height": one.original and one.original.height,
        "small_width": one.small and one.small.width,
        "small_height": one.small and one.small.height,
        "size_bytes": one.size_bytes,
        "state": one.state.value,
        "received": one.received,
        "playback": one.playback and msgspec.to_builtins(one.playback),
        "created_at": one.created_at,
    }
