"""The ways to what may be rare: notifications of one kind, statuses with files, and what was written here."""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four indexes."""
    op.create_index("ix_notifications_type", "notifications", ["account_id", "type", "id"])
    op.create_index("ix_media_attachments_by", "media_attachments", ["account_id", "status_id"])
    own_file = sa.text("remote_url IS NULL")
    op.create_index(
        "ix_media_attachments_here",
        "media_attachments",
        ["status_id"],
        sqlite_where=own_file,
        postgresql_where=own_file,
    )
    # Written as conditions on it are: SQLite compares the words.
    op.create_index(
        "ix_statuses_here",
        "statuses",
        ["id"],
        sqlite_where=sa.text("is_local = 1"),
        postgresql_where=sa.text("is_local"),
    )
