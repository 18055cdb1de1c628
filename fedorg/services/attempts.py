"""What all processes of a node count together, across restarts: attempts at what only a few are allowed of (S56)."""

import hashlib
from datetime import datetime

from fedorg.node import Node
from fedorg.store import attempts


async def count(node: Node, rule: str, subject: str, ends_at: datetime) -> int:
    """Count one more attempt of ``subject``; how many there are within the window that ends at ``ends_at``.

    Who it was is not stored, only a digest for each rule and window: clocks that differ count in windows of their own.
    """
    digest = hashlib.sha256(f"{rule} {subject} {ends_at.isoformat()}".encode()).hexdigest()
    return await node.write(attempts.count, digest, ends_at)
