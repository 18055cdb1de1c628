"""What is missing of threads and profiles: where it lies, and when it was last asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three columns and a table."""
    for name in ("context_uri", "context_history_uri", "replies_uri"):
        op.add_column("statuses", sa.Column(name, sa.Text, nullable=True))
    op.create_table(
        "completions",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_completions"),
    )
    op.create_index("ix_completions_asked_at", "completions", ["asked_at"])
