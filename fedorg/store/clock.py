"""What the queues hold by a clock that was set: leases are kept, and nothing waits for a moment that was a mistake.

Ids tell when they were given. A row that was made due, or leased, by a clock that ran ahead would wait until the right
one has come as far; by a clock that is set ahead, all leases end at once, with their holders alive.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, or_, select, update

from fedorg import ids
from fedorg.store import changes
from fedorg.store.tables import deliveries, jobs, notifications, peers, statuses

_NUMBERED: Final = (statuses, notifications, jobs, deliveries)
# A job that is due at once is due in the moment in which its id was given, or just before.
_AT_ONCE: Final = timedelta(seconds=5)


def newest_id(conn: Connection) -> int:
    """The greatest id among what people page through and what is owed; 0 in an empty database."""
    newest = (conn.execute(select(func.max(table.c.id))).scalar() for table in _NUMBERED)
    return max(found or 0 for found in newest)


def keep_leases(conn: Connection, now: datetime, lease: timedelta) -> None:
    """Let what is leased stay so for one lease, whatever the clock says: whoever is at it renews it meanwhile."""
    until = now + lease
    for queue in (jobs, deliveries):
        is_wrong = or_(queue.c.leased_until > until, queue.c.leased_until <= now)
        conn.execute(update(queue).where(is_wrong).values(leased_until=until, due_at=until))


def make_due(conn: Connection, now: datetime) -> None:
    """Let nothing wait for a moment that only the clock that ran ahead could have named.

    What is tried again is tried at once, also where it would have waited by the right clock. What was asked for at a
    later time waits for that time.
    """
    conn.execute(
        update(deliveries)
        .where(deliveries.c.dead_at.is_(None), deliveries.c.leased_until.is_(None), deliveries.c.due_at > now)
        .values(due_at=now)
    )
    conn.execute(update(peers).where(peers.c.closed_until > now).values(closed_until=None))
    waits = (jobs.c.dead_at.is_(None), jobs.c.leased_until.is_(None), jobs.c.due_at > now)
    conn.execute(update(jobs).where(*waits, jobs.c.due_at != jobs.c.created_at).values(due_at=now))
    made_ahead = conn.execute(select(jobs.c.id, jobs.c.due_at).where(*waits, jobs.c.id > ids.at(now))).all()
    due = [row.id for row in made_ahead if row.due_at <= ids.moment_of(row.id) + _AT_ONCE]
    for job_id in due:
        conn.execute(update(jobs).where(jobs.c.id == job_id).values(due_at=now))
    changes.notify(conn)
