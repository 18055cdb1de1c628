"""Announcements that ask every member to say that they know, and those of other nodes of the organisation."""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns of announcements, who said that they know, and how many do elsewhere."""
    op.add_column(
        "announcements", sa.Column("needs_acknowledgement", sa.Boolean, server_default=sa.false(), nullable=False)
    )
    op.add_column("announcements", sa.Column("for_organisation", sa.Boolean, server_default=sa.false(), nullable=False))
    op.add_column("announcements", sa.Column("uri", sa.Text, nullable=True))
    op.add_column("announcements", sa.Column("peer", sa.Text, nullable=True))
    op.create_index(op.f("uq_announcements_uri"), "announcements", ["uri"], unique=True)
    op.create_table(
        "announcement_acknowledgements",
        sa.Column("announcement_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        _to("announcements", "announcement_id", table="announcement_acknowledgements"),
        _to("accounts", "account_id", table="announcement_acknowledgements"),
        sa.PrimaryKeyConstraint("announcement_id", "account_id", name=op.f("pk_announcement_acknowledgements")),
    )
    op.create_index(
        op.f("ix_announcement_acknowledgements_account_id"), "announcement_acknowledgements", ["account_id"]
    )
    op.create_table(
        "announcement_counts",
        sa.Column("announcement_id", sa.BigInteger, nullable=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("acknowledged_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("members_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        _to("announcements", "announcement_id", table="announcement_counts"),
        sa.PrimaryKeyConstraint("announcement_id", "peer", name=op.f("pk_announcement_counts")),
    )


def _to(target: str, column: str, *, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
