"""What is done in steps: telling many servers, and the end of a status that much hangs on."""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns; all that was told before was told to everybody, and what was deleted is gone."""
    op.add_column("activities", sa.Column("queued_until", sa.Text))
    op.add_column("statuses", sa.Column("is_gone", sa.Boolean, server_default=sa.false(), nullable=False))
