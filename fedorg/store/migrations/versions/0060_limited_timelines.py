"""The way to the timelines of what goes exactly as far as a reach."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index of all but what is for everybody."""
    where = sa.text("reach != 'public'")
    op.create_index("ix_statuses_limited", "statuses", ["reach", "id"], sqlite_where=where, postgresql_where=where)
