"""What a profile shows, and which pages may name its owner as their author."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four columns of accounts; every part of a profile is shown at first."""
    for name in ("show_media", "show_media_replies", "show_featured"):
        op.add_column("accounts", sa.Column(name, sa.Boolean, server_default=sa.true(), nullable=False))
    op.add_column("accounts", sa.Column("attribution_domains", sa.JSON, nullable=True))
