"""Whether what was asked of other servers has come, for the clients that wait for it."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three columns of completions."""
    op.add_column("completions", sa.Column("refresh_id", sa.Text, nullable=True))
    op.add_column("completions", sa.Column("finished_at", sa.BigInteger, nullable=True))
    op.add_column("completions", sa.Column("found", sa.Integer, nullable=True))
    op.create_index("ix_completions_refresh_id", "completions", ["refresh_id"])
