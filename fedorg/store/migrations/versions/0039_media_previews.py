"""Where a peer keeps the picture of a film or a sound."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column."""
    op.add_column("media_attachments", sa.Column("remote_preview_url", sa.Text))
