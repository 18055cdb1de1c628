"""Inboxes that answered 410: nothing more is queued for them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    op.create_table(
        "gone_inboxes",
        sa.Column("inbox", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("gone_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("inbox", name="pk_gone_inboxes"),
    )
    op.create_index("ix_gone_inboxes_domain", "gone_inboxes", ["domain"])
    op.create_index("ix_gone_inboxes_gone_at", "gone_inboxes", ["gone_at"])
