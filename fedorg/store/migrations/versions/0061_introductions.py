"""Nodes that siblings introduce, and what is made of them."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables: nobody was introduced yet."""
    op.create_table(
        "introducers",
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("policy", sa.String(16), nullable=True),
        sa.Column("priority", sa.Integer, server_default=sa.text("100"), nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_introducers")),
    )
    op.create_table(
        "introductions",
        sa.Column("introducer", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("partnership_id", sa.BigInteger, nullable=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("first_seen_at", "last_seen_at")),
        sa.Column("retracted_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("introducer", "domain", name=op.f("pk_introductions")),
    )
    op.create_index("ix_introductions_domain", "introductions", ["domain"])
