"""Which rules a report names, and who looks into it."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three columns of reports."""
    op.add_column("reports", sa.Column("rule_ids", sa.JSON, nullable=True))
    op.add_column("reports", sa.Column("assigned_to", sa.BigInteger, nullable=True))
    op.add_column("reports", sa.Column("updated_at", sa.BigInteger, nullable=True))
