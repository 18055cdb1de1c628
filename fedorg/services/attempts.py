"""What all processes of a node count together, across restarts: attempts at what only a few are allowed of (S56)."""

import hashlib
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from fedorg.node import Node
from fedorg.store import attempts


async def count(node: Node, rule: str, subject: str, ends_at: datetime) -> int:
    """Count one more attempt of ``subject``; how many there are within the window that ends at ``ends_at``.

    Who it was is not stored, only a digest for each rule and window: clocks that differ count in windows of their own.
    """
    return await node.write(attempts.count, _digest(rule, subject, ends_at), ends_at)


def is_within(conn: Connection, node: Node, rule: str, subject: str, *, most: int, window: timedelta) -> bool:
    """Count one more attempt of ``subject`` in a transaction; whether there are no more than ``most`` in the window.

    ``Settings.rate_limits`` multiplies ``most``, but one stays one, and none is none.
    """
    if most == 0:
        return False
    factor = node.settings.rate_limits
    if factor == 0:
        return True
    seconds = int(window.total_seconds())
    ends_at = datetime.fromtimestamp((int(node.now().timestamp()) // seconds + 1) * seconds, tz=UTC)
    return attempts.count(conn, _digest(rule, subject, ends_at), ends_at) <= max(1, round(most * factor))


def _digest(rule: str, subject: str, ends_at: datetime) -> str:
    return hashlib.sha256(f"{rule} {subject} {ends_at.isoformat()}".encode()).hexdigest()
