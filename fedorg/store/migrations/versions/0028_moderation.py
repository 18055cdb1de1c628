"""What those who look after a node do to accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column of accounts, and one table."""
    op.add_column("accounts", sa.Column("sensitized_at", sa.BigInteger, nullable=True))
    op.create_table(
        "account_warnings",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("target_account_id", sa.BigInteger, nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False, server_default=""),
        sa.Column("report_id", sa.BigInteger, nullable=True),
        sa.Column("user_id", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["target_account_id"], ["accounts.id"], name="fk_account_warnings_target_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_account_warnings"),
    )
    op.create_index("ix_account_warnings_target_account_id", "account_warnings", ["target_account_id"])
    op.create_index("ix_account_warnings_created_at", "account_warnings", ["created_at"])
