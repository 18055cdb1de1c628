"""Rows of ``completions``: when other servers were last asked for what is missing of something.

Looking does not write: most who look at a thread or a profile do so soon after somebody else did.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.refreshes import Refresh
from fedorg.errors import NotFound
from fedorg.store.prepared import Prepared
from fedorg.store.tables import completions
from fedorg.store.tables.columns import Moment
from fedorg.store.upsert import insert_ignore
from fedorg.store.written import Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """That something was asked for; ``refresh`` is what is still being fetched of it."""

    refresh: Refresh | None


_ASKED: Final = Prepared(
    sa.select(completions.c.refresh_id, completions.c.finished_at).where(
        completions.c.subject == sa.bindparam("subject"), completions.c.asked_at > sa.bindparam("before", type_=Moment)
    )
)
_CLAIM_AGAIN: Final = Written(
    sa.update(completions)
    .where(completions.c.subject == sa.bindparam("known_subject"), completions.c.asked_at <= sa.bindparam("before"))
    .values(asked_at=sa.bindparam("moment"), refresh_id=sa.bindparam("refresh"), finished_at=sa.null(), found=sa.null())
)


def is_due(conn: Connection, subject: str, before: datetime) -> bool:
    """Whether nobody asked for it since a moment."""
    return find(conn, subject, before) is None


def claim(conn: Connection, now: datetime, subject: str, before: datetime, refresh_id: str | None = None) -> bool:
    """Note that it is asked for now; False when somebody asked since ``before``. True only once."""
    values = {"asked_at": now, "refresh_id": refresh_id, "finished_at": None, "found": None}
    if insert_ignore(conn, completions, [{"subject": subject, **values}]):
        return True
    again = {"known_subject": subject, "before": before, "moment": now, "refresh": refresh_id}
    return bool(_CLAIM_AGAIN.run(conn, again))


def finish(conn: Connection, now: datetime, refresh_id: str, found: int) -> None:
    """Note that all was asked for, and how much was new."""
    conn.execute(
        sa.update(completions).where(completions.c.refresh_id == refresh_id).values(finished_at=now, found=found)
    )


def find(conn: Connection, subject: str, before: datetime) -> Asked | None:
    """What somebody asked for since ``before``."""
    for row in _ASKED.rows(conn, subject=subject, before=before):
        is_running = row.refresh_id is not None and row.finished_at is None
        return Asked(refresh=Refresh(id=row.refresh_id, is_running=True) if is_running else None)
    return None


def get_refresh(conn: Connection, refresh_id: str, before: datetime) -> Refresh:
    """A refresh; one that was asked for before ``before`` runs no more. ``NotFound`` if there is none."""
    row = conn.execute(sa.select(completions).where(completions.c.refresh_id == refresh_id)).one_or_none()
    if row is None:
        raise NotFound
    return Refresh(id=refresh_id, is_running=row.finished_at is None and row.asked_at > before, found=row.found)


def delete_before(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` that were asked for before a moment; how many there were."""
    stale = sa.select(completions.c.subject).where(completions.c.asked_at < before).limit(limit)
    return conn.execute(sa.delete(completions).where(completions.c.subject.in_(stale))).rowcount
