"""Statuses that wait for their time, and the files kept for them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table, and a column of files."""
    op.create_table(
        "scheduled_statuses",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("draft", sa.JSON, nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("scheduled_at", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_scheduled_statuses_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_scheduled_statuses_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_statuses")),
        sa.UniqueConstraint(
            "account_id", "idempotency_key", name=op.f("uq_scheduled_statuses_account_id_idempotency_key")
        ),
    )
    op.create_index("ix_scheduled_statuses_account", "scheduled_statuses", ["account_id", "id"])
    op.create_index("ix_scheduled_statuses_user", "scheduled_statuses", ["user_id"])
    op.add_column("media_attachments", sa.Column("scheduled_status_id", sa.BigInteger, nullable=True))
    op.create_index("ix_media_attachments_scheduled", "media_attachments", ["scheduled_status_id"])
