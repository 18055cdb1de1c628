"""Rows whose time is over and that no index finds: looked for by a read, so that nobody waits to write meanwhile."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, select


@dataclass(frozen=True, slots=True)
class Stale:
    """The rows of the table of ``key``, its primary key, of which ``is_over`` holds for a moment."""

    key: Column[Any]
    is_over: Callable[[datetime], ColumnElement[bool]]

    def find(self, conn: Connection, before: datetime, limit: int) -> list[Any]:
        """The keys of up to ``limit`` rows."""
        return list(conn.execute(select(self.key).where(self.is_over(before)).limit(limit)).scalars())

    def hold(self, conn: Connection, before: datetime, keys: Collection[Any]) -> list[Any]:
        """The keys of those of some rows whose time is over still, until this transaction ends.

        Whoever takes one up at this moment is seen by the second look, or finds it gone.
        """
        still = select(self.key).where(self.is_over(before))
        held = conn.execute(still.where(self.key.in_(keys)).with_for_update(skip_locked=True)).scalars().all()
        return list(conn.execute(still.where(self.key.in_(held))).scalars())

    def delete(self, conn: Connection, before: datetime, keys: Collection[Any]) -> int:
        """Delete those of some rows whose time is over still; how many there were."""
        return conn.execute(delete(self.key.table).where(self.key.in_(self.hold(conn, before, keys)))).rowcount
