"""Rows of ``attempts``: how often somebody tried something within a window of time."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.store.tables import attempts
from fedorg.store.upsert import insert_into


def count(conn: Connection, digest: str, ends_at: datetime) -> int:
    """Count one more in a window that ends then; how many it is now."""
    row = insert_into(conn.dialect.name, attempts).values(digest=digest, ends_at=ends_at, count=1)
    counted = row.on_conflict_do_update(index_elements=["digest"], set_={"count": attempts.c.count + 1})
    total: int = conn.execute(counted.returning(attempts.c.count)).scalar_one()
    return total


def delete_ended(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` whose window ended before a moment."""
    ended = sa.select(attempts.c.digest).where(attempts.c.ends_at < before).limit(limit)
    return conn.execute(sa.delete(attempts).where(attempts.c.digest.in_(ended))).rowcount
