"""What members show at the top of their profiles: pinned statuses and hashtags."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables, and where a peer lists the hashtags of an account."""
    op.add_column("accounts", sa.Column("featured_tags_uri", sa.Text, nullable=True))
    op.create_table(
        "pins",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_pins_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_pins_status_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_pins"),
        sa.UniqueConstraint("account_id", "status_id", name="uq_pins_account_id_status_id"),
    )
    op.create_index("ix_pins_status", "pins", ["status_id"])
    op.create_table(
        "featured_tags",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("tag_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_featured_tags_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_featured_tags_tag_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_featured_tags"),
        sa.UniqueConstraint("account_id", "tag_id", name="uq_featured_tags_account_id_tag_id"),
    )
    op.create_index("ix_featured_tags_tag", "featured_tags", ["tag_id"])
