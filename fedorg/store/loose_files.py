"""Rows of ``loose_files``: what is stored, or about to be, while no other row refers to it.

A name is held before its file is stored, and settled in the transaction that refers to it; it is held again in the one
that stops doing so. Whatever ends a process in between, upkeep deletes what is still held a day later.
"""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.store.tables import loose_files
from fedorg.store.upsert import insert_ignore


def hold(conn: Connection, names: Collection[str], now: datetime) -> None:
    """Nothing refers to these files, yet or any more."""
    insert_ignore(conn, loose_files, [{"name": name, "since": now} for name in sorted(names)])


def settle(conn: Connection, names: Collection[str]) -> None:
    """Something refers to these files, or they are gone."""
    if names:
        conn.execute(sa.delete(loose_files).where(loose_files.c.name.in_(names)))


def list_before(conn: Connection, before: datetime, limit: int) -> list[str]:
    """Up to ``limit`` files that are loose since before a moment."""
    statement = sa.select(loose_files.c.name).where(loose_files.c.since < before).order_by(loose_files.c.since)
    return list(conn.execute(statement.limit(limit)).scalars())
