"""Whom members lost, boosts that only lists show, pictures of cards, files between two states."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables and seven columns; what is there keeps its meaning."""
    op.add_column("severances", sa.Column("purged", sa.Boolean, server_default=sa.true(), nullable=False))
    op.create_table(
        "severed_follows",
        sa.Column("severance_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("is_follower", sa.Boolean, nullable=False),
        sa.Column("handle", sa.Text, nullable=False),
        sa.Column("show_reblogs", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("notify", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("languages", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["severance_id"], ["severances.id"], name=op.f("fk_severed_follows_severance_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("severance_id", "is_follower", "handle", name=op.f("pk_severed_follows")),
    )
    op.add_column("home_timeline", sa.Column("lists_only", sa.Boolean, server_default=sa.false(), nullable=False))
    for name in ("picture", "picture_of", "blurhash"):
        op.add_column("preview_cards", sa.Column(name, sa.Text))
    for name in ("picture_width", "picture_height"):
        op.add_column("preview_cards", sa.Column(name, sa.Integer, server_default=sa.text("0"), nullable=False))
    op.create_table(
        "loose_files",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_loose_files")),
    )
    op.create_index(op.f("ix_loose_files_since"), "loose_files", ["since"])
