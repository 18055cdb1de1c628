"""Whether somebody is named in a status no more, who could see it because they were."""

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column; whom earlier edits took out is not known."""
    op.add_column("mentions", sa.Column("silent", sa.Boolean, server_default=sa.false(), nullable=False))
