"""What a job of this node's own is about, so that what concerns one thing is begun in order."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column without a value for what waits already, and its index."""
    op.add_column("jobs", sa.Column("subject", sa.Text, nullable=True))
    op.create_index("ix_jobs_subject", "jobs", ["subject", "id"])
