"""The audit log, read: who did what to whom."""

from datetime import datetime
from typing import Final

from fedorg.domain.moderation import AuditLine
from fedorg.errors import Invalid
from fedorg.node import Node
from fedorg.services import users
from fedorg.store import audit

LINES_MAX: Final = 10_000


async def list_lines(
    node: Node, *, action: str = "", by: str = "", target: str = "", since: datetime | None = None, limit: int = 100
) -> list[AuditLine]:
    """Lines, newest first; ``action`` may be the beginning of one (``account.``), ``by`` has to be a user."""
    if not 0 < limit <= LINES_MAX:
        raise Invalid(f"Between 1 and {LINES_MAX} lines can be listed")
    whose = (await users.get_by_username(node, by)).username if by else ""
    of = target.removeprefix("@").lower()
    return await node.read(
        lambda conn: audit.list_lines(conn, action=action, by=whose, target=of, since=since, limit=limit)
    )
