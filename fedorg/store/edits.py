"""Rows of ``status_edits``: how a status stood before it changed.

A server may change a status of its own every minute for years, so that the versions of one are bounded: the first one
stays, and the latest as far as ``VERSIONS_MAX`` and ``CHARACTERS_MAX`` go.
"""

from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.statuses import MediaAttachment, StatusEdit
from fedorg.ids import EditId, StatusId
from fedorg.store.tables import status_edits

VERSIONS_MAX: Final = 500
CHARACTERS_MAX: Final = 2_000_000


def insert(conn: Connection, edit: StatusEdit) -> None:
    """Keep a version as it stood, and let go those that are too many."""
    conn.execute(
        sa.insert(status_edits),
        {
            "id": edit.id,
            "status_id": edit.status_id,
            "account_id": edit.account_id,
            "text": edit.text,
            "content": edit.content,
            "spoiler_text": edit.spoiler_text,
            "sensitive": edit.sensitive,
            "media": msgspec.to_builtins(edit.media),
            "poll_options": None if edit.poll_options is None else list(edit.poll_options),
            "created_at": edit.created_at,
        },
    )
    of_status = status_edits.c.status_id == edit.status_id
    conn.execute(sa.delete(status_edits).where(of_status, status_edits.c.id.not_in(_bounded(edit.status_id))))


def list_of_status(conn: Connection, status_id: StatusId) -> list[StatusEdit]:
    """Earlier versions, oldest first."""
    statement = sa.select(status_edits).where(status_edits.c.id.in_(_bounded(status_id))).order_by(status_edits.c.id)
    return [
        StatusEdit(
            id=EditId(row.id),
            status_id=row.status_id,
            account_id=row.account_id,
            text=row.text,
            content=row.content,
            spoiler_text=row.spoiler_text,
            sensitive=row.sensitive,
            media=msgspec.convert(row.media, tuple[MediaAttachment, ...]),
            poll_options=None if row.poll_options is None else tuple(row.poll_options),
            created_at=row.created_at,
        )
        for row in conn.execute(statement)
    ]


def _bounded(status_id: StatusId) -> sa.Select[tuple[int]]:
    """The first version of a status, and the latest within both bounds."""
    edit = status_edits.c
    newest_first = edit.id.desc()
    counted = (
        sa.select(
            edit.id,
            sa.func.row_number().over(order_by=newest_first).label("versions"),
            sa.func.sum(sa.func.length(edit.content)).over(order_by=newest_first).label("characters"),
        )
        .where(edit.status_id == status_id)
        .subquery()
    )
    first = sa.select(sa.func.min(edit.id)).where(edit.status_id == status_id).scalar_subquery()
    is_late = sa.and_(counted.c.versions < VERSIONS_MAX, counted.c.characters <= CHARACTERS_MAX)
    return sa.select(counted.c.id).where(sa.or_(counted.c.id == first, is_late))
