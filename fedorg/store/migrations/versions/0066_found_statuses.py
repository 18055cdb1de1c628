"""Statuses that were found before they were delivered, and told to nobody; and which page is whose."""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column and an index; what was found before is not told late."""
    op.add_column("statuses", sa.Column("is_untold", sa.Boolean, server_default=sa.false(), nullable=False))
    where = sa.text("url != uri")
    op.create_index("ix_statuses_url", "statuses", ["url"], sqlite_where=where, postgresql_where=where)
