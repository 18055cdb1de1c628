"""Which e-mail addresses nobody may register with."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables."""
    for table, column in (("email_domain_blocks", "domain"), ("canonical_email_blocks", "canonical_email_hash")):
        op.create_table(
            table,
            sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
            sa.Column(column, sa.Text, nullable=False),
            sa.Column("created_at", sa.BigInteger, nullable=False),
            sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
            sa.UniqueConstraint(column, name=f"uq_{table}_{column}"),
        )
