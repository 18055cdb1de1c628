"""Whose suspension keeps an address from registering."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column, empty for blocks that administrators made, and its index."""
    table, column = "canonical_email_blocks", "reference_account_id"
    op.add_column(table, sa.Column(column, sa.BigInteger, nullable=True))
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
