"""Boosts of a status in their order: who boosted it is shown a page at a time.

The index that goes held all statuses that boost nothing as well, and SQLite walked all of these for what was asked of
some days of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index in the place of another."""
    is_boost = sa.text("reblog_of_id IS NOT NULL")
    op.create_index(
        "ix_statuses_boosts",
        "statuses",
        ["reblog_of_id", "id"],
        sqlite_where=is_boost,
        postgresql_where=is_boost,
    )
    op.drop_index("ix_statuses_reblog", "statuses")
