"""Links that were sent by mail."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    table = "mail_links"
    op.create_table(
        table,
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=f"fk_{table}_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=f"pk_{table}"),
        sa.UniqueConstraint("user_id", "kind", name=f"uq_{table}_user_id_kind"),
    )
    op.create_index("ix_mail_links_expires_at", table, ["expires_at"])
