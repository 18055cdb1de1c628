"""Statuses that were found before they were delivered, and told to nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column; what was found before is not told late."""
    op.add_column("statuses", sa.Column("is_untold", sa.Boolean, server_default=sa.false(), nullable=False))
