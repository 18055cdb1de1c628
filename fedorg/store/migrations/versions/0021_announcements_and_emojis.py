"""Announcements with reactions, and custom emojis of this node."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Five tables."""
    op.create_table(
        "custom_emojis",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("shortcode", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("static_file", sa.Text, nullable=False),
        sa.Column("visible_in_picker", sa.Boolean, nullable=False),
        sa.Column("disabled_at", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_emojis")),
        sa.UniqueConstraint("shortcode", name=op.f("uq_custom_emojis_shortcode")),
    )
    op.create_table(
        "announcements",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("starts_at", sa.BigInteger, nullable=True),
        sa.Column("ends_at", sa.BigInteger, nullable=True),
        sa.Column("all_day", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
    )
    op.create_table(
        "announcement_dismissals",
        sa.Column("announcement_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        _to("announcements", "announcement_id", table="announcement_dismissals"),
        _to("accounts", "account_id", table="announcement_dismissals"),
        sa.PrimaryKeyConstraint("announcement_id", "account_id", name=op.f("pk_announcement_dismissals")),
    )
    op.create_index("ix_announcement_dismissals_account", "announcement_dismissals", ["account_id"])
    op.create_table(
        "announcement_emojis",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("announcement_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        _to("announcements", "announcement_id", table="announcement_emojis"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement_emojis")),
        sa.UniqueConstraint("announcement_id", "name", name=op.f("uq_announcement_emojis_announcement_id_name")),
    )
    op.create_table(
        "announcement_reactions",
        sa.Column("emoji_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        _to("announcement_emojis", "emoji_id", table="announcement_reactions"),
        _to("accounts", "account_id", table="announcement_reactions"),
        sa.PrimaryKeyConstraint("emoji_id", "account_id", name=op.f("pk_announcement_reactions")),
    )
    op.create_index("ix_announcement_reactions_account", "announcement_reactions", ["account_id"])


def _to(target: str, column: str, *, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
