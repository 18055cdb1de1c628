"""Rows of ``upkeep_cursors``: how far upkeep has come that walks a large table in steps."""

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.store.tables import upkeep_cursors
from fedorg.store.upsert import upsert


def position(conn: Connection, name: str) -> int:
    """Where the next step of a walk begins; 0 is the beginning."""
    found = conn.execute(sa.select(upkeep_cursors.c.position).where(upkeep_cursors.c.name == name)).scalar()
    return int(found or 0)


def go_to(conn: Connection, name: str, place: int) -> None:
    """Note where the next step begins."""
    upsert(conn, upkeep_cursors, {"name": name, "position": place}, key=["name"])
