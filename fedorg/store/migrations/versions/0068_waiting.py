"""What waits in the two queues, in the order in which it is due, and what was given up: an index of each.

PostgreSQL does not see that rows without a ``dead_at`` are in the order of what follows it in an index, and sorted all
that waited for each claim.
"""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two indexes for each queue instead of one."""
    waits, is_dead = sa.text("dead_at IS NULL"), sa.text("dead_at IS NOT NULL")
    for queue in ("jobs", "deliveries"):
        op.drop_index(f"ix_{queue}_due", table_name=queue)
        op.create_index(f"ix_{queue}_waiting", queue, ["due_at", "id"], sqlite_where=waits, postgresql_where=waits)
        op.create_index(f"ix_{queue}_dead", queue, ["dead_at"], sqlite_where=is_dead, postgresql_where=is_dead)
