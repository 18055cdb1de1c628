"""Rows of ``completions``: when other servers were last asked for what is missing of something.

Looking does not write: most who look at a thread or a profile do so soon after somebody else did.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.store.tables import completions
from fedorg.store.upsert import insert_ignore


def is_due(conn: Connection, subject: str, before: datetime) -> bool:
    """Whether nobody asked for it since a moment."""
    asked = sa.exists().where(completions.c.subject == subject, completions.c.asked_at > before)
    return not conn.execute(sa.select(asked)).scalar()


def claim(conn: Connection, now: datetime, subject: str, before: datetime) -> bool:
    """Note that it is asked for now; False when somebody asked since ``before``. True only once."""
    if insert_ignore(conn, completions, [{"subject": subject, "asked_at": now}]):
        return True
    statement = (
        sa.update(completions)
        .where(completions.c.subject == subject, completions.c.asked_at <= before)
        .values(asked_at=now)
    )
    return bool(conn.execute(statement).rowcount)


def delete_before(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` that were asked for before a moment; how many there were."""
    stale = sa.select(completions.c.subject).where(completions.c.asked_at < before).limit(limit)
    return conn.execute(sa.delete(completions).where(completions.c.subject.in_(stale))).rowcount
