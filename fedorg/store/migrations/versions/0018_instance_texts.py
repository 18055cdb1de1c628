"""Rules and texts that administrators write."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "rules",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
    )
    op.create_table(
        "instance_texts",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("effective_on", sa.String(length=10), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "effective_on", name=op.f("pk_instance_texts")),
    )
