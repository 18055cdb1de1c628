"""What waits by lane: this node's own work is found at once, however much waits that others caused."""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three indexes of the jobs that wait instead of one."""
    op.drop_index("ix_jobs_waiting", table_name="jobs")
    for name, columns, condition in (
        ("ix_jobs_waiting", ["due_at", "id", "lane"], "dead_at IS NULL"),
        ("ix_jobs_own", ["due_at", "id"], "dead_at IS NULL AND lane IS NULL"),
        ("ix_jobs_lane", ["lane", "due_at", "id"], "dead_at IS NULL AND lane IS NOT NULL"),
    ):
        waits = sa.text(condition)
        op.create_index(name, "jobs", columns, sqlite_where=waits, postgresql_where=waits)
