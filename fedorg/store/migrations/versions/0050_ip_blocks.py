"""Which networks are kept out, or have to wait when they register."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    op.create_table(
        "ip_blocks",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("ip", sa.Text, nullable=False),
        sa.Column("severity", sa.String(32), nullable=False),
        sa.Column("comment", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_ip_blocks"),
        sa.UniqueConstraint("ip", name="uq_ip_blocks_ip"),
    )
