"""Films and sounds: what waits to be made anew, and how it plays."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three columns."""
    state = sa.Column("state", sa.String(length=16), server_default="ready", nullable=False)
    op.add_column("media_attachments", state)
    op.add_column("media_attachments", sa.Column("received", sa.Text, nullable=True))
    op.add_column("media_attachments", sa.Column("playback", sa.JSON, nullable=True))
