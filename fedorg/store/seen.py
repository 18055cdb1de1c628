"""Ids of activities that were taken at the door, so that each is handled once (S11).

An id belongs to the origin of its actor, which the door has checked: nobody can use up another server's ids.
"""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from fedorg.store.digests import shortened
from fedorg.store.tables import seen_activities
from fedorg.store.upsert import insert_ignore


def insert_once(conn: Connection, now: datetime, uri: str) -> bool:
    """Remember an activity; False when it was remembered before."""
    return insert_ignore(conn, seen_activities, [{"uri": shortened(uri), "received_at": now}]) == 1


def is_known(conn: Connection, uri: str, before: datetime) -> bool:
    """Whether an activity was taken lately, and before a moment."""
    statement = select(seen_activities.c.uri).where(
        seen_activities.c.uri == shortened(uri), seen_activities.c.received_at < before
    )
    return conn.execute(statement).first() is not None


def delete_before(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` ids received before a moment; how many there were."""
    stale = select(seen_activities.c.uri).where(seen_activities.c.received_at < before).limit(limit)
    return conn.execute(delete(seen_activities).where(seen_activities.c.uri.in_(stale))).rowcount
