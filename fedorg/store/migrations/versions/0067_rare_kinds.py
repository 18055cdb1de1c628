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
    is_own_file = sa.column("remote_url", sa.Text).is_(None)
    _create_partial("ix_media_attachments_here", "media_attachments", "status_id", is_own_file)
    _create_partial("ix_statuses_here", "statuses", "id", sa.column("is_local", sa.Boolean))


def _create_partial(name: str, table: str, column: str, where: sa.ColumnElement[bool]) -> None:
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
