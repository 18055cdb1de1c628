"""Which partners a status, or a member's default, is for."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column each, empty where every partner is meant."""
    op.add_column("statuses", sa.Column("reach_partners", sa.Text))
    op.add_column("users", sa.Column("default_partners", sa.Text))
