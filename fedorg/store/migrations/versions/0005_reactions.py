"""Emoji reactions to statuses."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    op.create_table(
        "reactions",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=True),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_reactions_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_reactions_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_reactions"),
        sa.UniqueConstraint("account_id", "status_id", "name", name="uq_reactions_account_id_status_id_name"),
        sa.UniqueConstraint("uri", name="uq_reactions_uri"),
    )
    op.create_index("ix_reactions_status", "reactions", ["status_id", "name"])
