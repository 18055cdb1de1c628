"""What a peer says it can do, and which actor speaks for it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns; peers tell it again with their actors."""
    op.add_column("peers", sa.Column("node_actor", sa.Text))
    op.add_column("peers", sa.Column("implements", sa.JSON))
