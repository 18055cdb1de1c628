"""What a node keeps away of other servers."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

_peers = sa.table(
    "peers",
    sa.column("domain", sa.Text),
    sa.column("tier", sa.Text),
    sa.column("first_seen_at", sa.BigInteger),
    sa.column("block_id", sa.BigInteger),
    sa.column("blocked_at", sa.BigInteger),
)


def upgrade() -> None:
    """Five columns; servers that are blocked already get an id, and the moment when that was decided."""
    op.add_column("peers", sa.Column("block_id", sa.BigInteger, nullable=True))
    op.add_column("peers", sa.Column("blocked_at", sa.BigInteger, nullable=True))
    for name in ("is_silenced", "reject_media", "reject_reports"):
        op.add_column("peers", sa.Column(name, sa.Boolean, server_default=sa.false(), nullable=False))
    op.create_index(op.f("ix_peers_block_id"), "peers", ["block_id"], unique=True)
    conn = op.get_bind()
    decided = _last_decisions(conn)
    blocked = conn.execute(sa.select(_peers).where(_peers.c.tier == "blocked").order_by(_peers.c.domain)).all()
    for number, row in enumerate(blocked):
        moment = decided.get(row.domain, row.first_seen_at)
        # An id as the node makes them: milliseconds, then what tells those of one moment apart.
        values = {"block_id": (moment << 16) + number % 0x10000, "blocked_at": moment}
        conn.execute(sa.update(_peers).where(_peers.c.domain == row.domain).values(values))


def _last_decisions(conn: sa.Connection) -> dict[str, int]:
    """When a server was last blocked, as far as the audit log tells."""
    said = sa.text("SELECT target, details, created_at FROM audit_log WHERE action = 'peer.tier' ORDER BY id")
    return {row.target: row.created_at for row in conn.execute(said) if _details(row.details).get("tier") == "blocked"}


def _details(stored: Any) -> dict[str, Any]:  # noqa: ANN401 - text on SQLite, parsed on PostgreSQL
    details: dict[str, Any] = json.loads(stored) if isinstance(stored, str) else stored
    return details
