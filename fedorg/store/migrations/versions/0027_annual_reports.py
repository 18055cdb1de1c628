"""What somebody did in a year."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    table = "annual_reports"
    op.create_table(
        table,
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("year", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("schema_version", sa.Integer, nullable=True),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=f"fk_{table}_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "year", name=f"pk_{table}"),
    )
