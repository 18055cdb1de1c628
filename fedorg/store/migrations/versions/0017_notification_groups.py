"""Keys of groups of notifications, and room for longer names of events."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was told before stands alone."""
    op.add_column("notifications", sa.Column("group_key", sa.String(length=64), nullable=True))
    op.create_index("ix_notifications_group", "notifications", ["account_id", "group_key", "id"])
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("events", "kind", type_=sa.String(length=32), existing_nullable=False)
