"""Polls and their votes, and the options of a poll in the versions of a status."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables and a column."""
    op.create_table(
        "polls",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("tallies", sa.JSON, nullable=False),
        sa.Column("multiple", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("hide_totals", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sa.Column("voters_count", sa.Integer, nullable=True),
        sa.Column("fetched_at", sa.BigInteger, nullable=True),
        sa.Column("asked_at", sa.BigInteger, nullable=True),
        sa.Column("end_job_id", sa.BigInteger, nullable=True),
        sa.Column("is_stream_queued", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("is_update_queued", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("update_sent_at", sa.BigInteger, nullable=True),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_polls_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_polls"),
        sa.UniqueConstraint("status_id", name="uq_polls_status_id"),
    )
    op.create_table(
        "poll_votes",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("poll_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("choice", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name="fk_poll_votes_poll_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_poll_votes_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_poll_votes"),
        sa.UniqueConstraint("poll_id", "account_id", "choice", name="uq_poll_votes_poll_id_account_id_choice"),
    )
    op.create_index("ix_poll_votes_account_id", "poll_votes", ["account_id"])
    op.add_column("status_edits", sa.Column("poll_options", sa.JSON, nullable=True))
