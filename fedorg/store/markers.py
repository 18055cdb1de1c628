"""Rows of ``markers``: how far an account has read a timeline."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.statuses import Marker, TimelineName
from fedorg.ids import AccountId
from fedorg.store.tables import markers
from fedorg.store.upsert import insert_ignore


def list_of_account(conn: Connection, account_id: AccountId, timelines: Collection[TimelineName]) -> list[Marker]:
    """The markers there are among ``timelines``."""
    statement = (
        sa.select(markers)
        .where(markers.c.account_id == account_id, markers.c.timeline.in_(timelines))
        .order_by(markers.c.timeline)
    )
    return [
        Marker(timeline=row.timeline, last_read_id=row.last_read_id, version=row.version, updated_at=row.updated_at)
        for row in conn.execute(statement)
    ]


def put(conn: Connection, now: datetime, account_id: AccountId, timeline: TimelineName, last_read_id: int) -> None:
    """Store a position with the next version."""
    key = {"account_id": account_id, "timeline": timeline}
    insert_ignore(conn, markers, [key | {"last_read_id": last_read_id, "version": 0, "updated_at": now}])
    conn.execute(
        sa.update(markers)
        .where(markers.c.account_id == account_id, markers.c.timeline == timeline)
        .values(last_read_id=last_read_id, version=markers.c.version + 1, updated_at=now)
    )
