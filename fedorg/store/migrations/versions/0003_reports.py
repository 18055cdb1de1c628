"""Reports about accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    op.create_table(
        "reports",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=True),
        sa.Column("peer", sa.Text, nullable=True),
        sa.Column("target_account_id", sa.BigInteger, nullable=False),
        sa.Column("status_ids", sa.JSON, nullable=False),
        sa.Column("comment", sa.Text, nullable=False, server_default=""),
        sa.Column("category", sa.String(16), nullable=False),
        sa.Column("forwarded", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("resolved_at", sa.BigInteger, nullable=True),
        sa.Column("resolved_by", sa.BigInteger, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_reports_account_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["target_account_id"], ["accounts.id"], name="fk_reports_target_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint("uri", "target_account_id", name="uq_reports_uri_target_account_id"),
    )
    op.create_index("ix_reports_account_id", "reports", ["account_id"])
    op.create_index("ix_reports_peer", "reports", ["peer", "resolved_at"])
    op.create_index("ix_reports_resolved", "reports", ["resolved_at", "id"])
    op.create_index("ix_reports_target_account_id", "reports", ["target_account_id"])
