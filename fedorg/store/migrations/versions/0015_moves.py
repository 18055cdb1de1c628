"""When accounts moved."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column of accounts."""
    op.add_column("accounts", sa.Column("moved_at", sa.BigInteger, nullable=True))
