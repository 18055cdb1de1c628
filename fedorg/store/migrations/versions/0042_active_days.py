"""On which days who was here; what is known of it already is the last sign-in and the last use of each token."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table, and what it can be told."""
    op.create_table(
        "active_days",
        sa.Column("day", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_active_days_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("day", "user_id", name=op.f("pk_active_days")),
    )
    op.create_index(op.f("ix_active_days_user_id"), "active_days", ["user_id"])
    op.execute(
        "INSERT INTO active_days (user_id, day)"
        " SELECT id, last_sign_in_at / 86400000 FROM users WHERE last_sign_in_at IS NOT NULL"
        " UNION SELECT user_id, last_used_at / 86400000 FROM tokens"
        " WHERE user_id IS NOT NULL AND last_used_at IS NOT NULL"
    )
