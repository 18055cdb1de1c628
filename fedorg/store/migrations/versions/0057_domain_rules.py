"""Blocks with all that they say, since when a server is a partner or a sibling, and what a block does to accounts."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

_peers = sa.table(
    "peers",
    sa.column("domain", sa.Text),
    sa.column("tier", sa.Text),
    sa.column("first_seen_at", sa.BigInteger),
    sa.column("blocked_at", sa.BigInteger),
    sa.column("allow_id", sa.BigInteger),
    sa.column("allowed_at", sa.BigInteger),
)
_jobs = sa.table(
    "jobs",
    sa.column("id", sa.BigInteger),
    sa.column("payload", sa.Text),
    sa.column("subject", sa.Text),
    sa.column("due_at", sa.BigInteger),
    sa.column("created_at", sa.BigInteger),
)


def upgrade() -> None:
    """Columns; what is known of partners, and jobs that bring the blocks there are to the accounts that are known."""
    op.add_column("peers", sa.Column("obfuscate", sa.Boolean, server_default=sa.false(), nullable=False))
    for name in ("public_comment", "private_comment"):
        op.add_column("peers", sa.Column(name, sa.Text, nullable=True))
    for name in ("allow_id", "allowed_at"):
        op.add_column("peers", sa.Column(name, sa.BigInteger, nullable=True))
    op.create_index(op.f("ix_peers_allow_id"), "peers", ["allow_id"], unique=True)
    op.add_column("accounts", sa.Column("media_rejected", sa.Boolean, server_default=sa.false(), nullable=False))
    conn = op.get_bind()
    _date_allows(conn)
    _queue(conn)


def _date_allows(conn: sa.Connection) -> None:
    """By the moment each was first heard of: when it was allowed, nothing tells for sure."""
    allowed = sa.select(_peers).where(_peers.c.tier.in_(("partner", "sibling"))).order_by(_peers.c.domain)
    for number, row in enumerate(conn.execute(allowed).all()):
        values = {"allow_id": (row.first_seen_at << 16) + number % 0x10000, "allowed_at": row.first_seen_at}
        conn.execute(sa.update(_peers).where(_peers.c.domain == row.domain).values(values))


def _queue(conn: sa.Connection) -> None:
    number = conn.execute(sa.select(sa.func.coalesce(sa.func.max(_jobs.c.id), 0))).scalar_one()
    blocked = sa.select(_peers).where(_peers.c.tier == "blocked").order_by(_peers.c.domain)
    for row in conn.execute(blocked).all():
        number += 2
        mark = {"type": "ApplyStanding", "domain": row.domain}
        sever = {"type": "SeverPeer", "domain": row.domain, "cause": number + 1}
        rows = [_row(number, mark, "(standings)", row.blocked_at), _row(number + 1, sever, None, row.blocked_at)]
        conn.execute(sa.insert(_jobs), rows)


def _row(number: int, payload: dict[str, Any], subject: str | None, moment: int) -> dict[str, Any]:
    return {"id": number, "payload": json.dumps(payload), "subject": subject, "due_at": moment, "created_at": moment}
