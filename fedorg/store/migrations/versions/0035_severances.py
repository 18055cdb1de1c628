"""How many follows each member lost when a server or an account was shut out."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    op.create_table(
        "severances",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("cause", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("target_name", sa.Text, nullable=False),
        sa.Column("followers_count", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("following_count", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_severances_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_severances")),
        sa.UniqueConstraint("cause", "account_id", name=op.f("uq_severances_cause_account_id")),
    )
    op.create_index(op.f("ix_severances_account_id"), "severances", ["account_id"])
    op.create_index(op.f("ix_severances_created_at"), "severances", ["created_at"])
