"""What still has to leave home timelines, which is done a little at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table that is empty."""
    op.create_table(
        "home_removals",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("author_id", sa.BigInteger, nullable=False),
        sa.Column("below", sa.BigInteger, nullable=False),
        *(
            sa.ForeignKeyConstraint([name], ["accounts.id"], name=op.f(f"fk_home_removals_{name}"), ondelete="CASCADE")
            for name in ("account_id", "author_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "author_id", name=op.f("pk_home_removals")),
    )
    op.create_index(op.f("ix_home_removals_author_id"), "home_removals", ["author_id"])
