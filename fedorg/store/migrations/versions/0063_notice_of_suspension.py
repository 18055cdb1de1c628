"""Suspensions that are planned, ceilings that outlive a partnership, and words to compare instead of digits."""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns without anything planned; what limits a peer now was said by hand, unless a partnership says it."""
    for side in ("here", "there"):
        op.add_column("partnerships", sa.Column(f"suspends_{side}_at", sa.BigInteger, nullable=True))
        op.add_column("partnerships", sa.Column(f"suspends_{side}_why", sa.Text, server_default="", nullable=False))
    # The digits that were compared until now say nothing of the words.
    op.execute("UPDATE partnerships SET fingerprint = NULL")
    op.add_column("peers", sa.Column("own_ceilings", sa.JSON, nullable=True))
    op.execute(
        "UPDATE peers SET own_ceilings = ceilings WHERE domain NOT IN (SELECT live_domain FROM partnerships"
        " WHERE live_domain IS NOT NULL AND state IN ('active', 'suspended'))"
    )
