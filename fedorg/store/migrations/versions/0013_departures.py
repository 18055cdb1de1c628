"""Accounts that left, and those that their own server suspended."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns of accounts."""
    op.add_column("accounts", sa.Column("deleted_at", sa.BigInteger, nullable=True))
    op.add_column("accounts", sa.Column("suspended_remotely", sa.Boolean, nullable=False, server_default=sa.false()))
