"""What still has to leave home timelines, and the way to what somebody posted that answers nobody else."""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table that is empty, and an index."""
    op.create_table(
        "home_removals",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("author_id", sa.BigInteger, nullable=False),
        sa.Column("below", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        *(
            sa.ForeignKeyConstraint([name], ["accounts.id"], name=op.f(f"fk_home_removals_{name}"), ondelete="CASCADE")
            for name in ("account_id", "author_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "author_id", name=op.f("pk_home_removals")),
    )
    op.create_index(op.f("ix_home_removals_author_id"), "home_removals", ["author_id"])
    # Written as conditions on it are: SQLite compares the words.
    answers_nobody_else = sa.text("in_reply_to_uri IS NULL OR in_reply_to_account_id = account_id")
    op.create_index(
        "ix_statuses_own",
        "statuses",
        ["account_id", "id"],
        sqlite_where=answers_nobody_else,
        postgresql_where=answers_nobody_else,
    )
