"""Rankings of what many talk about."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table."""
    op.create_table(
        "trends",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("subject_id", sa.BigInteger, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("kind", "is_open", "subject_id", name="pk_trends"),
    )
