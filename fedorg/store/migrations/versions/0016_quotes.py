"""Quotes with consent, and what authors let others do with a status."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there already was posted without a choice: only its author may quote it."""
    op.add_column(
        "users",
        sa.Column("default_quote_policy", sa.String(length=16), server_default="public", nullable=False),
    )
    op.add_column("statuses", sa.Column("quotes_count", sa.Integer, server_default=sa.text("0"), nullable=False))
    op.add_column("statuses", sa.Column("quote_policy", sa.String(length=16), nullable=True))
    op.add_column("statuses", sa.Column("interaction_policy", sa.JSON, nullable=True))
    op.create_table(
        "quotes",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("quoted_uri", sa.Text, nullable=False),
        sa.Column("quoted_status_id", sa.BigInteger, nullable=True),
        sa.Column("quoted_account_id", sa.BigInteger, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("request_uri", sa.Text, nullable=True),
        sa.Column("approval_uri", sa.Text, nullable=True),
        sa.Column("is_legacy", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("checked_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_quotes_status_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_quotes_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["quoted_status_id"], ["statuses.id"], name="fk_quotes_quoted_status_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["quoted_account_id"], ["accounts.id"], name="fk_quotes_quoted_account_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_quotes"),
        sa.UniqueConstraint("status_id", name="uq_quotes_status_id"),
    )
    op.create_index("ix_quotes_quoted", "quotes", ["quoted_status_id", "id"])
    op.create_index("ix_quotes_account", "quotes", ["account_id"])
    op.create_index("ix_quotes_quoted_account", "quotes", ["quoted_account_id", "account_id"])
    op.create_index("ix_quotes_request_uri", "quotes", ["request_uri"])
    op.create_index("ix_quotes_approval_uri", "quotes", ["approval_uri"])
    op.create_table(
        "quote_inboxes",
        sa.Column("quote_id", sa.BigInteger, nullable=False),
        sa.Column("inbox", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["quote_id"], ["quotes.id"], name="fk_quote_inboxes_quote_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("quote_id", "inbox", name="pk_quote_inboxes"),
    )
