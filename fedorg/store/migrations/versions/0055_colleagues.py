"""Where the people of the organisation work, and as what."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table, and when a peer was asked for its people."""
    op.create_table(
        "colleagues",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("department", sa.Text, server_default="", nullable=False),
        sa.Column("job_title", sa.Text, server_default="", nullable=False),
        sa.Column("listed_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_colleagues_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_colleagues")),
    )
    op.add_column("peers", sa.Column("directory_asked_at", sa.BigInteger, nullable=True))
