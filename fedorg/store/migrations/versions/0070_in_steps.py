"""What is done in steps: telling many servers."""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column; all that was told before was told to everybody."""
    op.add_column("activities", sa.Column("queued_until", sa.Text))
