"""Which outgoing activities are for followers: with them servers compare whom they know as such."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column; what waits already goes without."""
    op.add_column("activities", sa.Column("for_followers", sa.Boolean, server_default=sa.false(), nullable=False))
